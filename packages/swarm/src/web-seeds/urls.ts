// BEP 19: where a file of a torrent is, below the URL of a web seed. Names are those that the torrent has, byte by byte.
// Invariant: no name in a torrent leads out of the folder that the URL names.

import { decodeBencode } from '@shoal/base';
import type { Torrent } from '@shoal/metainfo';

/** An http: or https: address without its fragment; undefined for all else. */
export function webAddress(text: string): URL | undefined {
  const url = URL.parse(text.trim());
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  url.hash = '';
  return url;
}

/** Answers the URL of each file; undefined for one whose name no URL can have. */
export function fileUrls(torrent: Torrent, base: URL): (file: number) => string | undefined {
  const { layout, folder } = torrent;
  const start = base.href;
  if (folder === undefined) {
    // One file: the URL is the file, or the folder it is in.
    return (file) => (start.endsWith('/') ? below(start, layout.files[file]?.originalPath ?? []) : start);
  }
  const name = folderName(torrent);
  const top = start.endsWith('/') ? start : `${start}/`;
  return (file) => below(top, [name, ...(layout.files[file]?.originalPath ?? [])]);
}

/** The torrent's own name as it came: `folder` is what a file system can have. */
function folderName({ info, name }: Torrent): Uint8Array {
  const root = decodeBencode(info, { lenient: true });
  const raw = root.get('name.utf-8')?.asBytes() ?? root.get('name')?.asBytes();
  return raw ?? new TextEncoder().encode(name);
}

function below(start: string, names: readonly Uint8Array[]): string | undefined {
  const parts: string[] = [];
  for (const name of names) {
    const part = escaped(name);
    // A URL takes "." and ".." for the way to somewhere else, however they are written.
    if (part === '.' || part === '..') return undefined;
    if (part !== '') parts.push(part);
  }
  return parts.length === 0 ? undefined : start + parts.join('/');
}

/** All but the unreserved characters of RFC 3986 as percent and two digits. */
function escaped(name: Uint8Array): string {
  let text = '';
  for (const byte of name) {
    const letter = String.fromCharCode(byte);
    text += /[A-Za-z0-9._~-]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
