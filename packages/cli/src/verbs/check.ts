// Says which files and pieces of a torrent are good in a folder. Changes nothing, and needs no node.

import { join, resolve } from 'node:path';
import type { Bitfield } from '@shoal/base';
import type { Torrent } from '@shoal/metainfo';
import { type CheckedContent, type CheckedFile, checkContent } from '@shoal/storage';
import { CliError, exitCodes } from '../exit-codes.ts';
import { formatBytes } from '../numbers.ts';
import { readSource } from '../transferring/sources.ts';
import type { Verb } from '../verb.ts';

const check: Verb = (command, context) => {
  command
    .argument('<TORRENT>', 'a torrent file')
    .argument('<DIR>', 'the folder that `get -o` was given')
    .addHelpText('after', '\nExit code 0 when all is there and good, 1 otherwise.')
    .action(async (what, folder) => {
      const { output, signal } = context;
      const world = await context.world();
      const source = await readSource(world, what);
      if (source.kind !== 'torrent')
        throw new CliError(
          'usage',
          'A magnet link does not say what its files hash to. Give a torrent file.',
        );
      const { torrent } = source;
      const { layout, hashes } = torrent;
      let looked = 0;
      const checked = await checkContent(
        {
          disk: world.disk,
          hashing: world.hashing,
          layout,
          hashes,
          folder: join(resolve(folder), torrent.folder ?? ''),
        },
        {
          signal,
          onPiece: () => {
            looked++;
            if (looked % progressStep === 0)
              output.progress(`checked ${looked} of ${layout.pieceCount} pieces`);
          },
        },
      );
      output.result(dataOf(torrent, checked), textOf(torrent, checked));
      context.exitWith(checked.isComplete ? exitCodes.done : exitCodes.failed);
    });
};

export default check;

/** As many pieces between two looks at the terminal. */
const progressStep = 64;
const mostLines = 50;

const problems: Readonly<Record<CheckedFile['standing'], string>> = {
  whole: '',
  'too long': 'has more bytes than it should',
  'too short': 'has fewer bytes than it should',
  incomplete: 'is not released: it has its incomplete name',
  absent: 'is not there',
  'not a file': 'is not a file',
};

function dataOf({ layout }: Torrent, { isComplete, good, files }: CheckedContent) {
  return {
    complete: isComplete,
    piecesGood: good.count,
    pieces: layout.pieceCount,
    files: files.map((file) => ({
      path: layout.files[file.file]?.path.join('/') ?? '',
      length: layout.files[file.file]?.length ?? 0,
      complete: file.isComplete,
      piecesGood: file.goodPieces,
      pieces: file.pieces,
      ...(file.standing === 'whole' ? {} : { problem: problems[file.standing] }),
    })),
    piecesNotGood: runsNotIn(good),
  };
}

function textOf(torrent: Torrent, { isComplete, good, files }: CheckedContent): string {
  const { layout, name } = torrent;
  const size = `${layout.pieceCount} pieces, ${formatBytes(layout.contentLength)}`;
  if (isComplete) return `${name}: complete, ${size}`;
  const bad = files.filter((file) => !file.isComplete);
  const lines = bad.slice(0, mostLines).map((file) => {
    const problem = problems[file.standing];
    const counts = `${file.goodPieces} of ${file.pieces} pieces good`;
    return `  ${layout.files[file.file]?.path.join('/')}: ${problem === '' ? counts : `${counts}, ${problem}`}`;
  });
  if (bad.length > mostLines) lines.push(`  and ${bad.length - mostLines} more files`);
  const runs = runsNotIn(good).map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  if (runs.length > 0) {
    const more = runs.length > mostLines ? `, and ${runs.length - mostLines} more runs` : '';
    lines.push(`pieces that are not good: ${runs.slice(0, mostLines).join(', ')}${more}`);
  }
  return [`${name}: not complete, ${good.count} of ${size} are good`, ...lines].join('\n');
}

/** First and last of each run of pieces that are not good. */
function runsNotIn(good: Bitfield): [first: number, last: number][] {
  const runs: [number, number][] = [];
  for (let piece = 0; piece < good.length; piece++) {
    if (good.has(piece)) continue;
    const run = runs.at(-1);
    if (run !== undefined && run[1] === piece - 1) run[1] = piece;
    else runs.push([piece, piece]);
  }
  return runs;
}
