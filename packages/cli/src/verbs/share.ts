// Makes a torrent of each PATH and shares it until interrupted.

import { basename, dirname, join, resolve } from 'node:path';
import { Option } from '@commander-js/extra-typings';
import { parseTorrent, type Torrent } from '@shoal/metainfo';
import { limitSettings } from '@shoal/node/config';
import { makeTorrentFile } from '@shoal/node/making';
import type { FileStamp } from '@shoal/storage';
import { boundConfig } from '../config.ts';
import { flags } from '../flags.ts';
import { createProgressBoard } from '../progress.ts';
import { commonRequest, tellIgnored } from '../running/flags.ts';
import { findNode } from '../running/running-node.ts';
import { shareInNode } from '../running/sharing.ts';
import { openFinding, portsOf } from '../transferring/finding.ts';
import { showHashing } from '../transferring/hashing.ts';
import { type OpenSession, openSession } from '../transferring/open-session.ts';
import { showProgress } from '../transferring/progress.ts';
import { tellSharing } from '../transferring/sharing.ts';
import { parsePeer, resolvePeers } from '../transferring/sources.ts';
import type { Context, Verb } from '../verb.ts';

const share: Verb = (command, context) => {
  command
    .argument('<PATH...>', 'files or folders; each becomes one torrent')
    .addOption(
      new Option('--format <FORMAT>', 'which clients can use it')
        .choices(['v1', 'v2', 'hybrid'] as const)
        .default('hybrid' as const),
    )
    .addOption(flags.data)
    .addOption(flags.config)
    .addOption(flags.port)
    .addOption(flags.peer)
    .addOption(flags.tracker)
    .addOption(flags.index)
    .addOption(flags.dhtBootstrap)
    .addOption(flags.network)
    .addOption(flags.noLan)
    .addOption(flags.downLimit)
    .addOption(flags.upLimit)
    .addOption(flags.limitLan)
    .addOption(flags.bind)
    .addOption(flags.filter)
    .addOption(flags.encryption)
    .action(async (paths, options) => {
      const { output, signal } = context;
      const { config } = await boundConfig(context, options);
      const world = await context.world();
      const limits = limitSettings(config);
      const given = (options.peer ?? []).map(parsePeer);
      const node = await findNode(config.data, signal);
      if (node !== undefined) {
        tellIgnored(context, node, options);
        await shareInNode(
          context,
          node,
          paths.map((path) => ({ ...commonRequest(options), path: resolve(path), format: options.format })),
        );
        return;
      }
      const opened = await openSession(context, {
        data: config.data,
        ...portsOf(config, options),
        encryption: options.encryption ?? config.encryption,
        exchangesPeers: config.network !== 'centralized',
        limits,
      });
      const finding = openFinding(context, opened, config, options);
      const board = createProgressBoard(output);
      const endings: (() => void)[] = [];
      try {
        const peers = await resolvePeers(world, given, ({ host }) =>
          output.note(`There is no host ${host}.`),
        );
        for (const path of paths) {
          const made = await makeTorrent(context, opened, resolve(path), {
            format: options.format,
            trackers: options.tracker ?? [],
          });
          const transfer = opened.session.add(
            { kind: 'torrent', torrent: made.torrent },
            {
              folder: dirname(resolve(path)),
              journal: join(made.folder, 'journal'),
              hashed: made.stamps,
              peers,
            },
          );
          await transfer.whenComplete(signal);
          finding.follow(
            transfer,
            { kind: 'torrent', torrent: made.torrent },
            { hasPeers: false, keepsSharing: true },
          );
          tellSharing(output, made.torrent, made.file, opened.port);
          endings.push(showProgress(transfer, output, board));
        }
        await aborted(signal);
      } finally {
        for (const end of endings) end();
        await Promise.all([finding.close(), opened.close()]);
      }
    });
};

export default share;

interface Made {
  readonly torrent: Torrent;
  readonly file: string;
  readonly folder: string;
  readonly stamps: FileStamp[];
}

async function makeTorrent(
  context: Context,
  opened: OpenSession,
  path: string,
  { format, trackers }: { readonly format: 'v1' | 'v2' | 'hybrid'; readonly trackers: readonly string[] },
): Promise<Made> {
  const world = await context.world();
  const { disk, hashing, clock, random } = world;
  const begunMs = clock.wallTimeMs();
  const temporary = join(opened.data, `making-${random.below(2 ** 32).toString(36)}.torrent`);
  const { bytes, layout } = await makeTorrentFile(world, {
    path,
    file: temporary,
    format,
    pieceLength: undefined,
    overwrite: false,
    details: { createdBy: `shoal ${context.version}`, trackers: trackers.map((url) => [url]) },
    signal: context.signal,
    onProgress: showHashing(context.output, path),
    onLeftOut: (leftOut, reason) =>
      context.output.event({ event: 'left-out', path: leftOut, reason }, `left out: ${leftOut} (${reason})`),
  });
  const safe = parseTorrent(bytes, (name, input) => hashing.digest(name, input));
  // Others may not be able to have these names; here the files have them.
  const torrent = { ...safe, layout, ...(safe.folder === undefined ? {} : { folder: basename(path) }) };
  const folder = await opened.stateFolder(torrent.infoHashes);
  const file = join(folder, `${torrent.name}.torrent`);
  await disk.rename(temporary, file);
  const stamps: FileStamp[] = [];
  for (const [index, entry] of torrent.layout.files.entries()) {
    if (entry.isPad) continue;
    const place = join(dirname(path), torrent.folder ?? '', ...entry.path);
    const stat = await disk.stat(place);
    // What was written while it was hashed is hashed again.
    if (stat.modifiedMs < begunMs)
      stamps.push({ file: index, id: stat.id, length: stat.length, modifiedMs: stat.modifiedMs });
  }
  return { torrent, file, folder, stamps };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }));
}
