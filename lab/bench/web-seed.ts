// One file from nginx onto the disk: through curl, which verifies nothing, and through Shoal, aria2 and libtorrent as a web seed.
// Run: node lab/bench/web-seed.ts [--size MiB] [--runs N] [--only NAME,…]
// Seconds are those from the start of the receiver's process to its end.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Format } from '../clients/client.ts';
import { missingPrograms } from '../clients/installed.ts';
import { startNginx } from '../clients/nginx.ts';
import { type Program, run, start } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';
import { makePayload, remove } from './side-by-side.ts';
import { median, printTable, short } from './table.ts';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '1024' },
    runs: { type: 'string', default: '5' },
    only: { type: 'string' },
  },
});
const sizeMiB = Number(options.size);
const [address, port] = ['127.0.0.1', 17_095];

interface Contender {
  readonly name: string;
  readonly command: string;
  args(folder: string): readonly string[];
}

const { folder, file } = makePayload('payload.bin', sizeMiB);
const url = `http://${address}:${port}/payload.bin`;

async function torrent(format: Format): Promise<string> {
  const path = join(folder, `${format}.torrent`);
  await run(process.execPath, [
    shoalCommand,
    'make',
    file,
    '-o',
    path,
    '--format',
    format,
    '--overwrite',
    '--web-seed',
    url,
  ]);
  return path;
}

async function shoal(format: Format): Promise<Contender> {
  const path = await torrent(format);
  return {
    name: `Shoal ${format}`,
    command: process.execPath,
    args: (into) => [shoalCommand, 'get', path, '-o', into, '--data', join(into, 'data'), '--no-lan'],
  };
}

const v1 = await torrent('v1');
const all: Contender[] = [
  {
    name: 'curl, unverified',
    command: 'curl',
    args: (into) => ['-sf', '--create-dirs', '-o', join(into, 'payload.bin'), url],
  },
  await shoal('v1'),
  await shoal('v2'),
  await shoal('hybrid'),
  {
    name: 'Shoal, plain URL, unverified',
    command: process.execPath,
    args: (into) => [shoalCommand, 'get', url, '-o', into, '--data', join(into, 'data'), '--no-lan'],
  },
  {
    name: 'aria2 v1',
    command: 'aria2c',
    args: (into) => [
      '--no-conf',
      '-q',
      `--dir=${into}`,
      '--seed-time=0',
      '--enable-dht=false',
      '--bt-enable-lpd=false',
      '--file-allocation=none',
      v1,
    ],
  },
];
const contenders = all.filter(
  ({ name, command }) =>
    (command === process.execPath || missingPrograms(command) === undefined) &&
    (options.only === undefined ||
      options.only.split(',').some((word) => name.toLowerCase().startsWith(word))),
);

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly serverCpuSeconds: number;
}

async function once({ name, command, args }: Contender, nginx: Program): Promise<Measured> {
  const into = join(folder, 'into');
  // Memory that a virtual machine just gave us is slow at its first touch, for all alike.
  await run('bash', [
    '-c',
    `head -c ${2 * sizeMiB}M /dev/zero | dd of=${folder}/warm bs=128k status=none; rm ${folder}/warm`,
  ]);
  const before = nginx.measure().cpuSeconds;
  const began = performance.now();
  const program = start('bash', ['-c', '"$@"; code=$?; times; exit $code', '-', command, ...args(into)], {
    log: join(folder, 'log'),
  });
  const code = await program.exited;
  const seconds = (performance.now() - began) / 1000;
  if (code !== 0)
    throw new Error(`${name} ended with ${code}: ${program.lines.join('\n')}; see ${folder}/log`);
  await run('cmp', [file, join(into, 'payload.bin')]);
  rmSync(into, { recursive: true });
  const times = [...(program.lines.at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return {
    seconds,
    cpuSeconds: times.reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0),
    serverCpuSeconds: nginx.measure().cpuSeconds - before,
  };
}

const nginx = await startNginx({ root: folder, state: join(folder, 'nginx'), address, port });
const results = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]));
try {
  for (let round = 0; round < Number(options.runs); round++) {
    for (const contender of contenders) results.get(contender.name)?.push(await once(contender, nginx));
  }
} finally {
  await nginx.stop();
  remove(folder);
}
console.log(`${sizeMiB} MiB from nginx onto the disk, medians of ${options.runs}`);
printTable(
  ['receiver', 'seconds', 'least', 'most', 'MB/s', 'receiver CPU s', 'nginx CPU s'],
  contenders.map(({ name }) => {
    const runs = results.get(name) ?? [];
    const seconds = runs.map((one) => one.seconds);
    return [
      name,
      short(median(seconds)),
      short(Math.min(...seconds)),
      short(Math.max(...seconds)),
      short((sizeMiB * 1.048576) / median(seconds)),
      short(median(runs.map((one) => one.cpuSeconds))),
      short(median(runs.map((one) => one.serverCpuSeconds))),
    ];
  }),
);
