// How fast torrents are read: many files in each format, ordinary ones, and the largest hostile inputs (time and memory).
// Run: node --expose-gc lab/bench/metainfo.ts

import { type BencodeValue, encodeBencode } from '@shoal/base';
import { createTorrent, maxFiles, parseTorrent, planTorrent, type TorrentFormat } from '@shoal/metainfo';
import { digest } from '../../packages/metainfo/test/making.ts';

/** With hashes that are made up: nothing here looks at content. */
function made(fileCount: number, fileLength: number, format: TorrentFormat, pieceLength: number): Uint8Array {
  const files = Array.from({ length: fileCount }, (_, i) => ({
    path: [`folder ${Math.floor(i / 100)}`, `a file with a usual name ${i}.jpg`],
    length: fileLength + (i % 100),
  }));
  const plan = planTorrent({ name: 'many', files, format, pieceLength });
  const { pieceCount } = plan.layout;
  // Different ones, since files of equal content share a piece layer.
  const v2 = new Uint8Array(32 * pieceCount);
  const numbers = new DataView(v2.buffer);
  for (let piece = 0; piece < pieceCount; piece++) numbers.setUint32(32 * piece, piece + 1);
  const hashes = { v1: new Uint8Array(20 * pieceCount).fill(1), v2 };
  return createTorrent(plan, hashes, { trackers: [['http://tracker.example/announce']] }, digest);
}

function medianMs(rounds: number, work: () => void): number {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    work();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return times[rounds >> 1] ?? 0;
}

const rows: object[] = [];
for (const format of ['v1', 'v2', 'hybrid'] as const) {
  for (const [what, length] of [
    ['small', 5_000],
    ['of two pieces', 20_000],
  ] as const) {
    const bytes = made(100_000, length, format, 16_384);
    const first = medianMs(1, () => parseTorrent(bytes, digest));
    const median = medianMs(5, () => parseTorrent(bytes, digest));
    const torrent = parseTorrent(bytes, digest);
    const { layout } = torrent;
    const lookups = medianMs(3, () => {
      for (let piece = 0; piece < layout.pieceCount; piece++) layout.pieceRanges(piece);
    });
    rows.push({
      what: `100,000 files, ${what}, ${format}`,
      MB: (bytes.length / 1e6).toFixed(1),
      'first ms': Math.round(first),
      'median ms': Math.round(median),
      'ns a piece lookup': Math.round((lookups * 1e6) / layout.pieceCount),
    });
  }
}
for (const format of ['v1', 'v2', 'hybrid'] as const) {
  const documents = [
    made(1, 700_000_000, format, 524_288),
    made(12, 50_000_000, format, 524_288),
    made(100, 5_000_000, format, 262_144),
  ];
  const ms = medianMs(9, () => {
    for (let i = 0; i < 60; i++) parseTorrent(documents[i % 3] ?? new Uint8Array(0), digest);
  });
  rows.push({ what: `ordinary torrents, ${format}`, 'a second': Math.round(60_000 / ms) });
}
console.table(rows);

/** Ten megabytes each, of what costs most. */
function* hostile(): Generator<[what: string, bytes: Uint8Array]> {
  const text = (body: string) => new Uint8Array(Buffer.from(body, 'latin1'));
  const size = 10_000_000;
  const fill = (unit: string) => unit.repeat(Math.floor((size - 200) / unit.length));
  const info = (fields: Record<string, BencodeValue>) =>
    encodeBencode({ info: { name: 'n', 'piece length': 16_384, pieces: '', ...fields } });
  for (const unit of ['le', 'de', '0:', 'i1e', 'll', 'd1:a']) {
    yield [`a list of ${unit}`, text(`d4:infod5:filesl${fill(unit)}ee`)];
    yield [`unknown values ${unit}`, text(`d1:al${fill(unit)}e4:infodee`)];
  }
  yield [
    'v1 files of one name',
    text(`d4:infod5:filesl${'d6:lengthi1e4:pathl1:aee'.repeat(maxFiles)}e4:name1:n12:piece lengthi16384eee`),
  ];
  yield [
    'v1 files of one bad name',
    text(`d4:infod5:filesl${'d6:lengthi1e4:pathl2:..ee'.repeat(maxFiles)}e4:name1:n12:piece lengthi16384eee`),
  ];
  const names = (make: (i: number) => string, count: number) =>
    info({ files: Array.from({ length: count }, (_, i) => ({ length: 1, path: [make(i)] })) });
  yield ['v1 files of distinct names', names((i) => i.toString(36), maxFiles)];
  yield ['v1 files of distinct accented names', names((i) => `é${i.toString(36)}`, maxFiles)];
  yield ['v1 files of distinct bad names', names((i) => `${i.toString(36)}:`, maxFiles)];
  yield [
    'v1 files in distinct folders',
    info({ files: Array.from({ length: maxFiles }, (_, i) => ({ length: 1, path: [i.toString(36), 'a'] })) }),
  ];
  yield [
    'v1 files of long equal names',
    info({ files: Array.from({ length: 30_000 }, () => ({ length: 1, path: ['x'.repeat(300)] })) }),
  ];
  yield [
    'v1 deep paths',
    info({
      files: Array.from({ length: 1000 }, () => ({
        length: 1,
        path: Array.from({ length: 3300 }, () => 'a'),
      })),
    }),
  ];
  yield ['one name of dots', info({ files: [{ length: 1, path: [`${'.'.repeat(9_900_000)}x`] }] })];
  yield [
    'many announces',
    encodeBencode({
      'announce-list': Array.from({ length: 500_000 }, (_, i) => [`udp://a${i}:1`]),
      info: {},
    }),
  ];
  const root = new Uint8Array(32).fill(1);
  const tree = new Map(
    Array.from({ length: 170_000 }, (_, i) => [i.toString(36), { '': { length: 1, 'pieces root': root } }]),
  );
  yield [
    'v2 files',
    encodeBencode({ info: { 'file tree': tree, 'meta version': 2, name: 'n', 'piece length': 16_384 } }),
  ];
  const layer = new Uint8Array(9_900_000 - (9_900_000 % 32));
  yield [
    'one long piece layer',
    encodeBencode({
      info: {
        'file tree': { n: { '': { length: (layer.length / 32) * 16_384, 'pieces root': root } } },
        'meta version': 2,
        name: 'n',
        'piece length': 16_384,
      },
      'piece layers': new Map([[root, layer]]),
    }),
  ];
}

const worst: object[] = [];
for (const [what, bytes] of hostile()) {
  globalThis.gc?.();
  const before = process.memoryUsage();
  const cpuBefore = process.threadCpuUsage();
  const start = performance.now();
  let outcome = 'read';
  try {
    parseTorrent(bytes, digest);
  } catch (error) {
    outcome = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
  const ms = performance.now() - start;
  const cpu = process.threadCpuUsage(cpuBefore);
  const after = process.memoryUsage();
  const added = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  worst.push({
    what,
    MB: (bytes.length / 1e6).toFixed(1),
    outcome,
    ms: Math.round(ms),
    'CPU ms': Math.round((cpu.user + cpu.system) / 1000),
    'MB more after': Math.round(added / 1e6),
  });
}
console.table(worst);
