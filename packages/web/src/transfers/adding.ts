// What was dropped, pasted or typed, as transfers to add.

import type { NewTransfer } from '@shoal/api';
import { texts } from '../texts.ts';

/** As the API takes it, before base64. */
const longestTorrentFile = 67_000_000;

const bareHash = /^(?:[0-9a-f]{40}|[0-9a-f]{64}|[a-z2-7]{32})$/i;

export interface Named {
  /** What to call it when it fails. */
  readonly title: string;
  readonly request: NewTransfer;
}

export class Unusable extends Error {}

/** One link: magnet, a web address, or a bare info hash. */
function readLink(text: string): Named {
  const link = text.trim();
  const title = link.slice(0, 80);
  if (/^magnet:\?/i.test(link)) return { title, request: { link } };
  if (/^https?:\/\/\S+$/i.test(link)) return { title, request: { url: link } };
  if (bareHash.test(link)) {
    const kind = link.length === 64 ? `btmh:1220${link.toLowerCase()}` : `btih:${link}`;
    return { title, request: { link: `magnet:?xt=urn:${kind}` } };
  }
  throw new Unusable(texts.add.notLink(title));
}

export function readLinks(text: string): Named[] {
  return text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(readLink);
}

export async function readTorrentFile(file: File): Promise<Named> {
  if (file.size > longestTorrentFile) throw new Unusable(texts.add.tooLarge(file.name));
  const bytes = new Uint8Array(await file.arrayBuffer());
  return { title: file.name, request: { torrent: toBase64(bytes) } };
}

function toBase64(bytes: Uint8Array): string {
  const chunk = 0x8000;
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += chunk)
    parts.push(String.fromCharCode(...bytes.subarray(at, at + chunk)));
  return btoa(parts.join(''));
}
