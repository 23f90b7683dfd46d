// How exactly a speed limit holds, as the system counts the bytes of the connection. Run: node lab/bench/limits.ts [--rates 10kB,1MB,…] [--directions up,down] [--seconds N]
// `share` and `get` as shipped, over loopback; what `ss` says was acknowledged, from a second after the first bytes on.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { shoalCommand } from '../clients/shoal.ts';
import { printTable } from './table.ts';

const { values: options } = parseArgs({
  options: {
    rates: { type: 'string', default: '10kB,100kB,1MB,10MB,100MB,500MB' },
    directions: { type: 'string', default: 'up,down' },
    seconds: { type: 'string' },
    peers: { type: 'string', default: '1' },
  },
});

const units: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6 };
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'shoal-limits-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

const rows: string[][] = [];
for (const text of options.rates.split(','))
  for (const direction of options.directions.split(',')) {
    const rate = Number.parseFloat(text) * (units[text.replace(/[\d.]+/, '')] ?? Number.NaN);
    const seconds = Number(options.seconds ?? (rate < 50_000 ? 80 : rate < 5e5 ? 20 : rate < 5e7 ? 8 : 4));
    const measured = await measure(text, rate, direction, seconds);
    rows.push([
      text,
      direction,
      `${seconds}`,
      (measured / 1e6).toPrecision(4),
      `${(100 * (measured / rate - 1)).toFixed(1)} %`,
    ]);
  }
printTable(['limit', 'direction', 'seconds', 'MB/s', 'off by'], rows);

async function measure(text: string, rate: number, direction: string, seconds: number): Promise<number> {
  const name = `content-${text}-${direction}`;
  const file = join(folder, name);
  writeFileSync(file, name);
  truncateSync(file, Math.ceil(rate * (seconds + 4)) + 1_000_000);
  const common = ['--network', 'centralized', '--no-lan', '--json'];
  const limit = [`--${direction}-limit`, text];
  const sharing = start([
    'share',
    file,
    '--data',
    join(folder, 'sharing'),
    ...common,
    ...(direction === 'up' ? limit : []),
  ]);
  const getting: ReturnType<typeof start>[] = [];
  try {
    const { torrent, port } = await sharing.said('sharing');
    for (let i = 0; i < Number(options.peers); i++)
      getting.push(
        start([
          'get',
          String(torrent),
          ...['-o', join(folder, `got-${i}`), '--data', join(folder, `getting-${i}`)],
          ...['--peer', `127.0.0.1:${port}`],
          ...common,
          ...(direction === 'down' ? limit : []),
        ]),
      );
    while (acknowledged(Number(port)) < 1000) await sleep(50);
    await sleep(1000);
    const [began, before] = [performance.now(), acknowledged(Number(port))];
    await sleep(seconds * 1000);
    const after = acknowledged(Number(port));
    return ((after - before) * 1000) / (performance.now() - began);
  } finally {
    await Promise.all([sharing, ...getting].map(({ stop }) => stop()));
    rmSync(file);
    for (const i of getting.keys()) rmSync(join(folder, `got-${i}`), { recursive: true, force: true });
  }
}

function acknowledged(port: number): number {
  const text = execFileSync('ss', ['-Htin', 'state', 'established', `( sport = :${port} )`], {
    encoding: 'utf8',
  });
  return [...text.matchAll(/bytes_acked:(\d+)/g)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
}

function start(words: readonly string[]) {
  const child = spawn(process.execPath, [shoalCommand, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const lines = createInterface(child.stdout);
  return {
    async said(event: string): Promise<Record<string, unknown>> {
      for await (const line of lines) {
        const said: Record<string, unknown> = JSON.parse(line);
        if (said.event === event) return said;
      }
      throw new Error(`it ended without ${event}`);
    },
    async stop(): Promise<void> {
      child.kill('SIGINT');
      await closed;
    },
  };
}
