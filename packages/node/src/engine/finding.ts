// Peers for the transfers of an engine, from all that the network mode allows. The room that asks is loaded when somebody
// is to be asked: a download that is done with the peers it was given asks nobody. Invariant: who is asked for a transfer
// knows us as a peer only while it runs: a paused, queued or failed one is taken back.

import type { AmountsDone, PeerAddress, TellerReport, Timer, World } from '@shoal/base';
import type { Discovery, NetworkMode, Quest, Teller } from '@shoal/discovery';
import type { HostPort, Torrent } from '@shoal/metainfo';
import type { Transfer, TransferState } from '@shoal/swarm';
import { mostBegunAtOnce, oneMoreBegunMs } from '../bounds.ts';
import { readDhtNodes, writeDhtNodes } from '../folder/dht-nodes.ts';
import { openNodeIdentity } from '../folder/folder.ts';
import { shortHashes } from './addresses.ts';
import type { Engine } from './engine.ts';

export interface FindingOptions {
  readonly world: World;
  readonly version: string;
  readonly mode: NetworkMode;
  /** Of all transfers but private ones, beside their own. */
  readonly trackers: readonly string[];
  readonly indexes: readonly string[];
  readonly dhtBootstrap: readonly HostPort[];
  readonly lan: boolean;
  /** Nobody could be asked at all. */
  readonly broken: (error: unknown) => void;
}

export interface FollowOptions {
  /** In tiers (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  /** Peers were given: the others are asked only when those did not do it within a second. */
  readonly hasPeers: boolean;
  /** It goes on being shared when it is complete. */
  readonly keepsSharing: boolean;
  /** BEP 27; where a torrent is known, it says so itself. */
  readonly isPrivate?: boolean;
  /** Somebody who was asked failed, or refused in these words. */
  readonly failed?: (by: Teller, reason: string) => void;
  readonly report?: (by: Teller, report: TellerReport) => void;
  /** Somebody told of a peer. */
  readonly found?: (by: Teller, address: PeerAddress) => void;
}

export interface Followed {
  /** Undefined while nobody is asked. */
  readonly quest: Quest | undefined;
  stop(): Promise<void>;
}

export interface Finding {
  /** Seeks peers for a transfer while it runs, and tells others that it is here, until it is stopped. */
  follow(transfer: Transfer, options: FollowOptions): Followed;
  /** Another kind of network from now on: nobody of the old one is asked any more, and all of the new one are. */
  use(mode: NetworkMode): void;
  /** Takes its place in the DHT and stays there, whether a transfer needs it or not. */
  joinDht(): Promise<void>;
  readonly discovery: Discovery | undefined;
  saveNodes(): Promise<void>;
  /** Tells those who know us that we are gone, and waits for their word no longer than some seconds. */
  close(): Promise<void>;
}

const givenPeersFirstMs = 1_000;
/** Ways into the DHT that peers named meanwhile; one that answers is enough. */
const mostNodesKept = 16;

const seeking: ReadonlySet<TransferState> = new Set(['metadata', 'fetching', 'sharing', 'disk-full']);

export function openFinding(engine: Engine, options: FindingOptions): Finding {
  const { session, port, data } = engine;
  const { world } = options;
  let { mode } = options;
  const followed = new Set<FollowedTransfer>();
  /** What peers said before anybody was to be asked. */
  const dhtNodes: HostPort[] = [];
  let opening: Promise<Discovery> | undefined;
  let discovery: Discovery | undefined;
  /** The one before is on its way out; its ports are free after it. */
  let leaving: Promise<unknown> = Promise.resolve();
  let isClosed = false;
  const paces = pacing(world);
  // The DHT takes the same port when it starts, which it does as soon as a peer leads in.
  if (mode !== 'centralized') session.dhtPort = port;

  async function open(wanted: NetworkMode): Promise<Discovery> {
    await leaving;
    const made = await openDiscovery({ ...options, mode: wanted, peerId: session.peerId, port, data });
    // Another kind was chosen meanwhile: whoever opened that one closes this.
    if (wanted !== mode) return made;
    discovery = made;
    for (const node of dhtNodes.splice(0)) made.addDhtNode(node);
    return made;
  }

  function opened(): Promise<Discovery> {
    opening ??= open(mode);
    return opening;
  }

  function heardOfNode(node: HostPort): void {
    if (discovery !== undefined) discovery.addDhtNode(node);
    else if (dhtNodes.length < mostNodesKept) dhtNodes.push(node);
  }

  return {
    follow(transfer, asked) {
      const one = new FollowedTransfer(transfer, asked, {
        world,
        port,
        opened,
        isCurrent: (one) => one === discovery,
        heardOfNode,
        beginSoon: paces.beginSoon,
        moreTrackers: options.trackers,
        broken: options.broken,
        over: () => followed.delete(one),
      });
      followed.add(one);
      return one;
    },
    use(next) {
      if (next === mode || isClosed) return;
      const before = opening;
      const farewell = this.saveNodes().catch(() => {});
      mode = next;
      session.dhtPort = mode === 'centralized' ? undefined : port;
      session.exchangesPeers = mode !== 'centralized';
      opening = undefined;
      discovery = undefined;
      leaving = Promise.all([leaving, farewell, before?.then((old) => old.close()).catch(() => {})]);
      for (const one of followed) one.askAnew();
      void this.joinDht().catch(options.broken);
    },
    async joinDht() {
      if (mode !== 'centralized') (await opened()).joinDht();
    },
    get discovery() {
      return discovery;
    },
    async saveNodes() {
      const nodes = discovery?.saveNodes();
      if (nodes !== undefined) await writeDhtNodes(world.disk, data, nodes);
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      paces.close();
      const stopping = [...followed].map((one) => one.stop());
      await opening?.catch(() => undefined);
      await this.saveNodes().catch(() => {});
      await Promise.all([...stopping, leaving, discovery?.close()]);
    },
  };
}

interface FollowParts {
  readonly world: World;
  readonly port: number;
  readonly moreTrackers: readonly string[];
  opened(): Promise<Discovery>;
  /** No other kind of network was chosen since it was opened. */
  isCurrent(opened: Discovery): boolean;
  heardOfNode(node: HostPort): void;
  beginSoon(transfer: Transfer, begin: () => void): void;
  broken(error: unknown): void;
  over(): void;
}

class FollowedTransfer implements Followed {
  readonly #transfer: Transfer;
  readonly #asked: FollowOptions;
  readonly #parts: FollowParts;
  readonly #unsubscribe: () => void;
  #quest: Quest | undefined;
  #isBeginning = false;
  /** The peers that were given have their chance first. */
  #patience: Timer | undefined;
  #isOver = false;
  #stopping: Promise<unknown> = Promise.resolve();

  constructor(transfer: Transfer, asked: FollowOptions, parts: FollowParts) {
    this.#transfer = transfer;
    this.#asked = asked;
    this.#parts = parts;
    if (asked.hasPeers)
      this.#patience = parts.world.clock.setTimer(givenPeersFirstMs, () => {
        this.#patience = undefined;
        this.#arrange();
      });
    this.#unsubscribe = transfer.subscribe((event) => {
      if (event.kind === 'dht-node') parts.heardOfNode({ host: event.address, port: event.port });
      if (event.kind === 'state') this.#arrange();
      if (event.kind === 'peer-joined') this.#quest?.worked(event.address);
      if (event.kind === 'metadata') this.#learned(event.torrent);
      if (event.kind !== 'complete') return;
      this.#quest?.completed();
      if (this.#patience === undefined) return;
      this.#patience.cancel();
      // It is done without anybody's help.
      this.#patience = undefined;
      if (asked.keepsSharing) this.#arrange();
      else this.#isOver = true;
    });
    this.#arrange();
  }

  get quest(): Quest | undefined {
    return this.#quest;
  }

  askAnew(): void {
    this.#takeBack();
    this.#arrange();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#patience?.cancel();
    this.#unsubscribe();
    this.#takeBack();
    await this.#stopping;
    this.#parts.over();
  }

  /** Trackers are told what is left, which is not known before the disk was looked at. */
  #arrange(): void {
    const { state } = this.#transfer;
    if (state === 'checking') return;
    if (!seeking.has(state)) this.#takeBack();
    else if (
      this.#quest === undefined &&
      !this.#isBeginning &&
      this.#patience === undefined &&
      !this.#isOver
    ) {
      this.#isBeginning = true;
      this.#parts.beginSoon(this.#transfer, () => {
        void this.#seek()
          .catch(this.#parts.broken)
          .finally(() => {
            this.#isBeginning = false;
          });
      });
    }
  }

  #takeBack(): void {
    const quest = this.#quest;
    this.#quest = undefined;
    if (quest !== undefined) this.#stopping = Promise.all([this.#stopping, quest.stop()]);
  }

  async #seek(): Promise<void> {
    const opened = await this.#parts.opened();
    const transfer = this.#transfer;
    if (this.#isOver || !seeking.has(transfer.state)) return;
    if (!this.#parts.isCurrent(opened)) return this.#seek();
    const { torrent } = transfer;
    const { failed, report, found } = this.#asked;
    this.#quest = opened.seek(
      {
        infoHashes: shortHashes(torrent?.infoHashes ?? transfer.infoHashes),
        isPrivate: torrent?.isPrivate ?? this.#asked.isPrivate ?? false,
        trackers: this.#asked.trackers,
        moreTrackers: this.#parts.moreTrackers,
        port: this.#parts.port,
        amounts: () => amountsOf(transfer),
        ...(failed && { failed }),
        ...(report && { report }),
      },
      (address, by) => {
        found?.(by, address);
        transfer.addPeer(address, by.kind);
      },
    );
    if (torrent !== undefined) learnNodes(opened, torrent);
  }

  #learned(torrent: Torrent): void {
    const { infoHashes, isPrivate } = torrent;
    this.#quest?.learned({ infoHashes: shortHashes(infoHashes), isPrivate });
    if (!this.#isOver) void this.#parts.opened().then((discovery) => learnNodes(discovery, torrent));
  }
}

/** Those that fetch begin at once. Of thousands that are shared, a few begin each second: nobody waits for them. */
function pacing({ clock }: Pick<World, 'clock'>) {
  const waiting: (() => void)[] = [];
  let credit = mostBegunAtOnce;
  let timer: Timer | undefined;
  function drip(): void {
    timer = undefined;
    credit = Math.min(mostBegunAtOnce, credit + 1);
    while (credit > 0 && waiting.length > 0) {
      credit--;
      waiting.shift()?.();
    }
    if (waiting.length > 0 || credit < mostBegunAtOnce) timer = clock.setTimer(oneMoreBegunMs, drip);
  }
  return {
    beginSoon(transfer: Transfer, begin: () => void): void {
      if (transfer.state !== 'sharing') begin();
      else if (credit > 0) {
        credit--;
        timer ??= clock.setTimer(oneMoreBegunMs, drip);
        begin();
      } else waiting.push(begin);
    },
    close(): void {
      timer?.cancel();
      waiting.length = 0;
    },
  };
}

export interface DiscoveryNeeds
  extends Pick<FindingOptions, 'world' | 'version' | 'mode' | 'indexes' | 'dhtBootstrap' | 'lan'> {
  readonly peerId: Uint8Array;
  readonly port: number;
  readonly data: string;
}

export async function openDiscovery(needs: DiscoveryNeeds): Promise<Discovery> {
  const { world, mode, peerId, port, data, dhtBootstrap: bootstrap } = needs;
  const { createDiscovery } = await import('@shoal/discovery');
  const saved =
    mode === 'centralized' ? undefined : await readDhtNodes(world.disk, data).catch(() => undefined);
  return createDiscovery(world, {
    mode,
    index: await indexesOf(needs),
    peerId,
    userAgent: `Shoal/${needs.version}`,
    dht: { port, bootstrap, saved },
    ...(needs.lan ? {} : { lan: false }),
  });
}

/** Registering takes a key, which is made here where there is none yet. */
async function indexesOf({ world, data, indexes: urls }: DiscoveryNeeds) {
  if (urls.length === 0) return undefined;
  const { identity } = await openNodeIdentity(data, world);
  return { urls, identity };
}

function learnNodes(discovery: Discovery, { isPrivate, nodes }: Torrent): void {
  if (!isPrivate) for (const node of nodes) discovery.addDhtNode(node);
}

/** Of the whole torrent: who wants only some of its files is no seed. */
function amountsOf({ torrent, progress, isComplete }: Transfer): AmountsDone {
  const { bytes, uploadedBytes: uploaded, downloadedBytes: downloaded } = progress;
  // One of many that rests was looked at before.
  if (torrent === undefined) return { uploaded, downloaded, left: isComplete ? 0 : -1 };
  const total = torrent.layout.files.reduce((sum, { length, isPad }) => sum + (isPad ? 0 : length), 0);
  return { uploaded, downloaded, left: Math.max(0, total - bytes), total };
}
