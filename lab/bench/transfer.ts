// The same payload through Shoal's shipped command and through other programs, in one run, round by round.
// Run: node lab/bench/transfer.ts [--size MiB] [--runs N] [--only NAME,…] [--scenario one|four|eight|all] [--format v1,v2,hybrid]
// Seconds are those from the start of the receiver's process to its word that all is there and verified.

import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { aria2 } from '../clients/aria2.ts';
import type { Client, Format, PeerTask, RunningPeer } from '../clients/client.ts';
import { libtorrent } from '../clients/libtorrent.ts';
import { run } from '../clients/process.ts';
import { shoal, shoalCommand } from '../clients/shoal.ts';
import { startTracker } from '../clients/tracker.ts';
import { webtorrent } from '../clients/webtorrent.ts';
import { median, printTable, short } from './table.ts';
import { type Measurement, nginxToCurl } from './web-server.ts';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '2048' },
    runs: { type: 'string', default: '5' },
    only: { type: 'string' },
    scenario: { type: 'string', default: 'one' },
    format: { type: 'string', default: 'v1' },
    'piece-length': { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
  },
});

interface Scenario {
  readonly name: string;
  readonly seeders: number;
  readonly receivers: number;
  readonly sizeMiB: number;
}

const sizeMiB = Number(options.size);
const scenarios: Record<string, Scenario> = {
  one: { name: 'one to one', seeders: 1, receivers: 1, sizeMiB },
  four: { name: 'four to one', seeders: 4, receivers: 1, sizeMiB },
  eight: { name: 'one to eight', seeders: 1, receivers: 8, sizeMiB: Math.min(512, sizeMiB) },
};

interface Contender {
  readonly name: string;
  readonly scenarios: readonly string[];
  transfer(scenario: Scenario, payload: Payload, folder: string): Promise<Measurement>;
}

interface Payload {
  readonly folder: string;
  readonly path: string;
  readonly bytes: number;
  torrent(format: Format): Promise<string>;
}

const trackerPort = 17_000;
const firstPort = 17_100;
const address = '127.0.0.1';

function peerContender(client: Client, format: Format): Contender {
  return {
    name: client.formats.length > 1 ? `${client.name} ${format}` : client.name,
    scenarios: ['one', 'four', 'eight'],
    async transfer(scenario, payload, folder) {
      const state = (name: string) => {
        mkdirSync(join(folder, name));
        return join(folder, name);
      };
      const torrent = await payload.torrent(format);
      const tracker = client.takesPeers
        ? undefined
        : await startTracker(address, trackerPort, state('tracker'));
      const task = { torrent, address, encryption: 'off' } as const;
      const seeders: RunningPeer[] = [];
      const receivers: RunningPeer[] = [];
      try {
        for (let i = 0; i < scenario.seeders; i++) {
          const seeder: PeerTask = {
            ...task,
            folder: payload.folder,
            state: state(`s${i}`),
            port: firstPort + i,
            peers: [],
          };
          seeders.push(client.seed(seeder));
        }
        await Promise.all(seeders.map((seeder) => seeder.ready));
        const before = seeders.map((seeder) => seeder.program.measure().cpuSeconds);
        const peers = seeders.map((_, i) => ({ address, port: firstPort + i }));
        const began = performance.now();
        for (let i = 0; i < scenario.receivers; i++) {
          const name = state(`r${i}`);
          receivers.push(
            client.fetch({ ...task, folder: name, state: name, port: firstPort + 50 + i, peers }),
          );
        }
        await Promise.all(receivers.map((receiver) => receiver.complete));
        const seconds = (performance.now() - began) / 1000;
        return {
          seconds,
          seederCpuSeconds: sum(
            seeders.map((seeder, i) => seeder.program.measure().cpuSeconds - (before[i] ?? 0)),
          ),
          receiverCpuSeconds: sum(receivers.map((receiver) => receiver.program.measure().cpuSeconds)),
          seederBytes: Math.max(...seeders.map((seeder) => seeder.program.usage.peakAnonymousBytes)),
          receiverBytes: Math.max(...receivers.map((receiver) => receiver.program.usage.peakAnonymousBytes)),
        };
      } finally {
        await Promise.all([...receivers, ...seeders].map((peer) => peer.stop()));
        await tracker?.stop();
      }
    },
  };
}

async function makePayload(folder: string, mib: number): Promise<Payload> {
  const payloadFolder = join(folder, 'payload');
  rmSync(payloadFolder, { recursive: true, force: true });
  mkdirSync(payloadFolder);
  const path = join(payloadFolder, 'payload.bin');
  writeRandom(path, mib);
  const made = new Map<Format, string>();
  return {
    folder: payloadFolder,
    path,
    bytes: statSync(path).size,
    async torrent(format) {
      let file = made.get(format);
      if (file === undefined) {
        file = join(folder, `${mib}-${format}.torrent`);
        const length =
          options['piece-length'] === undefined ? [] : ['--piece-length', options['piece-length']];
        const tracker = ['--tracker', `http://${address}:${trackerPort}/announce`];
        const words = [
          shoalCommand,
          'make',
          path,
          '-o',
          file,
          '--overwrite',
          '--format',
          format,
          ...length,
          ...tracker,
        ];
        await run(process.execPath, words);
        made.set(format, file);
      }
      return file;
    },
  };
}

/**
 * Memory that a virtual machine just gave us is slow at its first touch, so each transfer is preceded by writing
 * and deleting a file of twice the payload, for every contender alike.
 */
function warmMemory(folder: string, mib: number): void {
  const path = join(folder, 'warm');
  // Not synced: deleting what is on the disk keeps the disk busy for seconds after.
  writeRandom(path, 2 * mib, false);
  rmSync(path);
}

function writeRandom(path: string, mib: number, isSynced = true): void {
  // Short writes: memory that was given away in long runs is the first that a virtual machine loses again.
  const chunk = randomFillSync(new Uint8Array(1 << 17));
  const stamp = new DataView(chunk.buffer);
  const file = openSync(path, 'w');
  for (let i = 0; i < 8 * mib; i++) {
    // No two chunks are alike, so nothing can be deduplicated, and filling costs little.
    for (let at = 0; at < chunk.length; at += 4096) stamp.setUint32(at, stamp.getUint32(at) + i + 1);
    writeSync(file, chunk);
  }
  if (isSynced) fsyncSync(file);
  closeSync(file);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const formats = options.format
  .split(',')
  .filter((format) => format === 'v1' || format === 'v2' || format === 'hybrid');
const contenders = [
  ...formats.map((format) => peerContender(shoal, format)),
  ...formats.map((format) => peerContender(libtorrent, format)),
  peerContender(aria2, 'v1'),
  peerContender(webtorrent, 'v1'),
  nginxToCurl,
].filter(
  ({ name }) =>
    options.only === undefined || options.only.split(',').some((word) => name.toLowerCase().startsWith(word)),
);

for (const client of [libtorrent, aria2, webtorrent]) {
  const missing = client.missing();
  if (missing !== undefined) console.error(`left out: ${missing}`);
}
console.log(
  `Node ${process.version}, ${readFileSync('/proc/cpuinfo', 'utf8').match(/^processor/gm)?.length} cores, ${options.runs} runs each, medians`,
);

const work = mkdtempSync(join(options.folder, 'shoal-bench-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));
for (const key of options.scenario === 'all' ? Object.keys(scenarios) : options.scenario.split(',')) {
  const scenario = scenarios[key];
  if (scenario === undefined) throw new Error(`no scenario is called ${key}`);
  const payload = await makePayload(work, scenario.sizeMiB);
  const results = new Map<string, Measurement[]>();
  for (let round = 0; round < Number(options.runs); round++) {
    for (const contender of contenders) {
      if (!contender.scenarios.includes(key)) continue;
      const folder = join(work, 'run');
      mkdirSync(folder);
      warmMemory(work, scenario.sizeMiB);
      try {
        const result = await contender.transfer(scenario, payload, folder);
        results.set(contender.name, [...(results.get(contender.name) ?? []), result]);
        console.error(`round ${round + 1}: ${contender.name} took ${short(result.seconds)} s`);
      } catch (error) {
        console.error(
          `round ${round + 1}: ${contender.name} failed: ${error instanceof Error ? error.message : error}`,
        );
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
  }
  report(scenario, payload, results);
}

function report(
  scenario: Scenario,
  payload: Payload,
  results: ReadonlyMap<string, readonly Measurement[]>,
): void {
  const moved = payload.bytes * scenario.receivers;
  const gib = moved / 2 ** 30;
  console.log(
    `\n${scenario.name}, ${payload.bytes / 2 ** 20} MiB each, over loopback, verified, onto disk\n`,
  );
  printTable(
    [
      '',
      'seconds',
      'MB/s',
      'seeder CPU s/GiB',
      'receiver CPU s/GiB',
      'anonymous memory MiB, seeder / receiver',
    ],
    [...results].map(([name, runs]) => {
      const middle = (pick: (run: Measurement) => number) => median(runs.map(pick));
      return [
        name,
        short(middle((run) => run.seconds)),
        short(middle((run) => moved / 1e6 / run.seconds)),
        short(middle((run) => run.seederCpuSeconds) / gib),
        short(middle((run) => run.receiverCpuSeconds) / gib),
        `${short(middle((run) => run.seederBytes) / 2 ** 20)} / ${short(middle((run) => run.receiverBytes) / 2 ** 20)}`,
      ];
    }),
  );
}
