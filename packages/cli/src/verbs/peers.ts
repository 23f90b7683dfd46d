// Who has a torrent, and who said so: everybody whom the network mode allows is asked once. Without a torrent: whom an
// index knows, and which Shoal nodes are on this network.

import type { Clock } from '@shoal/base';
import type { HostPort } from '@shoal/metainfo';
import { parsePeer, shortHashes } from '@shoal/node/addresses';
import { listOf } from '@shoal/node/config';
import { boundConfig } from '../config.ts';
import { CliError } from '../exit-codes.ts';
import { flags } from '../flags.ts';
import {
  indexesOf,
  looksAround,
  openDiscovery,
  portsOf,
  tellFailures,
  trackersFor,
} from '../transferring/finding.ts';
import { openSession } from '../transferring/open-session.ts';
import { readSource } from '../transferring/sources.ts';
import type { Context, Verb } from '../verb.ts';

const peers: Verb = (command, context) => {
  command
    .argument(
      '[LINK|FILE]',
      'a magnet link or torrent file; without one, the nodes that an index knows and those on this network',
    )
    .addOption(flags.peer)
    .addOption(flags.tracker)
    .addOption(flags.index)
    .addOption(flags.dhtBootstrap)
    .addOption(flags.network)
    .addOption(flags.noLan)
    .addOption(flags.bind)
    .addOption(flags.port)
    .addOption(flags.data)
    .addOption(flags.config)
    .action(async (item, options) => {
      const { output, signal } = context;
      const { config } = await boundConfig(context, options);
      const world = await context.world();
      const given = (options.peer ?? []).map(parsePeer);
      if (item === undefined) {
        const indexes = indexesOf(config, options);
        const mayLookAround = config.network !== 'centralized' && looksAround(options, config);
        if (!mayLookAround && indexes.length === 0)
          throw new CliError(
            'usage',
            'Without a link indexes and the local network are asked: no index is named with --index, and the local network is turned off.',
          );
        const { listIndexed } = await import('../transferring/indexed.ts');
        const lists = [
          ...indexes.map((url) => listIndexed(context, url)),
          ...(mayLookAround ? [listNeighbours(context)] : []),
        ];
        const counts = await Promise.all(lists);
        if (counts.every((count) => count === 0))
          throw new CliError('not-found', 'No other Shoal node is known or on this network.');
        return;
      }
      const source = await readSource(world, item);
      // Trackers and neighbours only talk to somebody who takes connections.
      const opened = await openSession(context, {
        data: config.data,
        ...portsOf(config, options),
        encryption: config.encryption,
        exchangesPeers: false,
        limits: {},
      });
      try {
        const { port, data, session } = opened;
        const { peerId } = session;
        const discovery = await openDiscovery(context, { config, peerId, port, data, flags: options });
        try {
          const torrent = source.kind === 'torrent' ? source.torrent : undefined;
          const isPrivate = torrent?.isPrivate ?? false;
          if (!isPrivate) for (const node of torrent?.nodes ?? []) discovery.addDhtNode(node);
          const named: readonly HostPort[] = source.kind === 'magnet' ? source.magnet.peers : [];
          const { infoHashes } = source.kind === 'torrent' ? source.torrent : source.magnet;
          let count = 0;
          const quest = discovery.seek(
            {
              infoHashes: shortHashes(infoHashes),
              isPrivate,
              trackers: trackersFor(source, options),
              moreTrackers: listOf(config.trackers),
              peers: [...given, ...named],
              port,
              amounts: () => ({ uploaded: 0, downloaded: 0, left: -1 }),
              failed: tellFailures(context),
            },
            () => output.progress(`asking ${discovery.kinds.join(', ')}: ${++count} peers`),
            { once: true },
          );
          await untilAborted(Promise.race([quest.done, passed(world.clock, longestMs)]), signal);
          for (const { address: at, tellers } of quest.peers) {
            const { address, zone } = at;
            const sources = tellers.map(({ kind, teller }) => ({ kind, teller }));
            const words = tellers.map(({ kind, teller }) => (kind === teller ? kind : `${kind} ${teller}`));
            output.result(
              { address, port: at.port, ...(zone === undefined ? {} : { zone }), sources },
              `${endpointText(at)}  ${words.join(', ')}`,
            );
          }
          if (quest.peers.length === 0)
            throw new CliError(
              'not-found',
              `Nobody whom we can ask (${discovery.kinds.filter((kind) => kind !== 'given').join(', ')}) knows who has it. A tracker is named with --tracker, an index with --index, a way into the DHT with --dht-bootstrap.`,
            );
        } finally {
          await discovery.close();
        }
      } finally {
        await opened.close();
      }
    });
};

export default peers;

/** A UDP tracker that is gone is asked for 35 s, which nobody wants to wait for when the others have answered. */
const longestMs = 20_000;
/** Nodes answer within a second; a Wi-Fi may take a little longer. */
const patienceMs = 1_500;

async function listNeighbours({ world: open, output, signal }: Context): Promise<number> {
  const world = await open();
  const { Neighbourhood } = await import('@shoal/lan');
  const id = new Uint8Array(8);
  world.random.fill(id);
  const neighbourhood = new Neighbourhood(world, { id, port: undefined });
  try {
    await untilAborted(passed(world.clock, patienceMs), signal);
    const { neighbours } = neighbourhood;
    for (const { name, port, addresses } of neighbours) {
      const places = addresses.map((one) => endpointText({ ...one, port }));
      output.result({ node: name, port, addresses }, `${name}  ${places.join(', ')}`);
    }
    return neighbours.length;
  } finally {
    await neighbourhood.close();
  }
}

function endpointText(at: {
  readonly address: string;
  readonly zone?: string;
  readonly port: number;
}): string {
  const zone = at.zone === undefined ? '' : `%${at.zone}`;
  return at.address.includes(':') ? `[${at.address}${zone}]:${at.port}` : `${at.address}:${at.port}`;
}

function passed(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(ms, resolve));
}

async function untilAborted(done: Promise<void>, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    done.then(resolve, reject);
    if (signal.aborted) reject(signal.reason);
  });
}
