// get_peers answered a second over real sockets, side by side: ours, libtorrent's with its limits raised, npm's
// bittorrent-dht, and a Node socket that answers with a fixed packet. The questions come from a program in C (the
// command `cc` compiles it), with 64 and 256 of them open. `node lab/bench/dht.ts [ROUNDS] [SECONDS]`

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isEvent } from '../clients/client.ts';
import { missingLibtorrent } from '../clients/dht-peers.ts';
import { type Program, start } from '../clients/process.ts';
import { median, printTable, short } from './table.ts';

interface Contender {
  readonly name: string;
  readonly words: readonly [string, ...string[]];
}

const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 3);
const windows = [64, 256];
const here = import.meta.dirname;
const shoal = join(here, '../../packages/cli/bin/shoal.js');
const serve = ['dht', 'serve', '--port', '0', '--address', '127.0.0.1', '--unlimited', '--json'];

const contenders: readonly Contender[] = [
  { name: 'shoal', words: [process.execPath, shoal, ...serve] },
  ...(missingLibtorrent() === undefined
    ? [
        {
          name: 'libtorrent',
          words: [
            '/usr/bin/python3',
            join(here, '../clients/libtorrent_dht.py'),
            JSON.stringify({ listen: ['127.0.0.1:0'], quiet: true }),
          ],
        } as const,
      ]
    : []),
  { name: 'bittorrent-dht', words: [process.execPath, join(here, 'dht-contender.ts'), 'npm'] },
  { name: 'fixed packet', words: [process.execPath, join(here, 'dht-contender.ts'), 'wall'] },
];

interface Measured {
  readonly rates: Map<number, number[]>;
  bytes: number;
  /** A reply: CPU time is what a busy machine leaves comparable. */
  readonly cpuMicros: number[];
  lost: number;
  memory: number;
}

const folder = mkdtempSync(join(tmpdir(), 'shoal-dht-bench-'));
try {
  const sender = join(folder, 'sender');
  const compiled = spawnSync('cc', ['-O2', '-o', sender, join(here, 'dht-sender.c')], { encoding: 'utf8' });
  if (compiled.status !== 0) throw new Error(`cc: ${compiled.error?.message ?? compiled.stderr}`);
  const results = new Map(
    contenders.map(({ name }): [string, Measured] => [
      name,
      { rates: new Map(), bytes: 0, cpuMicros: [], lost: 0, memory: 0 },
    ]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const { name, words } of contenders) {
      const result = results.get(name);
      if (result !== undefined) await measure(words, sender, result);
    }
  }
  const ours = results.get('shoal');
  printTable(
    [
      'program',
      ...windows.map((open) => `replies/s, ${open} open`),
      ...windows.map((open) => `ours is, ${open}`),
      'CPU µs',
      'bytes',
      'lost',
      'MiB',
    ],
    [...results].map(([name, { rates, bytes, cpuMicros, lost, memory }]) => [
      name,
      ...windows.map((open) => short(median(rates.get(open) ?? []))),
      ...windows.map(
        (open) => `${short(median(ours?.rates.get(open) ?? []) / median(rates.get(open) ?? []))} ×`,
      ),
      short(median(cpuMicros)),
      short(bytes),
      String(lost),
      short(memory),
    ]),
  );
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(words: Contender['words'], sender: string, result: Measured): Promise<void> {
  const [command, ...args] = words;
  const log = join(folder, 'log');
  // libtorrent reads its commands from stdin; without one it would end at once.
  const program: Program = start('sh', ['-c', 'sleep 600 | exec "$0" "$@"', command, ...args], { log });
  try {
    const { port }: { port: number } = JSON.parse(await program.line(isEvent('ready')));
    for (const open of windows) {
      const cpuBefore = program.measure().cpuSeconds;
      const run = spawnSync(sender, ['127.0.0.1', `${port}`, `${open}`, `${seconds}`, '0'], {
        encoding: 'utf8',
      });
      const [rate = 0, bytes = 0, lost = 0] = run.stdout.trim().split(' ').map(Number);
      result.rates.set(open, [...(result.rates.get(open) ?? []), rate]);
      // The sender warms up for a second before it counts.
      const cpuSeconds = ((program.measure().cpuSeconds - cpuBefore) * seconds) / (seconds + 1);
      result.cpuMicros.push((cpuSeconds / (rate * seconds)) * 1e6);
      result.bytes = bytes;
      result.lost += lost;
      result.memory = Math.max(result.memory, program.measure().peakResidentBytes / 2 ** 20);
    }
  } finally {
    await program.stop();
  }
}
