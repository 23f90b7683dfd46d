// Announces answered a second, beside opentracker and npm's bittorrent-tracker: UDP with 64 and 256 questions open, and
// HTTP over 64 kept connections. `node lab/bench/announces.ts [ROUNDS] [SECONDS] [SWARMS] [PEERS_A_SWARM]`

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isEvent } from '../clients/client.ts';
import { missingPrograms } from '../clients/installed.ts';
import { type Program, start } from '../clients/process.ts';
import { median, printTable, short } from './table.ts';

interface Contender {
  readonly name: string;
  readonly words: readonly [string, ...string[]];
  /** Where it does not say that it is ready. */
  readonly port?: number;
  readonly ways: readonly Way[];
}

interface Way {
  readonly name: string;
  readonly over: 'udp' | 'http';
  readonly open: number;
}

const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 3);
const swarms = Number(process.argv[4] ?? 1_000);
const peers = Number(process.argv[5] ?? 10);
const here = import.meta.dirname;
const folder = mkdtempSync(join(tmpdir(), 'shoal-announces-'));
const sender = join(folder, 'sender');

const udp: readonly Way[] = [64, 256].map((open) => ({ name: `UDP, ${open} open`, over: 'udp', open }));
const http: readonly Way[] = [{ name: 'HTTP, 64 kept', over: 'http', open: 64 }];
const opentrackerPort = 16_969;

const shoal = [
  process.execPath,
  join(here, '../../packages/cli/bin/shoal.js'),
  ...['index', '--port', '0', '--address', '127.0.0.1', '--unlimited', '--json', '--data'],
] as const;

const contenders: readonly Contender[] = [
  { name: 'shoal', words: [...shoal, join(folder, 'data')], ways: [...udp, ...http] },
  ...(missingPrograms('opentracker') === undefined
    ? [
        {
          name: 'opentracker',
          // Debian's build serves listed hashes alone. As root it refuses to run.
          words: [
            'opentracker',
            ...['-i', '127.0.0.1', '-p', `${opentrackerPort}`, '-P', `${opentrackerPort}`],
            ...['-w', 'listed', '-u', 'nobody', '-d', folder],
          ] as const,
          port: opentrackerPort,
          // It closes each HTTP connection after its answer.
          ways: udp,
        },
      ]
    : []),
  {
    name: 'bittorrent-tracker',
    words: [process.execPath, join(here, 'announces-contender.ts'), 'npm'],
    ways: [...udp, ...http],
  },
  {
    name: 'fixed packet',
    words: [process.execPath, join(here, 'announces-contender.ts'), 'wall'],
    ways: udp,
  },
];

interface Measured {
  readonly rates: number[];
  readonly cpuMicros: number[];
  bytes: number;
  lost: number;
  memory: number;
}

try {
  const compiled = spawnSync('cc', ['-O2', '-o', sender, join(here, 'announces-sender.c')], {
    encoding: 'utf8',
  });
  if (compiled.status !== 0) throw new Error(`cc: ${compiled.error?.message ?? compiled.stderr}`);
  chmodSync(folder, 0o755);
  writeFileSync(
    join(folder, 'listed'),
    spawnSync(sender, ['list', `${swarms}`], { maxBuffer: 2 ** 30 }).stdout,
  );
  const results = new Map<string, Measured>();
  for (let round = 0; round < rounds; round++)
    for (const contender of contenders) await measure(contender, results);
  const rows = [...udp, ...http].flatMap((way) =>
    contenders.flatMap(({ name }) => {
      const of = results.get(`${name} ${way.name}`);
      const ours = results.get(`shoal ${way.name}`);
      if (of === undefined || ours === undefined) return [];
      return [
        [
          way.name,
          name,
          short(median(of.rates)),
          `${short(median(ours.rates) / median(of.rates))} ×`,
          short(median(of.cpuMicros)),
          short(of.bytes),
          `${of.lost}`,
          short(of.memory),
        ],
      ];
    }),
  );
  printTable(['way', 'program', 'answers/s', 'ours is', 'CPU µs', 'bytes', 'lost', 'MiB'], rows);
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(
  { name, words, port: fixed, ways }: Contender,
  results: Map<string, Measured>,
): Promise<void> {
  const [command, ...args] = words;
  const program: Program = start(command, args, { log: join(folder, 'log') });
  try {
    const port = fixed ?? JSON.parse(await program.line(isEvent('ready'))).port;
    if (fixed !== undefined) await untilAnswers(fixed);
    for (const way of ways) {
      const before = program.measure().cpuSeconds;
      const asked = [way.over, '127.0.0.1', `${port}`, `${way.open}`, `${seconds}`, `${swarms}`, `${peers}`];
      const run = spawnSync(sender, asked, { encoding: 'utf8' });
      if (run.status !== 0) throw new Error(`${name}, ${way.name}: ${run.stderr}`);
      const [rate = 0, bytes = 0, lost = 0] = run.stdout.trim().split(' ').map(Number);
      // The sender warms up for a second before it counts.
      const cpuSeconds = ((program.measure().cpuSeconds - before) * seconds) / (seconds + 1);
      const key = `${name} ${way.name}`;
      const result = results.get(key) ?? { rates: [], cpuMicros: [], bytes: 0, lost: 0, memory: 0 };
      results.set(key, result);
      result.rates.push(rate);
      result.cpuMicros.push((cpuSeconds / (rate * seconds)) * 1e6);
      result.bytes = bytes;
      result.lost += lost;
      result.memory = Math.max(result.memory, program.measure().peakResidentBytes / 2 ** 20);
    }
  } finally {
    await program.stop();
  }
}

/** opentracker says nothing; it is there when its HTTP side takes connections. */
async function untilAnswers(port: number): Promise<void> {
  for (let tried = 0; tried < 100; tried++) {
    try {
      await (await fetch(`http://127.0.0.1:${port}/stats`)).text();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error('opentracker does not answer');
}
