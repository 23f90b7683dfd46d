// One mutated torrent a seed, and what must hold for each. Mutations are of values in the tree, so that most of them
// reach past the bencode; those of bytes are in bencode-mutations.ts.

import { type BencodeValue, decodeBencode, encodeBencode } from '@shoal/base';
import { encodeTorrent, MetainfoError, parseInfo, parseTorrent, type Torrent } from '@shoal/metainfo';
import { digest, makeTorrent, someBytes } from '../../packages/metainfo/test/making.ts';
import { plain, randomFrom } from './bencode-mutations.ts';

const seeds: readonly Uint8Array[] = (['v1', 'v2', 'hybrid'] as const).flatMap((format) => [
  makeTorrent({
    files: someBytes(70_000),
    format,
    pieceLength: 16_384,
    details: { trackers: [['http://a.example/']] },
  }),
  makeTorrent({
    files: [
      { path: ['b', 'c'], content: someBytes(40_000) },
      { path: ['b', 'empty'], content: new Uint8Array(0) },
      { path: ['a.txt'], content: someBytes(10, 2) },
      { path: ['d'], content: someBytes(16_384, 3) },
    ],
    format,
    pieceLength: 32_768,
  }),
]);

const strangeValues: readonly BencodeValue[] = [
  0,
  1,
  -1,
  2,
  16_384,
  2 ** 31,
  2 ** 53 - 1,
  2n ** 63n,
  2n ** 64n,
  '',
  '.',
  '..',
  '/',
  'a/b',
  '\\',
  'C:\\x',
  'CON',
  'a\0b',
  'ä',
  'a\u0308',
  'A.TXT',
  'x'.repeat(300),
  'p',
  'l',
  'lx',
  new Uint8Array([0xff, 0xfe]),
  new Uint8Array(20),
  new Uint8Array(32),
  [],
  {},
  [[]],
  ['a'],
  ['..', 'x'],
  { '': {} },
  { length: 5 },
  { '': { length: 0 } },
  { length: 5, path: ['a'] },
];
const strangeKeys = [
  '',
  'length',
  'path',
  'path.utf-8',
  'name.utf-8',
  'attr',
  'symlink path',
  'files',
  'file tree',
  'meta version',
  'pieces',
  'pieces root',
  'private',
  'a',
  '..',
];

/** True when the mutated torrent was read. Throws when a promise is broken. */
export function mutateTorrent(seed: number): boolean {
  let torrent: Torrent;
  try {
    torrent = parseTorrent(mutatedTorrent(seed), digest);
  } catch (error) {
    if (error instanceof MetainfoError) return false;
    throw error;
  }
  checkTorrent(torrent);
  return true;
}

/** Deterministic in `seed`. */
export function mutatedTorrent(seed: number): Uint8Array {
  const random = randomFrom(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  const pick = <T>(list: readonly T[], otherwise: T): T => list[below(list.length)] ?? otherwise;

  /** Walks down to some value and changes it there. */
  function change(value: BencodeValue): BencodeValue {
    const goesOn = below(5) > 0;
    if (goesOn && value instanceof Map && value.size > 0) {
      const entries = [...value];
      const at = below(entries.length);
      const kind = below(8);
      if (kind === 0) entries.splice(at, 1);
      else if (kind === 1)
        entries.push([new TextEncoder().encode(pick(strangeKeys, '')), pick(strangeValues, 0)]);
      else entries[at] = [entries[at]?.[0] ?? '', change(entries[at]?.[1] ?? 0)];
      return new Map(new Map(entries.map((entry) => [String(entry[0]), entry])).values());
    }
    if (goesOn && Array.isArray(value) && value.length > 0) {
      const items: BencodeValue[] = [...value];
      const at = below(items.length);
      const kind = below(8);
      if (kind === 0) items.splice(at, 1);
      else if (kind === 1) items.splice(at, 0, items[below(items.length)] ?? 0);
      else if (kind === 2) items.reverse();
      else items[at] = change(items[at] ?? 0);
      return items;
    }
    if (typeof value === 'number' && value < 2 ** 52 && below(2) === 0) return value + below(5) - 2;
    return pick(strangeValues, 0);
  }

  let value = plain(decodeBencode(pick(seeds, new Uint8Array(0))));
  for (let edits = below(3); edits >= 0; edits--) value = change(value);
  return encodeBencode(value);
}

/** What holds for every torrent that was read, whatever it was read from. */
export function checkTorrent(torrent: Torrent): void {
  const { layout, hashes, format } = torrent;
  const paths = new Set<string>();
  for (const name of [torrent.name, ...layout.files.flatMap((file) => file.path)]) checkName(name);
  for (const { path, isPad } of layout.files) {
    if (path.length === 0) throw new Error('a file without a path');
    const key = path.join('/').normalize('NFC').toLowerCase();
    if (!isPad && paths.has(key)) throw new Error(`two files are ${key}`);
    if (!isPad) paths.add(key);
  }
  for (const path of paths) {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      if (paths.has(path.slice(0, slash))) throw new Error(`a file stands where ${path} needs a folder`);
    }
  }
  let covered = 0;
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    const ranges = layout.pieceRanges(piece);
    const length = ranges.reduce((sum, range) => sum + range.length, 0);
    if (length !== layout.pieceSize(piece) || length === 0) throw new Error('ranges are not the piece');
    if (layout.hasGaps && ranges.length !== 1) throw new Error('a v2 piece spans files');
    for (const { file, offset, length: run } of ranges) {
      if (run <= 0 || offset + run > (layout.files[file]?.length ?? 0))
        throw new Error('a range is past its file');
    }
    covered += length;
    if (format !== 'v2' && hashes.v1(piece)?.length !== 20) throw new Error('a piece has no v1 hash');
    if (format !== 'v1' && hashes.v2(piece)?.root.length !== 32) throw new Error('a piece has no v2 hash');
  }
  if (covered !== layout.files.reduce((sum, file) => sum + file.length, 0))
    throw new Error('pieces are not the files');
  const again = parseTorrent(encodeTorrent(torrent), digest);
  if (
    String(again.infoHashes.v1 ?? again.infoHashes.v2) !==
    String(torrent.infoHashes.v1 ?? torrent.infoHashes.v2)
  ) {
    throw new Error('writing changed the info hash');
  }
  parseInfo(torrent.info, digest, torrent.infoHashes);
}

function checkName(name: string): void {
  const isUnsafe =
    name === '' ||
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
    /[\x00-\x1f\x7f/\\<>:"|?*]/.test(name) ||
    /[. ]$/.test(name) ||
    /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name) ||
    !name.isWellFormed() ||
    new TextEncoder().encode(name).length > 255;
  if (isUnsafe) throw new Error(`an unsafe name: ${JSON.stringify(name)}`);
}
