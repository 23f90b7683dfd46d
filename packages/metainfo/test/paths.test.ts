// Whatever a torrent calls its files: they get safe names, the same ones each time, told apart, below their folder.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBencode } from '@shoal/base';
import { maxPathBytes, parseTorrent } from '@shoal/metainfo';
import fc from 'fast-check';
import { checkTorrent } from '../../../lab/fuzz/torrent-mutations.ts';
import { digest } from './making.ts';

type Name = string | Uint8Array;

/** The paths that files of these names get. */
function pathsOf(...files: (readonly Name[])[]): string[] {
  return torrentOf(files).layout.files.map((file) => file.path.join('/'));
}

function torrentOf(files: readonly (readonly Name[])[], name: Name = 'n') {
  const info = {
    name,
    'piece length': 16_384,
    files: files.map((path) => ({ length: 1, path })),
    pieces: new Uint8Array(20 * Math.ceil(files.length / 16_384)),
  };
  return parseTorrent(encodeBencode({ info }), digest);
}

const one = (name: Name): string => pathsOf([name])[0] ?? '';
const bytes = (...values: number[]) => Uint8Array.from(values);

test('names that are safe everywhere stay as they are', () => {
  for (const name of [
    'a',
    'a b.txt',
    '.hidden',
    '-x',
    '~',
    'Ünïcödé',
    '日本語',
    '👩‍👩‍👧.png',
    "it's (1) [x] {y} #&%!@",
    'con1',
    'com',
    'a..b',
    'x'.repeat(255),
    'é'.repeat(127),
  ]) {
    assert.equal(one(name), name);
  }
});

test('names that are not, become safe ones', () => {
  for (const [name, safe] of [
    ['', '_'],
    ['.', '_'],
    ['..', '__'],
    ['...', '___'],
    ['/', '_'],
    ['/etc/passwd', '_etc_passwd'],
    ['..\\..\\x', '.._.._x'],
    ['C:', 'C_'],
    ['C:\\x', 'C__x'],
    ['\\\\server\\share', '__server_share'],
    ['a:stream', 'a_stream'],
    ['a\0b', 'a_b'],
    ['a\nb\x7f\x85', 'a_b__'],
    ['what?*"<>|', 'what______'],
    ['dot.', 'dot_'],
    ['space ', 'space_'],
    ['. . ', '____'],
    ['CON', '_CON'],
    ['con.txt', '_con.txt'],
    ['Aux .c', '_Aux .c'],
    ['nul.tar.gz', '_nul.tar.gz'],
    ['COM1', '_COM1'],
    ['LPT\u00b3.x', '_LPT\u00b3.x'],
    ['CONIN$', '_CONIN$'],
    ['photo\u202egpj.exe', 'photo_gpj.exe'],
    ['a\u2028b', 'a_b'],
  ] as const) {
    assert.equal(one(name), safe, JSON.stringify(name));
  }
  assert.equal(one(bytes(0x61, 0xff, 0x62)), 'a_b');
  assert.equal(one(bytes(0xc0, 0xae, 0xc0, 0xae)), '____');
  assert.equal(one(bytes(0xed, 0xa0, 0x80)), '___');
});

test('long names are cut between characters and keep their extension', () => {
  assert.equal(one(`${'x'.repeat(300)}.mkv`), `${'x'.repeat(251)}.mkv`);
  assert.equal(one(`${'é'.repeat(200)}.mkv`), `${'é'.repeat(125)}.mkv`);
  assert.equal(one('👍'.repeat(100)), '👍'.repeat(63));
  assert.equal(one(`x.${'y'.repeat(300)}`), `x.${'y'.repeat(253)}`);
});

test('names that would be one file on some system are told apart, the first keeps its name', () => {
  assert.deepEqual(pathsOf(['a.txt'], ['A.TXT'], ['a.txt']), ['a.txt', 'A (2).TXT', 'a (3).txt']);
  assert.deepEqual(pathsOf(['ä'], ['a\u0308'], ['Ä']), ['ä', 'a\u0308 (2)', 'Ä (3)']);
  assert.deepEqual(pathsOf(['ß'], ['SS'], ['ss']), ['ß', 'SS (2)', 'ss (3)']);
  assert.deepEqual(pathsOf(['a'], ['a\u200d']), ['a', 'a\u200d (2)']);
  assert.deepEqual(pathsOf(['a:'], ['a?'], ['a_']), ['a_ (2)', 'a_ (3)', 'a_']);
  assert.deepEqual(pathsOf(['x', 'f'], ['X', 'f'], ['x', 'F']), ['x/f', 'X (2)/f', 'x/F (2)']);
  assert.deepEqual(pathsOf(['a'], ['a (2)'], ['a']), ['a', 'a (2)', 'a (3)']);
  assert.deepEqual(pathsOf(['..', 'a'], ['__', 'a'], ['..', 'b']), ['__ (2)/a', '__/a', '__ (2)/b']);
  assert.deepEqual(pathsOf([bytes(0xff)], [bytes(0xfe)], ['\ufffd']), ['_', '_ (2)', '_ (3)']);
});

test('long names that are cut to the same are told apart', () => {
  const [a, b] = pathsOf([`${'x'.repeat(300)}1.mkv`], [`${'x'.repeat(300)}2.mkv`]);
  assert.equal(a, `${'x'.repeat(251)}.mkv`);
  assert.equal(b, `${'x'.repeat(247)} (2).mkv`);
});

test('a file never stands where another needs a folder', () => {
  assert.deepEqual(pathsOf(['a'], ['a', 'b'], ['A', 'c']), ['a', 'a (2)/b', 'A (3)/c']);
  assert.deepEqual(pathsOf(['a', 'b'], ['a']), ['a/b', 'a (2)']);
});

test('a path that is too long loses folders, never its name', () => {
  const deep = Array.from({ length: 60 }, (_, i) => `${i}${'x'.repeat(98)}`);
  const [first = '', second = ''] = pathsOf([...deep, 'file'], [...deep, 'other', 'file']);
  assert.ok(first.startsWith(`${deep.slice(0, 20).join('/')}/`) && first.endsWith('/file'));
  assert.ok(second.endsWith('/file (2)'));
  for (const path of [first, second]) assert.ok(Buffer.byteLength(path) <= maxPathBytes);
  const [many = ''] = pathsOf([...Array.from({ length: 100_000 }, () => 'd'), 'file']);
  assert.ok(many.endsWith('/file') && many.length <= maxPathBytes);
});

test('the name of the torrent is made safe too', () => {
  for (const [name, safe] of [
    ['..', '__'],
    ['/', '_'],
    ['', '_'],
    ['nul', '_nul'],
  ] as const) {
    assert.equal(torrentOf([['a']], name).folder, safe);
  }
});

test('the names as they were are kept for web seeds', () => {
  const file = torrentOf([['a:b', bytes(0xff)]]).layout.files[0];
  assert.deepEqual(file?.originalPath, [bytes(0x61, 0x3a, 0x62), bytes(0xff)]);
});

test('names in UTF-8 beside broken ones are preferred', () => {
  const info = {
    name: bytes(0xff),
    'name.utf-8': 'é',
    'piece length': 16_384,
    files: [{ length: 1, path: [bytes(0xff)], 'path.utf-8': ['ü'] }],
    pieces: new Uint8Array(20),
  };
  const torrent = parseTorrent(encodeBencode({ info }), digest);
  assert.equal(torrent.name, 'é');
  assert.deepEqual(torrent.layout.files[0]?.path, ['ü']);
});

test('no names whatsoever refuse a torrent, lead outside, or make two files one', () => {
  const awkward = fc.constantFrom(
    '',
    '.',
    '..',
    '...',
    'a',
    'A',
    'a ',
    'a.',
    'a (2)',
    'ä',
    'a\u0308',
    'con',
    'CON.x',
    '/',
    '\\',
    'a/b',
    'C:',
    '\0',
    '_',
    '__',
    '\u202e',
    'ß',
    'ss',
    '\u200b',
    'x'.repeat(260),
    'é'.repeat(130),
  );
  const names = fc.oneof(
    { weight: 4, arbitrary: awkward },
    fc.string({ unit: 'binary', maxLength: 5 }).filter((name) => name.isWellFormed()),
    fc.uint8Array({ maxLength: 4 }),
  );
  const files = fc.array(fc.array(names, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(files, names, (paths, name) => {
      const torrent = torrentOf(paths, name);
      checkTorrent(torrent);
      assert.deepEqual(
        torrentOf(paths, name).layout.files.map(({ path }) => path),
        torrent.layout.files.map(({ path }) => path),
      );
    }),
    { numRuns: 500 },
  );
});
