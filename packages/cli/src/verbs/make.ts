import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { magnetOf, parseTorrent, type Torrent } from '@shoal/metainfo';
import { makeTorrentFile } from '@shoal/node/making';
import { describeTorrent } from '../describe.ts';
import { countOf, formatBytes } from '../numbers.ts';
import type { Verb } from '../verb.ts';

const make: Verb = (command, context) => {
  command
    .argument('<PATH>', 'the file or folder to make a torrent of')
    .requiredOption('-o, --output <FILE>', 'where to write the torrent')
    .addOption(
      new Option('--format <FORMAT>', 'which clients can use it')
        .choices(['v1', 'v2', 'hybrid'] as const)
        .default('hybrid' as const),
    )
    .option('--piece-length <N>', 'bytes a piece, also as 256K or 4M (default: by size)', parseLength)
    .option('--tracker <URL>', 'a tracker; may be given several times, each is a tier', collectTracker)
    .option(
      '--web-seed <URL>',
      'a web server that has the content; may be given several times',
      collectWebSeed,
    )
    .option('--private', 'only peers from these trackers, no others')
    .option('--comment <TEXT>', 'a remark for people')
    .option('--overwrite', 'replace FILE when it is there')
    .addHelpText(
      'after',
      '\nHidden and empty files are taken along. Links, empty folders, sockets and devices are left out, and named.',
    )
    .action(async (path, options) => {
      const world = await context.world();
      const { output } = context;
      const file = resolve(options.output);
      const { bytes } = await makeTorrentFile(world, {
        path: resolve(path),
        file,
        format: options.format,
        pieceLength: options.pieceLength,
        overwrite: options.overwrite === true,
        details: {
          trackers: (options.tracker ?? []).map((url) => [url]),
          webSeeds: options.webSeed ?? [],
          isPrivate: options.private === true,
          createdBy: `shoal ${context.version}`,
          creationDate: Math.floor(world.clock.wallTimeMs() / 1000),
          ...(options.comment === undefined ? {} : { comment: options.comment }),
        },
        signal: context.signal,
        onProgress: (done, total) =>
          output.progress(
            `hashed ${formatBytes(done)} of ${formatBytes(total)}, ${Math.floor((100 * done) / total)} %`,
          ),
        onLeftOut: (leftOut, reason) => {
          const data = { event: 'left-out', path: leftOut, reason };
          output.event(data, `left out: ${leftOut} (${reason})`);
        },
      });
      const torrent = parseTorrent(bytes, (name, input) => world.hashing.digest(name, input));
      const { files: _, ...facts } = describeTorrent(torrent);
      output.result({ file, ...facts }, textOf(file, torrent));
    });
};

function textOf(file: string, torrent: Torrent): string {
  const { layout } = torrent;
  const count = layout.files.filter((entry) => !entry.isPad).length;
  return [
    `${file}: ${countOf(count, 'file')}, ${formatBytes(layout.contentLength)}, ${countOf(layout.pieceCount, 'piece')} of ${formatBytes(layout.pieceLength)}`,
    magnetOf(torrent),
  ].join('\n');
}

/** Whole bytes, or with K or M for 1024 and 1024² of them. */
function parseLength(text: string): number {
  const match = /^(\d{1,10})(?:([km])(?:ib)?)?$/i.exec(text);
  if (match === null) throw new InvalidArgumentError('It is a number of bytes like 262144, 256K or 4M.');
  const factor = { k: 1024, m: 1024 * 1024 }[match[2]?.toLowerCase() ?? ''] ?? 1;
  return Number(match[1]) * factor;
}

function collectTracker(url: string, before: string[] | undefined): string[] {
  return [...(before ?? []), checkUrl(url, ['http:', 'https:', 'udp:', 'ws:', 'wss:'])];
}

function collectWebSeed(url: string, before: string[] | undefined): string[] {
  return [...(before ?? []), checkUrl(url, ['http:', 'https:'])];
}

function checkUrl(url: string, schemes: readonly string[]): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !schemes.includes(parsed.protocol) || parsed.hostname === '') {
    throw new InvalidArgumentError(`It is a URL with one of ${schemes.map((s) => `${s}//`).join(' ')}`);
  }
  return url;
}

export default make;
