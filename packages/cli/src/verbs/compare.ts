// The same file from one source to several receivers, both ways, with real processes on this machine: the numbers that
// an argument about servers and peers wants.

import { copyFile, link, mkdir, mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { parseRate } from '@shoal/node/config';
import * as bound from '../comparing/bounds.ts';
import type { Outcome, Way } from '../comparing/contest.ts';
import { CliError } from '../exit-codes.ts';
import { countOf, formatBytes } from '../numbers.ts';
import type { Verb } from '../verb.ts';

const ways: readonly Way[] = ['client-server', 'peer-to-peer'];

const compare: Verb = (command, context) => {
  command
    .argument('<FILE>', 'what is sent')
    .option('--receivers <N>', `how many want it, up to ${bound.mostReceivers}`, parseCount, 4)
    .option(
      '--uplink <RATE>',
      `what each may send in a second, both ways, such as 5MB (default: the client-server way takes ${bound.usualSeconds} s)`,
    )
    .option(
      '--kill-source [COPIES]',
      'kill the source when it has sent so many copies (default: half as many as there are receivers)',
      parseCopies,
    )
    .option('--patience <SECONDS>', 'a run is over when nobody got a byte for so long', parseCount, 15)
    .option(
      '--work <DIR>',
      "where the receivers' copies go meanwhile (default: the system's temporary folder)",
    )
    .option('--out <FILE>', 'write a plot there, as SVG')
    .action(async (path, options) => {
      const { output, signal } = context;
      const { receivers, patience, killSource } = options;
      if (receivers > bound.mostReceivers)
        throw new CliError(
          'usage',
          `This machine would be busy with itself: up to ${bound.mostReceivers} receivers.`,
        );
      const file = await lookAt(resolve(path));
      const uplink =
        options.uplink === undefined ? usualUplink(file.length * receivers) : given(options.uplink);
      const copies = killSource === true ? receivers / 2 : killSource;
      if (copies !== undefined && process.platform !== 'linux')
        throw new CliError(
          'failed',
          'What a source has sent, only Linux tells from outside: there is no --kill-source here.',
        );
      const { holdContest, sha256Of } = await import('../comparing/contest.ts');
      const { outcomePlot, outcomeTable } = await import('../comparing/show.ts');
      const work = resolve(options.work ?? tmpdir());
      await checkRoom(work, file.length * (receivers + 1));
      const folder = await mkdtemp(join(work, 'shoal-compare-'));
      const outcomes: Outcome[] = [];
      try {
        const source = await place(file, join(folder, 'source'));
        const sha256 = await sha256Of(join(source.folder, source.name), signal);
        const uplinkText = `${formatBytes(uplink)}/s`;
        const end = copies === undefined ? '' : `; the source is killed when it has sent ${copies} of it`;
        output.event(
          { event: 'begun', path: file.path, bytes: file.length, receivers, uplink, killAfterCopies: copies },
          `${formatBytes(file.length)} to ${countOf(receivers, 'receiver')} at once, on this machine. Each process may send ${uplinkText}, the source both ways alike${end}.`,
        );
        for (const way of ways) {
          const outcome = await holdContest(way, {
            source,
            sha256,
            receivers,
            uplinkBytesPerSecond: uplink,
            killAfterBytes: copies === undefined ? undefined : copies * file.length,
            patienceMs: patience * 1000,
            folder: join(folder, way),
            signal,
            onProgress: (share, seconds) =>
              output.progress(`${way}: ${Math.floor(share * 100)}% in ${seconds.toFixed(0)} s`),
          });
          outcomes.push(outcome);
          const { points: _, ...numbers } = outcome;
          output.event({ event: 'outcome', ...numbers }, endingOf(outcome, file.length, copies));
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
      if (options.out !== undefined) {
        const title = `${formatBytes(file.length)} to ${countOf(receivers, 'receiver')}, ${formatBytes(uplink)}/s each`;
        await writeFile(options.out, outcomePlot(outcomes, title));
      }
      if (!output.json) output.result({}, outcomeTable(outcomes, file.length));
      // Nobody killed the source, and yet somebody has not got it.
      if (copies === undefined && outcomes.some(({ complete }) => complete < receivers)) context.exitWith(1);
    });
};

export default compare;

interface Chosen {
  readonly path: string;
  readonly length: number;
}

async function lookAt(path: string): Promise<Chosen> {
  const found = await stat(path).catch((cause: Error) => {
    throw new CliError('not-found', `${path} cannot be read: ${cause.message}.`, { cause });
  });
  if (!found.isFile()) throw new CliError('usage', `${path} is no file. Give one file.`);
  if (found.size === 0) throw new CliError('usage', `${path} is empty: there is nothing to send.`);
  return { path, length: found.size };
}

/** Alone in a folder, under a plain name: what lies beside it is nobody's business. */
async function place({ path, length }: Chosen, folder: string) {
  const name = `file${/^\.\w{1,10}$/.exec(extname(path))?.[0] ?? ''}`;
  await mkdir(folder);
  const there = join(folder, name);
  // Another disk, or somebody else's file.
  await link(path, there).catch(() => copyFile(path, there));
  return { folder, name, length };
}

async function checkRoom(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder).catch((cause: Error) => {
    throw new CliError('not-found', `${folder} cannot be used: ${cause.message}.`, { cause });
  });
  if (bavail * bsize < needed)
    throw new CliError(
      'failed',
      `The copies of all receivers take ${formatBytes(needed)}, and ${folder} has room for ${formatBytes(bavail * bsize)}.\nName another folder with --work DIR, or fewer receivers.`,
    );
}

function endingOf(
  { way, killed, complete, receivers, sourceBytes }: Outcome,
  length: number,
  killCopies: number | undefined,
): string {
  const all = `${complete} of ${receivers} have it whole`;
  if (killed !== undefined)
    return `${way}: the source was killed after ${killed.seconds} s and ${(killed.sourceBytes / length).toFixed(2)} copies; ${all}.`;
  const sent =
    sourceBytes === undefined ? '' : ` The source sent ${(sourceBytes / length).toFixed(2)} copies.`;
  const lived = killCopies === undefined ? '' : ' It was over before the source was to be killed.';
  return `${way}: ${all}.${sent}${lived}`;
}

function usualUplink(bytes: number): number {
  const rate = Math.min(bound.mostUsualUplink, Math.max(bound.leastUsualUplink, bytes / bound.usualSeconds));
  // Two digits are enough for people.
  return Number(rate.toPrecision(2));
}

function given(text: string): number {
  const rate = parseRate(text);
  if (rate === undefined || rate === 0)
    throw new CliError('usage', 'Without a limit it would be no comparison: give a rate such as 5MB.');
  return rate;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d{1,4}$/.test(text) || count < 1) throw new InvalidArgumentError('It is a whole number above 0.');
  return count;
}

function parseCopies(text: string): number {
  const copies = Number(text);
  if (!/^\d{1,3}(?:\.\d{1,3})?$/.test(text) || copies <= 0)
    throw new InvalidArgumentError('It is a number above 0, such as 1.5.');
  return copies;
}
