// One file, one source, some receivers, one of two ways; all of them processes of this command on this machine.
// Invariant: what is told was seen from outside: when a file was there and whole, and what the system counted.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { leastSent, readyMs, sampleMs } from './bounds.ts';
import { endedChildrenCpuSeconds, type Line, OwnProcess, startReady } from './process.ts';

export type Way = 'client-server' | 'peer-to-peer';

export interface ContestOptions {
  /** Of the file, which lies alone in its folder. */
  readonly source: { readonly folder: string; readonly name: string; readonly length: number };
  readonly sha256: string;
  readonly receivers: number;
  readonly uplinkBytesPerSecond: number;
  /** The source is killed when it has sent so much. */
  readonly killAfterBytes: number | undefined;
  /** The run is over when no receiver has got a byte for so long. */
  readonly patienceMs: number;
  /** Empty; what is in it is removed in the end. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (share: number, seconds: number) => void;
}

export interface Point {
  readonly seconds: number;
  /** Of the file, with the receiver in the middle. */
  readonly medianShare: number;
  /** By the source, of the file. */
  readonly copies: number | undefined;
  /** Of all processes, until then. */
  readonly cpuSeconds: number | undefined;
  /** Receivers that say they have it. */
  readonly complete: number;
}

export interface Outcome {
  readonly way: Way;
  readonly receivers: number;
  /** Receivers with the whole file, its checksum compared. */
  readonly complete: number;
  /** From the start of the receivers; undefined when not so many got it. */
  readonly medianSeconds: number | undefined;
  readonly lastSeconds: number | undefined;
  /** Undefined where the system does not say. */
  readonly sourceBytes: number | undefined;
  readonly sourceCpuSeconds: number | undefined;
  readonly receiversCpuSeconds: number | undefined;
  readonly killed: { readonly seconds: number; readonly sourceBytes: number } | undefined;
  readonly points: readonly Point[];
}

interface Receiver {
  readonly process: OwnProcess;
  readonly path: string;
  bytes: number;
  endedMs: number | undefined;
}

interface Running {
  readonly source: OwnProcess;
  /** The words of each receiver's `get`, without where to. */
  readonly receive: (folder: string, index: number) => readonly string[];
}

export async function holdContest(way: Way, options: ContestOptions): Promise<Outcome> {
  const { folder, signal } = options;
  await mkdir(folder, { recursive: true });
  const config = join(folder, 'config.toml');
  await writeFile(config, '');
  const processes: OwnProcess[] = [];
  const cpuBefore = endedChildrenCpuSeconds();
  try {
    const running = await (way === 'client-server' ? serveIt : shareIt)(options, config);
    processes.push(running.source);
    const writtenBefore = running.source.writtenBytes ?? 0;
    const startMs = performance.now();
    const receivers = Array.from({ length: options.receivers }, (_, index): Receiver => {
      const into = join(folder, `receiver-${index}`);
      const receiver: Receiver = {
        process: new OwnProcess(running.receive(into, index), (line) => hear(receiver, line)),
        path: join(into, options.source.name),
        bytes: 0,
        endedMs: undefined,
      };
      processes.push(receiver.process);
      return receiver;
    });
    const watched = await watch(running.source, writtenBefore, receivers, startMs, options);
    const sourceCpu = watched.sourceCpuSeconds;
    await Promise.all(processes.map((process) => process.kill()));
    const cpuAfter = endedChildrenCpuSeconds();
    const times: number[] = [];
    for (const { endedMs, path } of receivers)
      if (endedMs !== undefined && (await sha256Of(path, signal)) === options.sha256)
        times.push(secondsOf(endedMs - startMs));
    times.sort((a, b) => a - b);
    return {
      way,
      receivers: receivers.length,
      complete: times.length,
      medianSeconds: times[Math.ceil(receivers.length / 2) - 1],
      lastSeconds: times[receivers.length - 1],
      sourceBytes: watched.sourceBytes,
      sourceCpuSeconds: sourceCpu,
      receiversCpuSeconds:
        cpuBefore === undefined || cpuAfter === undefined || sourceCpu === undefined
          ? undefined
          : hundredths(Math.max(0, cpuAfter - cpuBefore - sourceCpu)),
      killed: watched.killed,
      points: watched.points,
    };
  } finally {
    await Promise.all(processes.map((process) => process.kill()));
    await rm(folder, { recursive: true, force: true });
  }
}

interface Watched {
  readonly points: readonly Point[];
  readonly sourceBytes: number | undefined;
  readonly sourceCpuSeconds: number | undefined;
  readonly killed: Outcome['killed'];
}

/** Until all receivers have it, or none gets any further. */
async function watch(
  source: OwnProcess,
  writtenBefore: number,
  receivers: readonly Receiver[],
  startMs: number,
  { source: { length }, signal, killAfterBytes, patienceMs, onProgress }: ContestOptions,
): Promise<Watched> {
  const points: Point[] = [];
  const cpu = new CpuMeter();
  let [sourceBytes, sourceCpuSeconds, lastTotal, lastSent, lastMs] = [
    source.writtenBytes === undefined ? undefined : 0,
    source.cpuSeconds,
    0,
    0,
    startMs,
  ];
  let killed: Outcome['killed'];
  for (;;) {
    signal.throwIfAborted();
    const nowMs = performance.now();
    const seconds = secondsOf(nowMs - startMs);
    const written = source.writtenBytes;
    if (written !== undefined) sourceBytes = written - writtenBefore;
    sourceCpuSeconds = source.cpuSeconds ?? sourceCpuSeconds;
    const shares = receivers.map(({ bytes, endedMs }) => (endedMs === undefined ? bytes / length : 1));
    shares.sort((a, b) => a - b);
    const medianShare = Math.min(1, shares[Math.ceil(shares.length / 2) - 1] ?? 0);
    points.push({
      seconds,
      medianShare,
      copies: sourceBytes && sourceBytes / length,
      cpuSeconds: cpu.sum([source, ...receivers.map(({ process }) => process)]),
      complete: receivers.filter(({ endedMs }) => endedMs !== undefined).length,
    });
    onProgress(shares.reduce((sum, share) => sum + share, 0) / shares.length, seconds);
    if (receivers.every(({ endedMs }) => endedMs !== undefined)) break;
    // Receivers tell of whole pieces, which may be long in coming; what the source sends goes somewhere.
    const total = shares.reduce((sum, share) => sum + share, 0);
    const sent = sourceBytes ?? 0;
    if (total > lastTotal || sent > lastSent + leastSent)
      [lastTotal, lastSent, lastMs] = [total, sent, nowMs];
    const patience = lastTotal === 0 && killed === undefined ? Math.max(patienceMs, readyMs) : patienceMs;
    if (nowMs - lastMs > patience || receivers.every(({ process }) => process.isOver)) break;
    if (killed === undefined) {
      if (source.isOver) throw source.failure();
      if (killAfterBytes !== undefined && sourceBytes !== undefined && sourceBytes >= killAfterBytes) {
        killed = { seconds, sourceBytes };
        await source.kill();
      }
    }
    await wait(sampleMs);
  }
  return { points, sourceBytes, sourceCpuSeconds, killed };
}

/** Of those that are gone, what was seen last. */
class CpuMeter {
  readonly #seen = new Map<OwnProcess, number>();

  sum(processes: readonly OwnProcess[]): number | undefined {
    for (const process of processes) {
      const seconds = process.cpuSeconds;
      if (seconds !== undefined) this.#seen.set(process, seconds);
    }
    return this.#seen.size === 0 ? undefined : this.#seen.values().reduce((sum, seconds) => sum + seconds, 0);
  }
}

function hear(receiver: Receiver, { event, bytes }: Line): void {
  if (typeof bytes === 'number' && (event === 'progress' || event === 'complete')) receiver.bytes = bytes;
  if (event === 'complete') receiver.endedMs = performance.now();
}

async function serveIt(options: ContestOptions, config: string): Promise<Running> {
  const { source, uplinkBytesPerSecond: uplink, signal } = options;
  const words = ['serve', source.folder, '--port', '0', '--up-limit', `${uplink}`];
  const { process, line } = await startReady(words, 'ready', signal);
  return {
    source: process,
    receive: (into) => ['get', `${line.url}${source.name}`, '-o', into, '--config', config],
  };
}

async function shareIt(options: ContestOptions, config: string): Promise<Running> {
  const { source, folder, receivers, signal } = options;
  // Each sends as fast as the source may. Nobody outside of this machine is asked.
  const all = ['--config', config, '--network', 'centralized', '--no-lan', '--limit-lan'];
  const common = [...all, '--up-limit', `${options.uplinkBytesPerSecond}`];
  const data = join(folder, 'source-data');
  const words = ['share', join(source.folder, source.name), '--data', data, '--port', '0', ...common];
  const { process, line } = await startReady(words, 'sharing', signal);
  const ports = await freePorts(receivers);
  return {
    source: process,
    receive(into, index) {
      const others = [line.port, ...ports.filter((_, other) => other !== index)];
      return [
        ...['get', `${line.torrent}`, '-o', into, '--data', `${into}-data`, '--port', `${ports[index]}`],
        ...['--seed', ...common, ...others.flatMap((port) => ['--peer', `127.0.0.1:${port}`])],
      ];
    },
  };
}

/** All different, and nobody's at this moment. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  try {
    return await Promise.all(
      servers.map(
        (server) =>
          new Promise<number>((resolve, reject) => {
            server.once('error', reject);
            server.listen(0, '127.0.0.1', () => {
              const address = server.address();
              resolve(typeof address === 'object' && address !== null ? address.port : 0);
            });
          }),
      ),
    );
  } finally {
    for (const server of servers) server.close();
  }
}

export async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash, { signal });
  return hash.digest('hex');
}

function secondsOf(ms: number): number {
  return Math.round(ms) / 1000;
}

function hundredths(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
