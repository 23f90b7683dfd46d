// Torrents that are made here read back as what they were made of, in all three formats.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeTorrent,
  type Layout,
  magnetOf,
  parseInfo,
  parseMagnet,
  parseTorrent,
  type TorrentFormat,
} from '@shoal/metainfo';
import fc from 'fast-check';
import { digest, leavesOf, makeTorrent, someBytes } from './making.ts';

const formats: readonly TorrentFormat[] = ['v1', 'v2', 'hybrid'];

/** Safe names, so that paths come back unchanged; what happens to others is tested with paths. */
const fileName = fc.stringMatching(/^[a-zé-ü0-9]{1,8}(\.[a-z]{1,3})?$/);
const trees = fc
  .uniqueArray(
    fc.record({
      path: fc.array(fileName, { minLength: 1, maxLength: 4 }),
      length: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100_000 }), fc.constant(16_384)),
      seed: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 12, selector: ({ path }) => path.join('/').toLowerCase().normalize('NFC') },
  )
  .filter((files) => files.some(({ length }) => length > 0))
  .filter((files) => {
    // No file where another needs a folder: no disk has that.
    const paths = files.map(({ path }) => path.join('/').toLowerCase());
    return paths.every((path) => !paths.some((other) => other.startsWith(`${path}/`)));
  });

test('a random file tree is read back from each format, with hashes of its content', () => {
  fc.assert(
    fc.property(
      trees,
      fc.constantFrom(...formats),
      fc.constantFrom(16_384, 32_768, 131_072),
      (tree, format, pieceLength) => {
        const files = tree.map(({ path, length, seed }) => ({ path, content: someBytes(length, seed) }));
        const bytes = makeTorrent({ files, format, pieceLength });
        const torrent = parseTorrent(bytes, digest);
        assert.equal(torrent.format, format);
        assert.equal(torrent.folder, 'name');
        const contents = new Map(files.map(({ path, content }) => [path.join('/'), content]));
        const read = new Map(
          torrent.layout.files
            .filter((file) => !file.isPad)
            .map((file) => [file.path.join('/'), file.length]),
        );
        assert.deepEqual(read, new Map(files.map(({ path, content }) => [path.join('/'), content.length])));
        checkHashes(torrent.layout, torrent.hashes, contents);
        assert.deepEqual(Buffer.from(encodeTorrent(torrent)), Buffer.from(bytes));
      },
    ),
    { numRuns: 60 },
  );
});

function checkHashes(
  layout: Layout,
  hashes: {
    v1(piece: number): Uint8Array | undefined;
    v2(piece: number): { root: Uint8Array; leafCount: number } | undefined;
  },
  contents: ReadonlyMap<string, Uint8Array>,
): void {
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    const parts = layout.pieceRanges(piece).map(({ file, offset, length }) => {
      const described = layout.files[file];
      const content = contents.get(described?.path.join('/') ?? '');
      return described?.isPad === true
        ? new Uint8Array(length)
        : (content?.subarray(offset, offset + length) ?? new Uint8Array(0));
    });
    const v1 = hashes.v1(piece);
    if (v1 !== undefined) assert.deepEqual(digest('sha1', Buffer.concat(parts)), Uint8Array.from(v1));
    const v2 = hashes.v2(piece);
    if (v2 !== undefined)
      assert.deepEqual(
        Buffer.from(plainRoot(leavesOf(parts[0] ?? new Uint8Array(0)), v2.leafCount)),
        Buffer.from(v2.root),
      );
    assert.ok(v1 !== undefined || v2 !== undefined);
  }
}

/** The merkle root as BEP 52 words it, without any of the room's shortcuts. */
function plainRoot(leaves: Uint8Array, leafCount: number): Uint8Array {
  let row = Array.from({ length: leafCount }, (_, i) =>
    i * 32 < leaves.length ? leaves.subarray(i * 32, i * 32 + 32) : new Uint8Array(32),
  );
  while (row.length > 1) {
    row = row.flatMap((hash, i) =>
      i % 2 === 0 ? [digest('sha256', Buffer.concat([hash, row[i + 1] ?? hash]))] : [],
    );
  }
  return row[0] ?? new Uint8Array(32);
}

test('one file is a torrent of its own name, without a folder', () => {
  for (const format of formats) {
    const torrent = parseTorrent(makeTorrent({ name: 'film.mkv', files: someBytes(40_000), format }), digest);
    assert.equal(torrent.folder, undefined);
    assert.deepEqual(
      torrent.layout.files.map(({ path }) => path),
      [['film.mkv']],
    );
  }
});

test('a folder with one file stays a folder', () => {
  for (const format of formats) {
    const files = [{ path: ['film.mkv'], content: someBytes(40_000) }];
    const torrent = parseTorrent(makeTorrent({ files, format }), digest);
    assert.equal(torrent.folder, 'name');
    assert.deepEqual(
      torrent.layout.files.map(({ path }) => path),
      [['film.mkv']],
    );
  }
});

test('the order of files does not depend on the order they were found in', () => {
  const files = ['b', 'a', 'B', 'a.b', 'é'].map((name) => ({ path: [name], content: someBytes(10) }));
  const nested = [
    ...files,
    { path: ['a!', 'x'], content: someBytes(5) },
    { path: ['a!', 'w'], content: someBytes(5) },
  ];
  for (const format of formats) {
    const one = makeTorrent({ files: nested, format });
    const two = makeTorrent({ files: nested.toReversed(), format });
    assert.deepEqual(one, two);
  }
});

test('what was told about a torrent is read back', () => {
  const details = {
    trackers: [['http://a.example/announce', 'udp://b.example:80'], ['wss://c.example']],
    webSeeds: ['http://w.example/x/'],
    nodes: [{ host: 'router.example', port: 6881 }],
    comment: 'Grüße',
    createdBy: 'a test',
    creationDate: 1_700_000_000,
    isPrivate: true,
    source: 'here',
    similar: [someBytes(20)],
    collections: ['one', 'two'],
  };
  for (const format of formats) {
    const torrent = parseTorrent(makeTorrent({ files: someBytes(100), format, details }), digest);
    for (const [key, value] of Object.entries(details)) {
      assert.deepEqual(JSON.stringify(Reflect.get(torrent, key)), JSON.stringify(value), key);
    }
  }
});

test('a link made from a torrent leads back to it', () => {
  const details = {
    trackers: [['http://a.example/x?y=1&z=a+b'], ['udp://b.example:80']],
    webSeeds: ['http://w.example/é x/'],
  };
  for (const format of formats) {
    const torrent = parseTorrent(
      makeTorrent({ name: 'a & b + c%', files: someBytes(99), format, details }),
      digest,
    );
    const magnet = parseMagnet(magnetOf(torrent));
    assert.deepEqual(magnet.infoHashes, torrent.infoHashes);
    assert.equal(magnet.name, torrent.name);
    assert.deepEqual(magnet.trackers, torrent.trackers.flat());
    assert.deepEqual(magnet.webSeeds, torrent.webSeeds);
    const again = parseInfo(torrent.info, digest, magnet.infoHashes);
    assert.deepEqual(again.infoHashes, torrent.infoHashes);
  }
});

test('metadata other than those that the link is about are refused', () => {
  const torrent = parseTorrent(makeTorrent({ files: someBytes(99), format: 'hybrid' }), digest);
  const { v1, v2 } = torrent.infoHashes;
  assert.ok(v1 !== undefined && v2 !== undefined);
  const wrong = { code: 'info-hash-mismatch' };
  assert.throws(() => parseInfo(torrent.info, digest, { v1, v2: new Uint8Array(32) }), wrong);
  assert.throws(() => parseInfo(torrent.info, digest, { v1: new Uint8Array(20), v2 }), wrong);
  const changed = Uint8Array.from(torrent.info);
  changed[changed.length - 5] = 0;
  assert.throws(() => parseInfo(changed, digest, { v1 }), wrong);
  const onlyV1 = parseTorrent(makeTorrent({ files: someBytes(99), format: 'v1' }), digest);
  assert.throws(() => parseInfo(onlyV1.info, digest, { v2: digest('sha256', onlyV1.info) }), wrong);
  const onlyV2 = parseTorrent(makeTorrent({ files: someBytes(99), format: 'v2' }), digest);
  assert.throws(() => parseInfo(onlyV2.info, digest, { v1: digest('sha1', onlyV2.info) }), wrong);
  assert.equal(parseInfo(torrent.info, digest, { v2 }).format, 'hybrid');
});
