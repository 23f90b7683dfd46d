// How long a player waits for its first byte after a seek, in a swarm of twenty peers whose uploads are limited.
// Run: node lab/bench/seek.ts [--peers shoal|libtorrent] [--count 20] [--rate KB/s of each] [--size MiB] [--piece KiB]
//   [--seeks N] [--play KB/s] [--whole]
// All peers have all of it, over real sockets on loopback. With --whole the viewer fetches the rest of the file as well,
// as fast as the swarm gives it, so that every peer is busy when the seek comes; without, only what is watched.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { PeerAddress } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { parseTorrent } from '@shoal/metainfo';
import { OpenFiles } from '@shoal/storage';
import { createSession, type RangeReader, type Session } from '@shoal/swarm';
import { createTcpTransport } from '@shoal/transport';
import { run } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';
import { median, printTable, short } from './table.ts';

const { values: options } = parseArgs({
  options: {
    peers: { type: 'string', default: 'shoal' },
    count: { type: 'string', default: '20' },
    rate: { type: 'string', default: '1000' },
    size: { type: 'string', default: '256' },
    piece: { type: 'string', default: '1024' },
    seeks: { type: 'string', default: '12' },
    play: { type: 'string', default: '1000' },
    whole: { type: 'boolean', default: false },
    /** For the process of the peers: where the payload is. */
    serve: { type: 'string' },
  },
});
const mebibyte = 1024 * 1024;
const size = Number(options.size) * mebibyte;
const rate = Number(options.rate) * 1000;
const count = Number(options.count);

const world = createNodeWorld();

function openSession(upBytesPerSecond?: number): Session {
  return createSession({
    ...world,
    openFiles: new OpenFiles(world.disk),
    transport: createTcpTransport(world),
    client: 'Shoal bench',
    peerIdPrefix: '-SL0000-',
    exchangesPeers: false,
    ...(upBytesPerSecond === undefined ? {} : { limits: { upBytesPerSecond } }),
  });
}

function torrentIn(folder: string) {
  return parseTorrent(readFileSync(join(folder, 'film.torrent')), (name, bytes) =>
    world.hashing.digest(name, bytes),
  );
}

/** Twenty sessions that have all of it, in a process of their own. */
async function serve(folder: string): Promise<void> {
  const torrent = torrentIn(folder);
  const ports: number[] = [];
  for (let i = 0; i < count; i++) {
    const session = openSession(rate);
    ports.push(await session.listen({ port: 0, addresses: ['127.0.0.1'] }));
    const transfer = session.add(
      { kind: 'torrent', torrent },
      { folder, journal: join(folder, i === 0 ? 'seed.journal' : `seed-${i}.journal`) },
    );
    await transfer.whenComplete();
  }
  console.log(JSON.stringify({ ports }));
}

if (options.serve !== undefined) await serve(options.serve);
else await measure();

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-seek-'));
  let peers: ChildProcess | undefined;
  try {
    makePayload(join(folder, 'film'));
    await run(process.execPath, [
      ...[shoalCommand, 'make', join(folder, 'film'), '-o', join(folder, 'film.torrent')],
      ...['--format', 'v1', '--piece-length', String(Number(options.piece) * 1024)],
    ]);
    const started = await startPeers(folder);
    peers = started.process;
    mkdirSync(join(folder, 'viewer'));
    await watch(folder, started.ports);
  } finally {
    peers?.kill();
    rmSync(folder, { recursive: true });
    await world.close();
  }
}

function makePayload(path: string): void {
  const file = openSync(path, 'w');
  const bytes = new Uint8Array(mebibyte);
  for (let at = 0; at < size; at += mebibyte) writeSync(file, randomFillSync(bytes));
  closeSync(file);
}

async function startPeers(folder: string): Promise<{ process: ChildProcess; ports: number[] }> {
  const command =
    options.peers === 'libtorrent'
      ? ['/usr/bin/python3', join(import.meta.dirname, 'seek_peers.py'), folder, String(count), String(rate)]
      : [
          process.execPath,
          import.meta.filename,
          '--serve',
          folder,
          '--count',
          String(count),
          '--rate',
          options.rate,
        ];
  const [program = '', ...flags] = command;
  const child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const said: unknown = JSON.parse(line);
    if (typeof said === 'object' && said !== null && 'ports' in said && Array.isArray(said.ports))
      return { process: child, ports: said.ports.map(Number) };
  }
  throw new Error('the peers did not start');
}

async function watch(folder: string, ports: readonly number[]): Promise<void> {
  const session = openSession();
  const transfer = session.add(
    { kind: 'torrent', torrent: torrentIn(folder) },
    {
      folder: join(folder, 'viewer'),
      journal: join(folder, 'viewer.journal'),
      isWanted: () => options.whole,
      peers: ports.map((port): PeerAddress => ({ kind: 'ip', address: '127.0.0.1', port })),
    },
  );
  const seen = new Set<number>();
  transfer.subscribe((event) => {
    if (event.kind === 'piece') seen.add(event.piece);
  });
  const reader = await transfer.openFile(0);
  const firsts = { open: 0, tail: 0, seeks: [] as number[] };
  firsts.open = await play(reader, 0, 100);
  while (transfer.peers.filter((peer) => !peer.isChokingUs).length < count) await sleep(50);
  firsts.tail = await play(reader, size - 65_536, 1000);
  await play(reader, 0, 4000);
  for (let i = 0; i < Number(options.seeks); i++) {
    const position = somewhereNew(transfer.torrent?.layout.pieceLength ?? mebibyte, seen);
    if (position < 0) break;
    firsts.seeks.push(await play(reader, position, 1500));
  }
  const { downloadedBytes, wastedBytes } = transfer.progress;
  console.log(
    `\n${count} ${options.peers} peers at ${options.rate} kB/s each, pieces of ${options.piece} KiB, ${options.whole ? 'all is fetched' : 'only what is watched is fetched'}\n`,
  );
  printTable(
    ['first byte, ms', 'open', 'tail', 'seek, median', 'seek, worst', 'seeks', 'fetched MiB', 'wasted MiB'],
    [
      [
        '',
        short(firsts.open),
        short(firsts.tail),
        short(median(firsts.seeks)),
        short(Math.max(...firsts.seeks)),
        String(firsts.seeks.length),
        short(downloadedBytes / mebibyte),
        short(wastedBytes / mebibyte),
      ],
    ],
  );
  await session.close();
}

/** A position whose piece is not here yet; -1 when there is hardly one left. */
function somewhereNew(pieceLength: number, seen: ReadonlySet<number>): number {
  for (let tries = 0; tries < 1000; tries++) {
    const position = Math.floor(Math.random() * (size - pieceLength));
    if (!seen.has(Math.floor(position / pieceLength))) return position;
  }
  return -1;
}

/** Plays from there for so long, at the rate of a film; how long it took until the first byte. */
async function play(reader: RangeReader, start: number, forMs: number): Promise<number> {
  const beganMs = performance.now();
  let firstMs = 0;
  let bytes = 0;
  for await (const chunk of reader.read({ start })) {
    if (bytes === 0) firstMs = performance.now() - beganMs;
    bytes += chunk.length;
    const elapsedMs = performance.now() - beganMs;
    if (elapsedMs - firstMs > forMs) break;
    const dueMs = bytes / Number(options.play);
    if (dueMs > elapsedMs) await sleep(dueMs - elapsedMs);
  }
  return firstMs;
}
