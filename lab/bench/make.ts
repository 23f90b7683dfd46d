// Making a torrent file of one large file: `shoal make` and mktorrent, side by side.
// Run: node lab/bench/make.ts [--size MiB] [--runs N]

import { existsSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { shoalCommand } from '../clients/shoal.ts';
import { type Contender, isInstalled, makePayload, race, remove } from './side-by-side.ts';

const { values: options } = parseArgs({
  options: { size: { type: 'string', default: '2048' }, runs: { type: 'string', default: '5' } },
});

const { folder, file } = makePayload('payload', Number(options.size));
const torrent = join(folder, 'made.torrent');
const again: Pick<Contender, 'prepare' | 'verify'> = {
  prepare: () => rmSync(torrent, { force: true }),
  verify: () => {
    if (!existsSync(torrent)) throw new Error('no torrent was made');
  },
};

const contenders: Contender[] = (['v1', 'v2', 'hybrid'] as const).map((format) => ({
  name: `Shoal ${format}`,
  command: process.execPath,
  args: [shoalCommand, 'make', file, '-o', torrent, '--format', format, '--piece-length', '1M'],
  ...again,
}));
if (isInstalled('mktorrent', ['-h'])) {
  const threads = String(availableParallelism());
  contenders.push({
    name: `mktorrent v1 -t${threads}`,
    command: 'mktorrent',
    args: ['-t', threads, '-l', '20', '-o', torrent, file],
    ...again,
  });
} else console.log('skipped: mktorrent is not installed');

race(contenders, Number(options.runs));
remove(folder);
