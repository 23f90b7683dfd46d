// What is in a folder, for browsers and for programs: names, sizes, times, and checksums where they are asked for.

import { readdir } from 'node:fs/promises';
import { mostListed } from './bounds.ts';
import { findPlace, type Place } from './paths.ts';

export interface Listed {
  readonly name: string;
  readonly kind: 'file' | 'folder';
  readonly length?: number;
  readonly modified: string;
  readonly sha256?: string;
}

export interface Listing {
  readonly entries: readonly Listed[];
  /** There are more than are listed. */
  readonly isCut: boolean;
}

/** Folders first, by name. */
export async function listFolder(
  root: string,
  names: readonly string[],
  folder: Place,
  checksum: ((file: Place) => Promise<string>) | undefined,
): Promise<Listing> {
  const all = (await readdir(folder.path)).filter((name) => !name.startsWith('.'));
  const entries: Listed[] = [];
  for (const name of all.sort().slice(0, mostListed)) {
    const place = await findPlace(root, [...names, name]);
    if (place === undefined) continue;
    const { kind, length, modifiedMs } = place;
    const isFile = kind === 'file';
    entries.push({
      name,
      kind,
      ...(isFile && { length }),
      modified: new Date(modifiedMs).toISOString(),
      ...(isFile && checksum && { sha256: await checksum(place) }),
    });
  }
  entries.sort((a, b) => (a.kind === b.kind ? 0 : a.kind === 'folder' ? -1 : 1));
  return { entries, isCut: all.length > mostListed };
}

export function listingPage(names: readonly string[], { entries, isCut }: Listing): string {
  const title = `/${names.join('/')}`;
  const row = ({ name, kind, length, modified, sha256 }: Listed): string => {
    const slash = kind === 'folder' ? '/' : '';
    const link = `<a href="${encodeURIComponent(name)}${slash}">${escapeHtml(name)}${slash}</a>`;
    const sum = sha256 === undefined ? '' : `<td><code>${sha256}</code></td>`;
    const day = modified.slice(0, 16).replace('T', ' ');
    return `<tr><td>${link}</td><td class="n">${length?.toLocaleString('en') ?? ''}</td><td>${day}</td>${sum}</tr>`;
  };
  const up = names.length === 0 ? '' : '<tr><td><a href="../">../</a></td><td></td><td></td></tr>';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em;color-scheme:light dark}table{border-collapse:collapse;width:100%}td,th{padding:.2em .8em .2em 0;text-align:left;border-bottom:1px solid #8884}.n{text-align:right}code{font-size:.75em}</style></head>
<body><h1>${escapeHtml(title)}</h1><table><thead><tr><th>name</th><th class="n">bytes</th><th>changed (UTC)</th></tr></thead><tbody>
${up}${entries.map(row).join('\n')}
</tbody></table>${isCut ? `<p>Only the first ${mostListed} are shown.</p>` : ''}<p><a href="?checksums">with checksums</a></p></body></html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
