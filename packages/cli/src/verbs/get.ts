// Fetches what links and torrent files name, verifies it, and shares it on with --seed; and files from web servers.

import { join, resolve } from 'node:path';
import { toHex } from '@shoal/base';
import { encodeTorrent, magnetOf, type Torrent } from '@shoal/metainfo';
import { limitSettings } from '@shoal/node/config';
import type { NamedSource, Session, Transfer } from '@shoal/swarm';
import { boundConfig } from '../config.ts';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import { matchesPath } from '../globs.ts';
import { formatBytes } from '../numbers.ts';
import { createProgressBoard } from '../progress.ts';
import { type CommonFlags, commonRequest, tellIgnored } from '../running/flags.ts';
import { getInNode, type Handed } from '../running/handing.ts';
import { findNode } from '../running/running-node.ts';
import { parseChecksum } from '../transferring/checksums.ts';
import { openFinding, portsOf } from '../transferring/finding.ts';
import { dropForeignNames, type Imported, importResume } from '../transferring/importing.ts';
import { type OpenSession, openSession } from '../transferring/open-session.ts';
import { showProgress } from '../transferring/progress.ts';
import { tellSharing } from '../transferring/sharing.ts';
import { parsePeer, readSource, resolvePeers } from '../transferring/sources.ts';
import { getFromWeb, isWebAddress } from '../transferring/web.ts';
import type { Context, Verb } from '../verb.ts';

const get: Verb = (command, context) => {
  command
    .argument('<LINK|FILE|URL...>', 'magnet links, torrent files, and files on web servers')
    .option('-o, --output <DIR>', 'the folder to fetch into (default: this one)')
    .option('--select <GLOB>', 'only files whose path or name fits; may be given several times', collect)
    .option('--seed', 'go on sharing until interrupted')
    .option('--mirror <URL>', 'a web server that has it too; may be given several times', collect)
    .option('--checksum <SUM>', 'what a file from a web server must have, such as sha-256=HEX', parseChecksum)
    .option('--overwrite', 'replace files that are in the way')
    .option(
      '--resume-from <FILE>',
      'go on where libtorrent, qBittorrent or Transmission was, by its .fastresume or .resume file',
    )
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
    .addOption(flags.port)
    .addOption(flags.data)
    .addOption(flags.config)
    .addOption(flags.encryption)
    .action(async (items, options) => {
      const { output, signal } = context;
      const { config } = await boundConfig(context, options);
      const world = await context.world();
      const limits = limitSettings(config);
      const given = (options.peer ?? []).map(parsePeer);
      const mirrors = options.mirror ?? [];
      if (mirrors.length > 0 && items.length > 1)
        throw new CliError('usage', '--mirror names another place of one thing, and several were given.');
      if (options.checksum !== undefined && !(items.length === 1 && isWebAddress(items[0] ?? '')))
        throw new CliError('usage', '--checksum is of one file from a web server.');
      const webOptions = {
        mirrors,
        checksum: options.checksum,
        folder: resolve(options.output ?? '.'),
        overwrite: options.overwrite === true,
        limits,
      };
      const named: NamedSource[] = [];
      for (const item of items) {
        const source = isWebAddress(item)
          ? await getFromWeb(context, item, webOptions)
          : await readSource(world, item);
        if (source !== undefined) named.push(source);
      }
      if (named.length === 0) return;
      const into = options.output === undefined ? undefined : resolve(options.output);
      const node = await findNode(config.data, signal);
      if (node !== undefined) {
        if (options.resumeFrom !== undefined)
          throw new CliError(
            'usage',
            `The node of ${config.data} runs, and it takes no resume files.\nStop it, or give this transfer a folder of its own with --data DIR.`,
          );
        tellIgnored(context, node, options);
        const handed = named.map((source) => handOver(source, into ?? resolve('.'), options));
        await getInNode(context, node, handed, { tellsSharing: options.seed === true });
        return;
      }
      const imported =
        options.resumeFrom === undefined
          ? undefined
          : await importResume(world, named, options.resumeFrom, into);
      const sources = imported === undefined ? named : [imported.source];
      if (imported !== undefined) output.note(imported.note);
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
        const shared = await resolvePeers(world, given, unknownHost(context));
        const running = sources.map(async (source) => {
          const begunMs = world.clock.nowMs();
          const own = source.kind === 'magnet' ? source.magnet.peers : [];
          const folder = into ?? resolve('.');
          const peers = [...shared, ...(await resolvePeers(world, own, unknownHost(context)))];
          const { transfer, misfit } = await begin(opened, source, {
            folder,
            globs: options.select ?? [],
            overwrite: options.overwrite === true,
            peers,
            mirrors,
            imported,
          });
          endings.push(showProgress(transfer, output, board));
          finding.follow(transfer, source, {
            hasPeers: peers.length > 0 || hasWebSeeds(source, mirrors),
            keepsSharing: options.seed === true,
          });
          const complete = transfer.whenComplete(signal);
          await (misfit === undefined ? complete : Promise.race([misfit, complete]));
          if (imported !== undefined) await dropForeignNames(transfer);
          const { bytes } = transfer.progress;
          const seconds = Math.round(world.clock.nowMs() - begunMs) / 1000;
          const path = placeOf(transfer, folder);
          output.event(
            { event: 'complete', path, bytes, seconds },
            `${path}: complete, ${formatBytes(bytes)} in ${seconds.toFixed(1)} s`,
          );
          if (options.seed === true && transfer.torrent !== undefined)
            tellSharing(
              output,
              transfer.torrent,
              await keepTorrent(context, opened, transfer.torrent),
              opened.port,
            );
        });
        await Promise.all(running);
        if (options.seed === true) await aborted(signal);
      } finally {
        for (const end of endings) end();
        await Promise.all([finding.close(), opened.close()]);
      }
    });
};

export default get;

interface HandedFlags extends CommonFlags {
  readonly select?: readonly string[];
  readonly mirror?: readonly string[];
  readonly overwrite?: true;
}

function handOver(source: NamedSource, folder: string, options: HandedFlags): Handed {
  const { infoHashes } = source.kind === 'torrent' ? source.torrent : source.magnet;
  const { v1, v2 } = infoHashes;
  return {
    hashes: [v2, v1].filter((hash) => hash !== undefined).map(toHex),
    request: {
      ...(source.kind === 'torrent'
        ? { torrent: Buffer.from(encodeTorrent(source.torrent)).toString('base64') }
        : { link: magnetOf(source.magnet) }),
      ...commonRequest(options),
      folder,
      overwrite: options.overwrite === true,
      ...(options.select && { select: [...options.select] }),
      ...(options.mirror && { webSeeds: [...options.mirror] }),
    },
  };
}

async function begin(
  { session, stateFolder }: { session: Session; stateFolder: OpenSession['stateFolder'] },
  source: NamedSource,
  options: {
    readonly folder: string;
    readonly globs: readonly string[];
    readonly overwrite: boolean;
    readonly peers: Parameters<Session['add']>[1]['peers'];
    readonly mirrors: readonly string[];
    readonly imported: Imported | undefined;
  },
): Promise<{ readonly transfer: Transfer; readonly misfit: Promise<never> | undefined }> {
  const { folder, globs, overwrite, peers = [], mirrors, imported } = options;
  const infoHashes = source.kind === 'torrent' ? source.torrent.infoHashes : source.magnet.infoHashes;
  const ranges = source.kind === 'magnet' ? source.magnet.selectOnly : undefined;
  const fits = (path: string, file: number) =>
    (globs.length === 0
      ? imported?.isWanted(file) !== false
      : globs.some((glob) => matchesPath(path, glob))) &&
    (ranges === undefined || ranges.some(({ first, last }) => file >= first && file <= last));
  const transfer = session.add(source, {
    folder,
    journal: join(await stateFolder(infoHashes), 'journal'),
    overwrite,
    peers,
    webSeeds: mirrors,
    isWanted: fits,
    ...imported?.options,
  });
  return { transfer, misfit: globs.length === 0 ? undefined : misfitOf(transfer, fits, globs) };
}

/** Web servers need no peers, once there is metadata. */
function hasWebSeeds(source: NamedSource, mirrors: readonly string[]): boolean {
  return source.kind === 'torrent' && (mirrors.length > 0 || source.torrent.webSeeds.length > 0);
}

/** Rejects when the selection names nothing, which would otherwise end as complete; never resolves. */
function misfitOf(
  transfer: Transfer,
  fits: (path: string, file: number) => boolean,
  globs: readonly string[],
): Promise<never> {
  return new Promise((_, reject) => {
    const check = (torrent: Torrent) => {
      const isAny = torrent.layout.files.some(
        ({ path, isPad }, file) => !isPad && fits(path.join('/'), file),
      );
      if (!isAny) reject(new CliError('not-found', `No file of ${torrent.name} fits ${globs.join(' or ')}.`));
    };
    if (transfer.torrent !== undefined) check(transfer.torrent);
    else
      transfer.subscribe((event) => {
        if (event.kind === 'metadata') check(event.torrent);
      });
  });
}

function placeOf(transfer: Transfer, folder: string): string {
  const { torrent, home } = transfer;
  if (home?.ownsFolder === true) return home.folder;
  return torrent === undefined ? folder : join(home?.folder ?? folder, torrent.folder ?? torrent.name);
}

async function keepTorrent(context: Context, opened: OpenSession, torrent: Torrent): Promise<string> {
  const { disk } = await context.world();
  const file = join(await opened.stateFolder(torrent.infoHashes), `${torrent.name}.torrent`);
  const unfinished = `${file}.part`;
  const written = await disk.open(unfinished, { write: true, create: true });
  try {
    await written.truncate(0);
    await written.write([encodeTorrent(torrent)], 0);
  } finally {
    await written.close();
  }
  await disk.rename(unfinished, file);
  return file;
}

function unknownHost({ output }: Context): (peer: { host: string }) => void {
  return ({ host }) => output.note(`There is no host ${host}.`);
}

function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }));
}
