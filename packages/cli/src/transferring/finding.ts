// Peers for the transfers of a session, from all that the network mode allows. The room that asks is loaded when
// somebody is to be asked: a download that is done with the peers it was given asks nobody.

import type { AmountsDone } from '@shoal/base';
import type { Discovery, NetworkMode, Subject } from '@shoal/discovery';
import type { HostPort, InfoHashes, Torrent } from '@shoal/metainfo';
import type { NamedSource, Transfer } from '@shoal/swarm';
import { readDhtNodes, writeDhtNodes } from '../dht/saved-nodes.ts';
import type { Context } from '../verb.ts';
import type { OpenSession } from './open-session.ts';
import { parsePeer } from './sources.ts';

export interface FindingFlags {
  readonly tracker?: readonly string[];
  readonly index?: readonly string[];
  readonly dhtBootstrap?: readonly string[];
  /** False where `--no-lan` was given. */
  readonly lan: boolean;
}

export interface FollowOptions {
  /** Peers were given: the others are asked only when those did not do it within a second. */
  readonly hasPeers: boolean;
  /** It goes on being shared when it is complete. */
  readonly keepsSharing: boolean;
}

export interface Finding {
  /** Seeks peers for a transfer, and tells others that it is here, until `close`. */
  follow(transfer: Transfer, source: NamedSource, options: FollowOptions): void;
  /** Tells those who know us that we are gone, and waits for their word no longer than some seconds. */
  close(): Promise<void>;
}

const givenPeersFirstMs = 1_000;
/** Ways into the DHT that peers named meanwhile; one that answers is enough. */
const mostNodesKept = 16;

export function openFinding(
  context: Context,
  { session, port, data }: OpenSession,
  mode: NetworkMode,
  flags: FindingFlags,
): Finding {
  const endings: (() => void)[] = [];
  /** What peers said before anybody was to be asked. */
  const dhtNodes: HostPort[] = [];
  let discovery: Promise<Discovery> | undefined;
  let isClosed = false;
  // The DHT takes the same port when it starts, which it does as soon as a peer leads in.
  if (mode !== 'centralized') session.dhtPort = port;

  async function open(): Promise<Discovery> {
    return openDiscovery(context, { mode, peerId: session.peerId, port, data, flags });
  }

  async function seek(transfer: Transfer, source: NamedSource): Promise<void> {
    discovery ??= open();
    const opened = await discovery;
    if (isClosed) return;
    const { torrent } = transfer;
    const quest = opened.seek(
      {
        infoHashes: shortHashes(torrent?.infoHashes ?? transfer.infoHashes),
        isPrivate: torrent?.isPrivate ?? false,
        trackers: trackersOf(source, flags),
        port,
        amounts: () => amountsOf(transfer),
        failed: tellFailures(context),
      },
      (address, { kind }) => transfer.addPeer(address, kind),
    );
    if (torrent !== undefined) learnNodes(opened, torrent);
    for (const node of dhtNodes.splice(0)) opened.addDhtNode(node);
    endings.push(
      transfer.subscribe((event) => {
        if (event.kind === 'complete') quest.completed();
        if (event.kind === 'peer-joined') quest.worked(event.address);
        if (event.kind !== 'metadata') return;
        const { infoHashes, isPrivate } = event.torrent;
        quest.learned({ infoHashes: shortHashes(infoHashes), isPrivate });
        learnNodes(opened, event.torrent);
      }),
    );
  }

  function heardOfNode(node: HostPort): void {
    if (discovery !== undefined) void discovery.then((opened) => opened.addDhtNode(node));
    else if (dhtNodes.length < mostNodesKept) dhtNodes.push(node);
  }

  return {
    follow(transfer, source, { hasPeers, keepsSharing }) {
      let hasBegun = false;
      // Trackers are told what is left, which is not known before the disk was looked at.
      const begin = (): void => {
        if (hasBegun || transfer.state === 'checking') return;
        hasBegun = true;
        void seek(transfer, source).catch((error) => context.output.note(`Nobody can be asked: ${error}`));
      };
      let isWaiting = hasPeers;
      const timer = hasPeers ? setTimeout(goOn, givenPeersFirstMs) : undefined;
      function goOn(): void {
        isWaiting = false;
        begin();
      }
      endings.push(
        () => clearTimeout(timer),
        transfer.subscribe((event) => {
          if (event.kind === 'dht-node') heardOfNode({ host: event.address, port: event.port });
          if (event.kind === 'state' && !isWaiting) begin();
          if (event.kind !== 'complete') return;
          clearTimeout(timer);
          if (keepsSharing) goOn();
        }),
      );
      if (!hasPeers) begin();
    },
    async close() {
      isClosed = true;
      for (const end of endings) end();
      const opened = await discovery?.catch(() => undefined);
      const nodes = opened?.saveNodes();
      const { disk } = await context.world();
      if (nodes !== undefined) await writeDhtNodes(disk, data, nodes).catch(() => {});
      await opened?.close();
    },
  };
}

export async function openDiscovery(
  context: Context,
  options: {
    readonly mode: NetworkMode;
    readonly peerId: Uint8Array;
    readonly port: number;
    readonly data: string;
    readonly flags: FindingFlags;
  },
): Promise<Discovery> {
  const { mode, peerId, port, data, flags } = options;
  const world = await context.world();
  const { createDiscovery } = await import('@shoal/discovery');
  const saved =
    mode === 'centralized' ? undefined : await readDhtNodes(world.disk, data).catch(() => undefined);
  return createDiscovery(world, {
    mode,
    index: await indexesOf(context, data, flags),
    peerId,
    userAgent: `Shoal/${context.version}`,
    dht: { port, bootstrap: (flags.dhtBootstrap ?? []).map(parsePeer), saved },
    ...(looksAround(flags) ? {} : { lan: false }),
  });
}

/** Registering takes a key, which is made here where there is none yet. */
async function indexesOf(context: Context, data: string, { index: urls = [] }: FindingFlags) {
  if (urls.length === 0) return undefined;
  const { openNodeIdentity } = await import('@shoal/node/folder');
  const { identity } = await openNodeIdentity(data, await context.world());
  return { urls, identity };
}

/** Each failure once, as long as it stays the same. */
export function tellFailures({ output }: Context): NonNullable<Subject['failed']> {
  const said = new Map<string, string>();
  return ({ kind, teller }, reason) => {
    if (said.get(teller) === reason) return;
    said.set(teller, reason);
    const who =
      kind === 'index'
        ? { event: 'index-failed', index: teller }
        : { event: 'tracker-failed', tracker: teller };
    output.event({ ...who, reason }, `${teller}: ${reason}`);
  };
}

/** Tests turn it off for all that they start. */
export function looksAround({ lan }: Pick<FindingFlags, 'lan'>): boolean {
  return lan && process.env.SHOAL_LAN !== 'off';
}

/** Those of a link stand each for itself, as do those of flags; a torrent has them in tiers. */
export function trackersOf(source: NamedSource, flags: FindingFlags): readonly (readonly string[])[] {
  const own =
    source.kind === 'torrent' ? source.torrent.trackers : source.magnet.trackers.map((url) => [url]);
  return [...own, ...(flags.tracker ?? []).map((url) => [url])];
}

/** As they stand in handshakes, and everywhere that peers are sought. */
export function shortHashes({ v1, v2 }: InfoHashes): Uint8Array[] {
  return [v1, v2?.subarray(0, 20)].filter((hash) => hash !== undefined);
}

function learnNodes(discovery: Discovery, { isPrivate, nodes }: Torrent): void {
  if (!isPrivate) for (const node of nodes) discovery.addDhtNode(node);
}

/** Of the whole torrent: who wants only some of its files is no seed. */
function amountsOf({ torrent, progress }: Transfer): AmountsDone {
  const { bytes, uploadedBytes: uploaded, downloadedBytes: downloaded } = progress;
  if (torrent === undefined) return { uploaded, downloaded, left: -1 };
  const total = torrent.layout.files.reduce((sum, { length, isPad }) => sum + (isPad ? 0 : length), 0);
  return { uploaded, downloaded, left: Math.max(0, total - bytes), total };
}
