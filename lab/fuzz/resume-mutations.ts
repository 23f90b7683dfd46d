// One mutated resume file a seed, and what must hold for each: it is read or refused, and no name of it leads out of
// its folder.

import { type BencodeValue, Bitfield, encodeBencode } from '@shoal/base';
import { MetainfoError, parseTorrent } from '@shoal/metainfo';
import { claimedPieces, type ImportedTransfer, parseResume, placeOf } from '@shoal/metainfo/resume';
import { digest, makeTorrent, someBytes } from '../../packages/metainfo/test/making.ts';
import { randomFrom } from './bencode-mutations.ts';

const torrent = parseTorrent(
  makeTorrent({
    files: [
      { path: ['a'], content: someBytes(40_000) },
      { path: ['b', 'c'], content: someBytes(20_000) },
    ],
    format: 'hybrid',
    pieceLength: 16_384,
  }),
  digest,
);

const keys = [
  ...[
    'file-format',
    'save_path',
    'qBt-savePath',
    'qBt-downloadPath',
    'info-hash',
    'info-hash2',
    'mapped_files',
  ],
  ...[
    'file_priority',
    'pieces',
    'trackers',
    'url-list',
    'seed_mode',
    'total_uploaded',
    'destination',
    'files',
  ],
  ...['incomplete-dir', 'dnd', 'priority', 'progress', 'blocks', 'have', 'bitfield', 'name', 'paused', ''],
];

/** True when the file was read. Throws when a promise is broken. */
export function mutateResume(seed: number): boolean {
  const random = randomFrom(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  const texts = [
    '',
    '/',
    '/srv',
    'C:\\x',
    '..',
    '../..',
    '/srv/../etc',
    'a/b',
    'a\0b',
    'all',
    'none',
    '\\\\x',
    '.',
  ];

  function value(depth: number): BencodeValue {
    const kind = below(depth > 3 ? 3 : 6);
    if (kind === 0) return [-1, 0, 1, 4, 255, 2 ** 53 - 1, 2n ** 64n][below(7)] ?? 0;
    if (kind === 1) return texts[below(texts.length)] ?? '';
    if (kind === 2) return Uint8Array.from({ length: below(70) }, () => below(256));
    if (kind === 3) return dictionary(depth + 1);
    return Array.from({ length: below(6) }, () => value(depth + 1));
  }
  function dictionary(depth: number): BencodeValue {
    const entries = Array.from({ length: below(12) }, () => [keys[below(keys.length)] ?? '', value(depth)]);
    return Object.fromEntries(entries);
  }

  const bytes = encodeBencode(dictionary(0));
  // Some of them broken as bencode, too.
  if (below(4) === 0) bytes[below(bytes.length)] = below(256);
  let imported: ImportedTransfer;
  try {
    imported = parseResume(bytes);
  } catch (error) {
    if (error instanceof MetainfoError) return false;
    throw error;
  }
  const place = placeOf(imported, torrent, below(2) === 0 ? '/over/there' : undefined);
  for (const path of place.paths.values())
    for (const name of path)
      if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name))
        throw new Error(`a file called ${name}`);
  claimedPieces(imported, torrent, new Bitfield(torrent.layout.pieceCount));
  return true;
}
