// What a torrent is refused for, each class with its code, and what real torrents get away with.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BencodeValue, encodeBencode } from '@shoal/base';
import { MetainfoError, maxFiles, maxTorrentLength, parseTorrent } from '@shoal/metainfo';
import { mutateTorrent } from '../../../lab/fuzz/torrent-mutations.ts';
import { digest, makeTorrent, someBytes } from './making.ts';

type Fields = Record<string, BencodeValue | undefined>;

const root32 = new Uint8Array(32).fill(7);

function v1(fields: Fields = {}): Fields {
  return { name: 'n', 'piece length': 16_384, length: 20_000, pieces: new Uint8Array(40), ...fields };
}

function v2(fields: Fields = {}): Fields {
  return { name: 'n', 'piece length': 16_384, 'meta version': 2, 'file tree': { n: leaf(100) }, ...fields };
}

function leaf(length: BencodeValue, more: Fields = {}): BencodeValue {
  return { '': { length, 'pieces root': root32, ...more } };
}

const list = (...files: BencodeValue[]): Fields => listOf(files);
const listOf = (files: BencodeValue[]): Fields => ({ length: undefined, files });
const file = (length: BencodeValue, path: BencodeValue, more: Fields = {}): BencodeValue => ({
  length,
  path,
  ...more,
});

function codeOf(bytes: Uint8Array): string | undefined {
  try {
    parseTorrent(bytes, digest);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof MetainfoError, String(error));
    return error.code;
  }
}

const torrent = (info: BencodeValue | undefined, more: Fields = {}) => encodeBencode({ info, ...more });

const faults: readonly [what: string, info: Fields, code: string][] = [
  ['a version that does not exist yet', v2({ 'meta version': 3 }), 'unsupported-version'],
  ['a version beyond all numbers', v2({ 'meta version': 2n ** 80n }), 'unsupported-version'],
  ['a newer version before all its other faults', { 'meta version': 9 }, 'unsupported-version'],
  ['a file tree without its version', v1({ 'file tree': { n: leaf(1) } }), 'missing-meta-version'],
  ['no name', v1({ name: undefined }), 'missing-name'],
  ['a name that is a number', v1({ name: 5 }), 'missing-name'],
  ['no piece length', v1({ 'piece length': undefined }), 'bad-piece-length'],
  ['a piece length of zero', v1({ 'piece length': 0 }), 'bad-piece-length'],
  ['a negative piece length', v1({ 'piece length': -16_384 }), 'bad-piece-length'],
  ['a piece length that overflows', v1({ 'piece length': 2n ** 64n + 16_384n }), 'bad-piece-length'],
  ['a huge piece length', v1({ 'piece length': 2 ** 31 }), 'bad-piece-length'],
  ['a piece length that is text', v1({ 'piece length': '16384' }), 'bad-piece-length'],
  ['a v2 piece length that is no power of two', v2({ 'piece length': 49_152 }), 'bad-piece-length'],
  ['a v2 piece length below 16 KiB', v2({ 'piece length': 8192 }), 'bad-piece-length'],
  ['neither a length nor files', v1({ length: undefined }), 'missing-files'],
  ['a negative length', v1({ length: -1 }), 'bad-file-length'],
  ['a length that overflows', v1({ length: 2n ** 63n }), 'bad-file-length'],
  ['a length that is text', v1({ length: '5' }), 'bad-file-length'],
  ['no content', v1({ length: 0, pieces: '' }), 'no-content'],
  ['no files in the list', v1({ ...list(), pieces: '' }), 'no-content'],
  ['files that are no list', v1({ files: 'x' }), 'bad-file'],
  ['a file that is no dictionary', v1(list('x')), 'bad-file'],
  ['a file without a length', v1(list({ path: ['a'] })), 'bad-file-length'],
  ['a file of negative length', v1(list(file(-5, ['a']), file(20_005, ['b']))), 'bad-file-length'],
  [
    'files that are together longer than can be counted',
    v1(list(file(2 ** 53 - 1, ['a']), file(2 ** 53 - 1, ['b']))),
    'bad-file-length',
  ],
  ['a file without a path', v1(list({ length: 20_000 })), 'bad-path'],
  ['an empty path', v1(list(file(20_000, []))), 'bad-path'],
  ['a path that is text', v1(list(file(20_000, 'a'))), 'bad-path'],
  ['a path with a number in it', v1(list(file(20_000, ['a', 5]))), 'bad-path'],
  [
    'a link to a number',
    v1(list(file(20_000, ['a']), { attr: 'l', path: ['b'], 'symlink path': [5] })),
    'bad-path',
  ],
  ['no hashes', v1({ pieces: undefined }), 'missing-pieces'],
  ['hashes that are a list', v1({ pieces: [] }), 'missing-pieces'],
  ['half a hash', v1({ pieces: new Uint8Array(30) }), 'bad-pieces'],
  ['a hash too few', v1({ pieces: new Uint8Array(20) }), 'piece-count-mismatch'],
  ['a hash too many', v1({ pieces: new Uint8Array(60) }), 'piece-count-mismatch'],
  ['millions of pieces', v1({ 'piece length': 1, length: 3_000_000 }), 'too-many-pieces'],
  ['v2 without a file tree', v2({ 'file tree': undefined }), 'missing-files'],
  ['a file tree that is a list', v2({ 'file tree': [] }), 'bad-file-tree'],
  ['an empty file tree', v2({ 'file tree': {} }), 'no-content'],
  ['a file tree that is a file itself', v2({ 'file tree': { '': { length: 5 } } }), 'bad-file-tree'],
  [
    'a file with files beside it',
    v2({ 'file tree': { a: { '': { length: 5 }, b: leaf(1) } } }),
    'bad-file-tree',
  ],
  ['a folder that is text', v2({ 'file tree': { a: 'x' } }), 'bad-file-tree'],
  ['a v2 file that is text', v2({ 'file tree': { a: { '': 'x' } } }), 'bad-file-tree'],
  ['a v2 file without a length', v2({ 'file tree': { a: { '': {} } } }), 'bad-file-length'],
  ['a v2 file of negative length', v2({ 'file tree': { n: leaf(-1) } }), 'bad-file-length'],
  ['a v2 file without a root', v2({ 'file tree': { a: { '': { length: 5 } } } }), 'bad-pieces-root'],
  [
    'a v2 root that is too short',
    v2({ 'file tree': { n: leaf(5, { 'pieces root': 'x' }) } }),
    'bad-pieces-root',
  ],
  [
    'a v2 root of zeros',
    v2({ 'file tree': { n: leaf(5, { 'pieces root': new Uint8Array(32) }) } }),
    'bad-pieces-root',
  ],
  ['padding in a file tree', v2({ 'file tree': { n: leaf(5, { attr: 'p' }) } }), 'bad-pad-file'],
  [
    'one root for files of two lengths',
    v2({ 'file tree': { a: leaf(50_000), b: leaf(90_000) } }),
    'bad-pieces-root',
  ],
  ['millions of v2 pieces', v2({ 'file tree': { n: leaf(2 ** 50) } }), 'too-many-pieces'],
  ['no piece layers', v2({ 'file tree': { n: leaf(50_000) } }), 'missing-piece-layer'],
  ['a hybrid without v1 hashes', v2({ length: 100 }), 'missing-pieces'],
  ['halves of two lengths', v2({ length: 99, pieces: new Uint8Array(20) }), 'hybrid-mismatch'],
  ['halves of two names', v2({ length: 100, name: 'm', pieces: new Uint8Array(20) }), 'hybrid-mismatch'],
  [
    'halves in another order',
    v2({
      'file tree': { a: leaf(5), b: leaf(16_384) },
      files: [file(16_384, ['b']), file(5, ['a'])],
      pieces: new Uint8Array(40),
    }),
    'hybrid-mismatch',
  ],
  [
    'a hybrid whose files are not padded',
    v2({
      'file tree': { a: leaf(5), b: leaf(16_384) },
      files: [file(5, ['a']), file(16_384, ['b'])],
      pieces: new Uint8Array(40),
    }),
    'hybrid-mismatch',
  ],
  [
    'a hybrid with a file in one half only',
    v2({ 'file tree': { a: leaf(5), b: leaf(5) }, files: [file(5, ['a'])], pieces: new Uint8Array(20) }),
    'hybrid-mismatch',
  ],
  [
    'a hybrid with a whole piece of padding at the end',
    v2({
      'file tree': { a: leaf(16_384) },
      files: [file(16_384, ['a']), file(16_384, ['.pad', '16384'], { attr: 'p' })],
      pieces: new Uint8Array(40),
    }),
    'hybrid-mismatch',
  ],
];

for (const [what, info, code] of faults) {
  test(`${what}: ${code}`, () => assert.equal(codeOf(torrent(info)), code));
}

test('what is no torrent at all says so', () => {
  const text = (t: string) => new Uint8Array(Buffer.from(t, 'latin1'));
  assert.equal(codeOf(text('')), 'not-a-torrent');
  assert.equal(codeOf(text('<html>')), 'not-a-torrent');
  assert.equal(codeOf(text('4:spam')), 'not-a-torrent');
  assert.equal(codeOf(text('de')), 'missing-info');
  assert.equal(codeOf(torrent('x')), 'missing-info');
  assert.equal(codeOf(torrent([])), 'missing-info');
  assert.equal(codeOf(torrent(v1()).subarray(0, -1)), 'bencode-truncated');
  assert.equal(codeOf(text('d4:infoi1xe')), 'bencode-bad-integer');
  assert.equal(codeOf(text(`d4:infod9:file tree${'d1:a'.repeat(200)}`)), 'bencode-too-deep');
  assert.equal(codeOf(new Uint8Array(maxTorrentLength + 1)), 'too-large');
});

test('too many files are refused, in a list and in a tree', () => {
  const many = Array.from({ length: maxFiles + 1 }, () => file(1, ['a']));
  assert.equal(codeOf(torrent(v1(listOf(many)))), 'too-many-files');
  const tree = new Map(many.map((_, i) => [i.toString(36), { '': { length: 0 } }]));
  assert.equal(codeOf(torrent(v2({ 'file tree': tree }))), 'too-many-files');
});

test('every torrent that is cut short is refused', () => {
  for (const format of ['v1', 'v2', 'hybrid'] as const) {
    const whole = makeTorrent({ files: someBytes(50_000), format, pieceLength: 16_384 });
    for (let end = 0; end < whole.length; end++) assert.ok(codeOf(whole.subarray(0, end)) !== undefined);
  }
});

test('piece layers that are short, wrong or of no file are refused', () => {
  const files = [{ path: ['a'], content: someBytes(50_000) }];
  const good = makeTorrent({ files, format: 'v2', pieceLength: 16_384 });
  const parsed = parseTorrent(good, digest);
  const layer = [...parsed.hashes.pieceLayers()][0];
  assert.ok(layer !== undefined);
  const { piecesRoot, hashes } = layer;
  const info = v2({ 'file tree': { a: leaf(50_000, { 'pieces root': piecesRoot }) } });
  const withLayers = (...layers: [Uint8Array, BencodeValue][]) =>
    torrent(info, { 'piece layers': new Map(layers) });
  const wrong = Uint8Array.from(hashes);
  wrong[0] = (wrong[0] ?? 0) ^ 1;
  assert.equal(codeOf(withLayers([piecesRoot, hashes])), undefined);
  assert.equal(codeOf(withLayers()), 'missing-piece-layer');
  assert.equal(codeOf(withLayers([piecesRoot, hashes.subarray(32)])), 'bad-piece-layer');
  assert.equal(codeOf(withLayers([piecesRoot, hashes.subarray(1)])), 'bad-piece-layer');
  assert.equal(codeOf(withLayers([piecesRoot, wrong])), 'bad-piece-layer');
  assert.equal(codeOf(withLayers([piecesRoot, 5])), 'bad-piece-layer');
  assert.equal(codeOf(withLayers([piecesRoot, hashes], [root32, hashes])), 'bad-piece-layer');
  assert.equal(codeOf(withLayers([piecesRoot.subarray(1), hashes])), 'bad-piece-layer');
});

test('v2 has to be bencoded strictly inside info, v1 and all around it do not', () => {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
  const hash = '\x07'.repeat(32);
  const unsorted = `d4:name1:n12:piece lengthi16384e12:meta versioni2e9:file treed1:nd0:d6:lengthi5e11:pieces root32:${hash}eeee`;
  assert.equal(codeOf(bytes(`d4:info${unsorted}e`)), 'bencode-unsorted-keys');
  const zeros = unsorted
    .replace('d4:name1:n12:piece lengthi16384e12:meta versioni2e9', 'd9')
    .replace('i5e', 'i05e');
  assert.equal(
    codeOf(bytes(`d4:info${zeros.slice(0, -1)}12:meta versioni2e4:name1:n12:piece lengthi16384eee`)),
    'bencode-leading-zero',
  );
  const oldInfo = `d4:name1:n6:lengthi05e12:piece lengthi0016384e6:pieces20:${'h'.repeat(20)}e`;
  const old = bytes(`d4:info${oldInfo}8:announce10:http://a/xe trailing`);
  assert.deepEqual(parseTorrent(old, digest).infoHashes.v1, digest('sha1', bytes(oldInfo)));
});

test('of what is repeated, the first counts', () => {
  const bytes = new Uint8Array(
    Buffer.from(
      `d4:infod6:lengthi5e6:lengthi9e4:name1:n4:name1:m12:piece lengthi16384e6:pieces20:${'h'.repeat(20)}ee`,
    ),
  );
  const parsed = parseTorrent(bytes, digest);
  assert.equal(parsed.name, 'n');
  assert.equal(parsed.layout.contentLength, 5);
});

test('any piece length does for v1', () => {
  for (const pieceLength of [1, 1000, 16_385, 2 ** 29]) {
    const pieces = new Uint8Array(20 * Math.ceil(1234 / pieceLength));
    assert.equal(codeOf(torrent(v1({ 'piece length': pieceLength, length: 1234, pieces }))), undefined);
  }
});

test('a hybrid may have padding after its last file', () => {
  const info = (...pads: BencodeValue[]) =>
    v2({ 'file tree': { a: leaf(5) }, files: [file(5, ['a']), ...pads], pieces: new Uint8Array(20) });
  assert.equal(codeOf(torrent(info())), undefined);
  const withPad = parseTorrent(torrent(info(file(16_379, ['.pad', '16379'], { attr: 'p' }))), digest);
  assert.equal(withPad.layout.pieceSize(0), 16_384);
  assert.equal(withPad.layout.contentLength, 5);
});

test('padding needs no path, and old padding is known by its name', () => {
  const info = v1({
    ...list(
      file(1, ['a']),
      { attr: 'p', length: 16_383 },
      file(3616, ['_____padding_file_0_if you see this_____']),
    ),
  });
  const { layout } = parseTorrent(torrent(info), digest);
  assert.deepEqual(
    layout.files.map(({ isPad }) => isPad),
    [false, true, true],
  );
  assert.equal(layout.contentLength, 1);
});

test('links are kept as data: they have no content, and lead nowhere else, not even in circles', () => {
  const info = v1(
    list(
      file(20_000, ['a']),
      { attr: 'l', path: ['b'], 'symlink path': ['c'] },
      { attr: 'xlh', length: 99, path: ['c'], 'symlink path': ['b'] },
      { attr: 'l', path: ['d'], 'symlink path': ['..', '..', 'etc', 'passwd'] },
      { attr: 'l', path: ['e'], 'symlink path': ['/etc/passwd'] },
    ),
  );
  const { layout } = parseTorrent(torrent(info), digest);
  assert.deepEqual(
    layout.files.map(({ linkTarget, length }) => [linkTarget?.join('/'), length]),
    [
      [undefined, 20_000],
      ['c', 0],
      ['b', 0],
      ['__/__/etc/passwd', 0],
      ['_etc_passwd', 0],
    ],
  );
  assert.ok(layout.files[2]?.isExecutable && layout.files[2].isHidden);
});

test('what stands beside info never refuses a torrent, and what makes no sense in it is left out', () => {
  const parsed = parseTorrent(
    torrent(v1({ private: 1, source: 'here' }), {
      announce: 'http://only.if.no.list/',
      'announce-list': [
        [' http://a.example/announce ', 'no url', 5],
        'x',
        [],
        ['http://a.example/announce', 'udp://b:1'],
      ],
      'url-list': ['http://w.example/', 'http://w.example/', 'x', 7],
      nodes: [['h', 1], ['h', 0], ['', 5], ['h'], 5, ['h', 70_000]],
      comment: new Uint8Array([0xff, 0x41]),
      'created by': 5,
      'creation date': -5,
      similar: [new Uint8Array(20), new Uint8Array(3), 5],
      collections: ['c', 5],
      'piece layers': 5,
      httpseeds: ['http://kept.example/'],
      '\u0001': 1,
    }),
    digest,
  );
  assert.deepEqual(parsed.trackers, [['http://a.example/announce'], ['udp://b:1']]);
  assert.deepEqual(parsed.webSeeds, ['http://w.example/']);
  assert.deepEqual(parsed.nodes, [{ host: 'h', port: 1 }]);
  assert.equal(parsed.comment, '\ufffdA');
  assert.equal(parsed.createdBy, undefined);
  assert.equal(parsed.creationDate, undefined);
  assert.equal(parsed.similar.length, 1);
  assert.deepEqual(parsed.collections, ['c']);
  assert.ok(parsed.isPrivate);
  assert.equal(parsed.source, 'here');
  assert.deepEqual(
    parsed.otherKeys.map(([key]) => Buffer.from(key).toString()),
    ['\u0001', 'httpseeds'],
  );
});

test('a tracker alone is used when the list of trackers has none', () => {
  const fields = { announce: 'udp://a:1', 'announce-list': [[], ['x']] };
  assert.deepEqual(parseTorrent(torrent(v1(), fields), digest).trackers, [['udp://a:1']]);
});

test('the largest torrents are read in bounded time, whatever they are filled with', () => {
  // The bound is ten seconds instead of one, since other tests run beside this one.
  const fillings: [string, BencodeValue][] = [
    ['files of one name', v1(listOf(Array.from({ length: maxFiles }, () => file(1, ['a']))))],
    ['dots', v1({ ...list(file(20_000, [`${'.'.repeat(9_000_000)}x`])) })],
    [
      'deep paths',
      v1(
        list(
          ...Array.from({ length: 10 }, (_, i) =>
            file(
              2000,
              Array.from({ length: 300_000 }, () => `a${i % 2}`),
            ),
          ),
        ),
      ),
    ],
  ];
  for (const [what, info] of fillings) {
    const bytes = torrent(info);
    const start = performance.now();
    codeOf(bytes);
    assert.ok(performance.now() - start < 10_000, what);
  }
});

test('mutated torrents are read or refused with a code, and what is read keeps its promises', () => {
  let accepted = 0;
  for (let seed = 0; seed < 5000; seed++) accepted += mutateTorrent(seed) ? 1 : 0;
  assert.ok(accepted > 500, `only ${accepted} were accepted: the mutations are too wild to test anything`);
});
