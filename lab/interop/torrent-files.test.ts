// Torrent files of other programs load here with their info hashes, and ours load there. libtorrent, transmission-create
// and mktorrent; a program that is not installed is a named skip.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toHex } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { MetainfoError, parseMagnet, parseTorrent, type Torrent } from '@shoal/metainfo';
import { missingPrograms } from '../clients/installed.ts';
import { mutatedTorrent } from '../fuzz/torrent-mutations.ts';

const { hashing } = createNodeWorld();
const digest: typeof hashing.digest = (name, bytes) => hashing.digest(name, bytes);
const shoal = fileURLToPath(new URL('../../packages/cli/bin/shoal.js', import.meta.url));
const python = '/usr/bin/python3';

interface Loaded {
  readonly error?: string;
  readonly name?: string;
  readonly infoHashV1?: string;
  readonly infoHashV2?: string;
  readonly pieceCount?: number;
  readonly pieceLength?: number;
  readonly files?: { readonly path: string; readonly length: number; readonly root?: string }[];
  readonly trackers?: string[];
  readonly magnet?: string;
}

function hasLibtorrent(): boolean {
  try {
    execFileSync(python, ['-c', 'import libtorrent'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function askLibtorrent(requests: readonly object[]): Promise<Loaded[]> {
  const script = fileURLToPath(new URL('torrent_files.py', import.meta.url));
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  return text
    .trim()
    .split('\n')
    .map((line): Loaded => JSON.parse(line));
}

let folder = '';

/** Sizes around pieces and blocks, empty files, deep folders, names that need quoting, equal contents. */
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-torrent-files-'));
  const file = (path: string, length: number, step: number) => {
    const at = join(folder, path);
    mkdirSync(join(at, '..'), { recursive: true });
    writeFileSync(
      at,
      Uint8Array.from({ length }, (_, i) => (i * step) >> 5),
    );
  };
  file('alone.bin', 300_001, 7);
  file('small.bin', 5, 7);
  file('block.bin', 16_384, 3);
  file('many/empty', 0, 1);
  file('many/exact', 65_536, 11);
  file('many/over by one', 65_537, 13);
  file('many/under', 16_383, 17);
  file('many/b/deep/er/file.txt', 40_000, 19);
  file('many/b/same', 65_537, 13);
  file('many/b.txt', 1, 1);
  file('many/Ünï cödé', 99_999, 23);
  file('many/z/last', 0, 1);
  file('one/only', 70_000, 29);
  file('linked/real', 50_000, 31);
  symlinkSync('real', join(folder, 'linked/link'));
});

after(() => rmSync(folder, { recursive: true, force: true }));

const contents = ['alone.bin', 'small.bin', 'block.bin', 'many', 'one'];

function compare(torrent: Torrent, loaded: Loaded, what: string): void {
  assert.equal(loaded.error, undefined, `${what}: libtorrent says ${loaded.error}`);
  const { v1, v2 } = torrent.infoHashes;
  assert.equal(v1 && toHex(v1), loaded.infoHashV1, `${what}: v1`);
  assert.equal(v2 && toHex(v2), loaded.infoHashV2, `${what}: v2`);
  assert.equal(torrent.layout.pieceCount, loaded.pieceCount, `${what}: pieces`);
  assert.equal(torrent.layout.pieceLength, loaded.pieceLength, `${what}: piece length`);
  const files = torrent.layout.files
    .filter((file) => !file.isPad)
    .map(({ path, length, piecesRoot }) => ({
      path: [...(torrent.folder === undefined ? [] : [torrent.folder]), ...path].join('/'),
      length,
      ...(piecesRoot === undefined ? {} : { root: toHex(piecesRoot) }),
    }));
  // A folder of one file is a file to libtorrent when the torrent is v2 alone.
  if (torrent.format === 'v2' && files.length === 1) return;
  assert.equal(torrent.name, loaded.name, `${what}: name`);
  assert.deepEqual(files, loaded.files, `${what}: files`);
}

describe('libtorrent', { skip: hasLibtorrent() ? false : 'python3-libtorrent not installed' }, () => {
  test('its torrents load here, with their info hashes and roots', async () => {
    const kinds: readonly (readonly string[])[] = [
      ['v1_only'],
      ['v2_only'],
      [],
      ['canonical_files'],
      ['canonical_files_no_tail_padding'],
      ['v1_only', 'optimize_alignment'],
      ['modification_time', 'symlinks'],
      ['v2_only', 'symlinks'],
      ['v1_only', 'symlinks'],
    ];
    const files: string[] = [];
    const requests = kinds.flatMap((flags, kind) =>
      [...contents, 'linked'].flatMap((name) =>
        [16_384, 65_536].map((pieceLength) => {
          const out = join(folder, `lt-${kind}-${name}-${pieceLength}.torrent`);
          files.push(out);
          return { make: join(folder, name), out, flags, pieceLength };
        }),
      ),
    );
    for (const { error } of await askLibtorrent(requests)) assert.equal(error, undefined);
    const loaded = await askLibtorrent(files.map((load) => ({ load })));
    for (const [index, file] of files.entries()) {
      const torrent = parseTorrent(readFileSync(file), digest);
      compare(torrent, loaded[index] ?? {}, file);
      assert.deepEqual(parseMagnet(loaded[index]?.magnet ?? '').infoHashes, torrent.infoHashes);
      assert.deepEqual(torrent.trackers, [['http://tracker.example/announce']]);
    }
    assert.equal(files.length, 9 * 6 * 2);
  });

  test('ours load there, with the same info hashes, files and roots', async () => {
    const files: string[] = [];
    for (const name of contents) {
      for (const format of ['v1', 'v2', 'hybrid']) {
        const out = join(folder, `ours-${format}-${name}.torrent`);
        execFileSync(process.execPath, [
          ...[shoal, 'make', join(folder, name), '-o', out, '--format', format],
          ...['--piece-length', '32K', '--tracker', 'udp://t.example:1', '--web-seed', 'http://w.example/'],
        ]);
        files.push(out);
      }
    }
    const loaded = await askLibtorrent(files.map((load) => ({ load })));
    for (const [index, file] of files.entries()) {
      compare(parseTorrent(readFileSync(file), digest), loaded[index] ?? {}, file);
      assert.deepEqual(loaded[index]?.trackers, ['udp://t.example:1']);
    }
  });

  test('the same content gets the same hashes from both', async () => {
    for (const format of ['v1', 'v2', 'hybrid']) {
      const flags = { v1: ['v1_only'], v2: ['v2_only'], hybrid: ['canonical_files_no_tail_padding'] }[format];
      const theirs = join(folder, `same-lt-${format}.torrent`);
      const ours = join(folder, `same-ours-${format}.torrent`);
      const make = join(folder, 'many');
      await askLibtorrent([
        { make, out: theirs, flags: [...(flags ?? []), 'no_attributes'], pieceLength: 32_768 },
      ]);
      const words = ['make', make, '-o', ours, '--format', format, '--piece-length', '32768'];
      execFileSync(process.execPath, [shoal, ...words]);
      const [a, b] = [ours, theirs].map((file) => parseTorrent(readFileSync(file), digest));
      assert.ok(a !== undefined && b !== undefined);
      const roots = ({ layout }: Torrent) =>
        layout.files
          .map(({ path, piecesRoot }) => `${path.join('/')} ${piecesRoot && toHex(piecesRoot)}`)
          .sort();
      if (format !== 'v1') assert.deepEqual(roots(a), roots(b));
      if (format === 'hybrid') assert.deepEqual(a.infoHashes, b.infoHashes);
    }
  });

  test('of mutated torrents, what both take is the same torrent; where one refuses, it is for a known reason', async () => {
    const count = 1500;
    const files = Array.from({ length: count }, (_, seed) => {
      const file = join(folder, `mutated-${seed}.torrent`);
      writeFileSync(file, mutatedTorrent(seed));
      return file;
    });
    const loaded = await askLibtorrent(files.map((load) => ({ load })));
    let both = 0;
    for (const [seed, file] of files.entries()) {
      const theirs = loaded[seed] ?? {};
      let ours: Torrent;
      try {
        ours = parseTorrent(readFileSync(file), digest);
      } catch (error) {
        assert.ok(error instanceof MetainfoError);
        if (theirs.error === undefined)
          assert.ok(stricterHere.has(error.code), `seed ${seed}: ${error.code}`);
        continue;
      }
      if (theirs.error !== undefined) {
        assert.ok(
          stricterThere.some((reason) => theirs.error?.includes(reason)),
          `seed ${seed}: ${theirs.error}`,
        );
        continue;
      }
      both++;
      assert.equal(ours.infoHashes.v1 && toHex(ours.infoHashes.v1), theirs.infoHashV1, `seed ${seed}`);
      assert.equal(ours.infoHashes.v2 && toHex(ours.infoHashes.v2), theirs.infoHashV2, `seed ${seed}`);
      assert.equal(ours.layout.pieceCount, theirs.pieceCount, `seed ${seed}`);
    }
    assert.ok(both > 150, `only ${both} were taken by both`);
  });
});

/** What libtorrent 2.0.8 takes and this room refuses, and why. */
const stricterHere = new Set([
  // BEP 52: not valid without them, or with others. libtorrent asks peers, as for a link.
  'missing-piece-layer',
  'bad-piece-layer',
  // A hybrid needs "pieces" (BEP 52, upgrade path). libtorrent goes on with v2 alone, under both hashes.
  'missing-pieces',
  // A file list of a wrong type is no reason to look for another one.
  'bad-file',
  'hybrid-mismatch',
  // Newer versions of libtorrent refuse it, too.
  'missing-meta-version',
]);

/** What this room takes and libtorrent 2.0.8 does not. */
const stricterThere = [
  // Names never refuse a torrent.
  'missing name',
  "codec can't decode",
  // An empty folder beside the one file makes it a folder there; newer versions skip it.
  'v1 and v2 file metadata does not match',
];

test('torrents of transmission-create load here, and ours there', {
  skip: missingPrograms('transmission-create', 'transmission-show'),
}, () => {
  const shownHash = (file: string) =>
    /^\s*Hash: ([0-9a-f]{40})$/m.exec(execFileSync('transmission-show', [file]).toString())?.[1];
  for (const name of contents) {
    const theirs = join(folder, `tr-${name}.torrent`);
    execFileSync('transmission-create', [
      '-s',
      '64',
      '-t',
      'http://t.example/',
      '-o',
      theirs,
      join(folder, name),
    ]);
    const ours = join(folder, `for-tr-${name}.torrent`);
    execFileSync(process.execPath, [shoal, 'make', join(folder, name), '-o', ours, '--format', 'v1']);
    for (const file of [theirs, ours]) {
      const { v1 } = parseTorrent(readFileSync(file), digest).infoHashes;
      assert.equal(v1 && toHex(v1), shownHash(file), file);
    }
  }
});

test('torrents of mktorrent load here, and hash the content as we do', {
  skip: missingPrograms('mktorrent'),
}, () => {
  for (const name of contents) {
    const theirs = join(folder, `mk-${name}.torrent`);
    execFileSync('mktorrent', ['-l', '15', '-a', 'http://t.example/', '-o', theirs, join(folder, name)], {
      stdio: 'ignore',
    });
    const ours = join(folder, `for-mk-${name}.torrent`);
    execFileSync(process.execPath, [
      shoal,
      'make',
      join(folder, name),
      '-o',
      ours,
      '--format',
      'v1',
      '--piece-length',
      '32K',
    ]);
    const [a, b] = [theirs, ours].map((file) => parseTorrent(readFileSync(file), digest));
    assert.equal(a?.layout.contentLength, b?.layout.contentLength);
    // The order of files is mktorrent's own, so only single files have to have the same pieces.
    if (a?.folder === undefined) assert.deepEqual(a?.hashes.v1Pieces, b?.hashes.v1Pieces);
  }
});
