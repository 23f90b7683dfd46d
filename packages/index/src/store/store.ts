// The store of last resort: a copy of what the index lists, fetched by an engine of its own, seeded by it, and served as a
// web seed. Invariants: below the folder it touches only what it made itself; and what it lets go others have whole.

import { ipScope, type Timer, toHex, type World } from '@shoal/base';
import type { StoreOffer } from '@shoal/directory';
import { createDiscovery, type Discovery, type Quest } from '@shoal/discovery';
import { parseMagnet } from '@shoal/metainfo';
import { OpenFiles } from '@shoal/storage';
import { createSession, type NamedSource, type Session, type Transfer } from '@shoal/swarm';
import { createTcpTransport } from '@shoal/transport';
import type { Registry, Swarms } from '../registry/registry.ts';
import type { Metric, Section } from '../section.ts';
import { maxFetching, maxOffered, roundMs } from './bounds.ts';
import { type Candidate, choose } from './choosing.ts';
import { fileRoutes } from './file-routes.ts';
import { namesOf, StoreFolders } from './folders.ts';
import type { Listing } from './listing.ts';
import type { ListedState } from './listing-routes.ts';

export interface StoreOptions {
  readonly world: World;
  /** Absolute; made when it is not there. */
  readonly folder: string;
  readonly limitBytes?: number;
  /** Where its engine takes peers; 0 picks one. */
  readonly peerPort?: number;
  /** Keeps what nodes offer, too, as far as there is room. Default: what is listed alone. */
  readonly keeps?: 'listed' | 'offered';
  readonly version: string;
  readonly listing: Listing;
  readonly registry: Pick<Registry, 'holdersOf' | 'countOf' | 'thin'>;
  readonly swarms?: Swarms;
  readonly unlimited?: boolean;
  readonly failed: (error: unknown) => void;
}

export interface Store extends Section {
  offerOf(infoHash: string): StoreOffer | undefined;
  /** What becomes of something that is listed. */
  stateOf(infoHash: string): ListedState;
}

interface Entry {
  readonly infoHash: string;
  names: readonly Uint8Array[];
  source: NamedSource;
  isListed: boolean;
  isKept: boolean;
  transfer: Transfer | undefined;
  quest: Quest | undefined;
  /** What lacks where there is no room. */
  lacksBytes: number;
  /** A step of it is under way. */
  isBusy: boolean;
}

export async function openStore(options: StoreOptions): Promise<Store> {
  const { world, folder, listing, registry, swarms, version, failed } = options;
  const { clock, disk, interfaces } = world;
  const limit = options.limitBytes ?? Number.POSITIVE_INFINITY;
  await disk.makeFolder(folder, { mode: 0o700 });
  const folders = new StoreFolders(world, folder);
  const session: Session = createSession({
    ...world,
    openFiles: new OpenFiles(disk),
    transport: createTcpTransport(world),
    client: `Shoal ${version}`,
    peerIdPrefix: '-SL0100-',
  });
  const port = await session.listen({ port: options.peerPort ?? 0 });
  const discovery: Discovery = createDiscovery(world, {
    mode: 'centralized',
    peerId: session.peerId,
    userAgent: `Shoal/${version}`,
    lan: false,
  });
  const entries = new Map<string, Entry>();
  const byName = new Map<string, Entry>();
  const kept = await folders.find();
  let announceUrls: readonly string[] = [];
  let timer: Timer | undefined;
  let round: Promise<void> | undefined;
  let isStale = false;
  let isClosed = false;
  let sentBytes = 0;

  /** Now, or when the round under way has ended. */
  function look(): void {
    timer?.cancel();
    if (isClosed) return;
    if (round !== undefined) {
      isStale = true;
      return;
    }
    round = goRound()
      .catch(failed)
      .finally(() => {
        round = undefined;
        if (isClosed) return;
        if (!isStale) timer = clock.setTimer(roundMs, look);
        else {
          isStale = false;
          look();
        }
      });
  }

  async function goRound(): Promise<void> {
    await readWishes();
    await Promise.all([...entries.values()].map(askHolders));
    const choice = choose(await candidates(), limit);
    for (const infoHash of choice.evict) await letGo(infoHash);
    for (const infoHash of choice.admit) await admit(infoHash);
    for (const entry of entries.values()) entry.lacksBytes = choice.lacking.get(entry.infoHash) ?? 0;
    for (const entry of entries.values()) if (!isClosed) run(entry);
  }

  async function readWishes(): Promise<void> {
    const wanted = new Set<string>();
    const want = (
      infoHash: string,
      source: NamedSource,
      names: readonly Uint8Array[],
      isListed: boolean,
    ): void => {
      wanted.add(infoHash);
      const entry = entries.get(infoHash);
      if (entry === undefined) enter({ infoHash, source, names, isListed });
      else Object.assign(entry, { isListed, ...(source.kind === 'torrent' && { source, names }) });
    };
    for (const { infoHash, source, names } of listing.all()) want(infoHash, source, names, true);
    if (options.keeps === 'offered') {
      for (const { infoHash } of await registry.thin(maxOffered)) {
        if (wanted.has(infoHash) || wanted.has(byName.get(infoHash)?.infoHash ?? '')) continue;
        const magnet = parseMagnet(`magnet:?xt=urn:btih:${infoHash}`);
        want(infoHash, { kind: 'magnet', magnet }, magnet.infoHashes.v1 ? [magnet.infoHashes.v1] : [], false);
      }
      // What was once kept stays as long as there is room, also while nobody offers it.
      for (const [infoHash, torrent] of kept) {
        const isNew = torrent !== undefined && !entries.has(infoHash);
        if (isNew) want(infoHash, { kind: 'torrent', torrent }, namesOf(torrent), false);
        if (entries.has(infoHash)) wanted.add(infoHash);
      }
    }
    for (const { infoHash } of [...entries.values()]) if (!wanted.has(infoHash)) await forget(infoHash);
    for (const infoHash of kept.keys()) if (!entries.has(infoHash)) await remove(infoHash);
  }

  function enter(wish: Pick<Entry, 'infoHash' | 'source' | 'names' | 'isListed'>): void {
    const isKept = kept.has(wish.infoHash);
    const torrent = kept.get(wish.infoHash);
    const known = torrent && { source: { kind: 'torrent', torrent } as const, names: namesOf(torrent) };
    const entry = {
      ...wish,
      ...known,
      isKept,
      transfer: undefined,
      quest: undefined,
      lacksBytes: 0,
      isBusy: false,
    };
    entries.set(wish.infoHash, entry);
    name(entry);
  }

  function name(entry: Entry): void {
    byName.set(entry.infoHash, entry);
    for (const one of entry.names) byName.set(toHex(one), entry);
  }

  async function candidates(): Promise<Candidate[]> {
    const sized = [...entries.values()].flatMap((entry) => {
      const size = sizeOf(entry);
      return size === undefined ? [] : [{ entry, size }];
    });
    return Promise.all(
      sized.map(async ({ entry: { infoHash, names, isKept, isListed, transfer }, size }) => {
        const counts = await Promise.all(names.map((one) => registry.countOf(toHex(one))));
        // We are seeds of our own tracker ourselves, at each address that we announce from.
        const own = transfer?.isComplete === true ? announceUrls.length : 0;
        const seeds = names.map((one) => (swarms?.counts(one)?.seeds ?? 0) - own);
        const copies = Math.max(0, ...seeds, ...counts.map(({ complete }) => complete));
        return { infoHash, size, isKept, isListed, copies };
      }),
    );
  }

  /** Begins what is to run and does not: asking for metadata, fetching, seeding. */
  function run(entry: Entry): void {
    const isFetching = (one: Entry): boolean => one.transfer !== undefined && !isWhole(one);
    const mayFetch = [...entries.values()].filter(isFetching).length < maxFetching;
    const isAsking = entry.source.kind === 'magnet';
    if (entry.transfer !== undefined || entry.isBusy || (!entry.isKept && !isAsking)) return;
    if (!mayFetch) return;
    const { infoHash } = entry;
    const transfer = session.add(entry.source, {
      folder: folders.contentOf(infoHash),
      journal: entry.isKept ? folders.journalOf(infoHash) : folders.askingJournalOf(infoHash),
      isWanted: () => entry.isKept,
    });
    entry.transfer = transfer;
    transfer.subscribe((event) => {
      if (event.kind === 'metadata') void learn(entry, transfer).catch(failedUnlessClosed);
      if (event.kind !== 'complete') return;
      entry.quest?.completed();
      if (entry.isKept) void keepTorrent(entry, transfer).catch(failedUnlessClosed);
    });
    if (transfer.torrent !== undefined && isAsking) void learn(entry, transfer).catch(failedUnlessClosed);
    seek(entry, transfer);
    void askHolders(entry).catch(failed);
  }

  function isWhole({ transfer, isKept }: Entry): boolean {
    return isKept && transfer?.isComplete === true;
  }

  function seek(entry: Entry, transfer: Transfer): void {
    const { source, names } = entry;
    const own =
      source.kind === 'torrent' ? source.torrent.trackers : source.magnet.trackers.map((url) => [url]);
    const size = sizeOf(entry);
    entry.quest = discovery.seek(
      {
        infoHashes: names,
        isPrivate: source.kind === 'torrent' && source.torrent.isPrivate,
        trackers: [...announceUrls.map((url) => [url]), ...own],
        port,
        amounts: () => ({
          uploaded: transfer.progress.uploadedBytes,
          downloaded: transfer.progress.downloadedBytes,
          left: size === undefined ? -1 : isWhole(entry) ? 0 : Math.max(1, size - transfer.progress.bytes),
        }),
      },
      (address) => transfer.addPeer(address, 'tracker'),
    );
  }

  /** The metadata came: what it is, and how large, is known; whether there is room is for the next round. */
  /** What a stop cuts off is learned again after the next start. */
  function failedUnlessClosed(error: unknown): void {
    if (!isClosed) failed(error);
  }

  async function learn(entry: Entry, transfer: Transfer): Promise<void> {
    const { torrent } = transfer;
    if (torrent === undefined || entry.source.kind === 'torrent') return;
    entry.source = { kind: 'torrent', torrent };
    entry.names = namesOf(torrent);
    name(entry);
    if (entry.isListed) await listing.learn(torrent);
    entry.isBusy = true;
    await halt(entry);
    await folders.stopAsking(entry.infoHash);
    entry.isBusy = false;
    look();
  }

  async function keepTorrent({ infoHash, isListed }: Entry, { torrent }: Transfer): Promise<void> {
    if (torrent === undefined || kept.get(infoHash) !== undefined) return;
    kept.set(infoHash, torrent);
    await folders.keepTorrent(infoHash, torrent);
    if (isListed) await listing.learn(torrent);
  }

  async function askHolders({ transfer, infoHash, names, isKept }: Entry): Promise<void> {
    if (transfer === undefined || (isKept && transfer.isComplete)) return;
    for (const one of names.length > 0 ? names.map(toHex) : [infoHash])
      for (const { address } of await registry.holdersOf(one))
        transfer.addPeer({ kind: 'ip', ...address }, 'index');
  }

  async function admit(infoHash: string): Promise<void> {
    const entry = entries.get(infoHash);
    if (entry === undefined || entry.isBusy) return;
    await folders.make(infoHash);
    kept.set(infoHash, undefined);
    entry.isKept = true;
  }

  async function letGo(infoHash: string): Promise<void> {
    const entry = entries.get(infoHash);
    if (entry === undefined) return;
    await halt(entry);
    entry.isKept = false;
    await remove(infoHash);
  }

  async function forget(infoHash: string): Promise<void> {
    const entry = entries.get(infoHash);
    if (entry === undefined) return;
    await halt(entry);
    entries.delete(infoHash);
    for (const [key, other] of byName) if (other === entry) byName.delete(key);
    await folders.stopAsking(infoHash);
    if (entry.isKept) await remove(infoHash);
  }

  async function halt(entry: Entry): Promise<void> {
    const { transfer, quest } = entry;
    entry.transfer = undefined;
    entry.quest = undefined;
    await Promise.all([transfer?.stop(), quest?.stop()]);
  }

  async function remove(infoHash: string): Promise<void> {
    kept.delete(infoHash);
    await folders.remove(infoHash);
  }

  function usedBytes(): number {
    return [...entries.values()].reduce((sum, entry) => sum + (entry.isKept ? (sizeOf(entry) ?? 0) : 0), 0);
  }

  function stateOf(infoHash: string): ListedState {
    const entry = entries.get(infoHash);
    const size = entry && sizeOf(entry);
    const say = (state: string, words: string): ListedState => ({ size, state, words });
    if (entry === undefined) return say('waiting', 'It was listed just now.');
    const { transfer, isKept, lacksBytes } = entry;
    if (lacksBytes > 0)
      return say(
        'full',
        `The store is full: ${lacksBytes} bytes are missing, and what it keeps has too few copies elsewhere to let it go. Raise --store-limit, or take something off the list.`,
      );
    if (isWhole(entry)) return say('kept', 'All of it is here.');
    if (transfer === undefined) return say('waiting', 'It waits for its turn.');
    if (transfer.state === 'failed')
      return say('failed', `It failed: ${transfer.error?.message ?? 'unknown'}.`);
    if (transfer.state === 'disk-full')
      return say('full', 'The disk of the store is full. It goes on when there is room.');
    if (!isKept) return say('waiting', 'Nobody has told yet what is in it.');
    const { bytes, total, peers } = transfer.progress;
    return say('fetching', `${bytes} of ${total} bytes are here; ${peers} peers are connected.`);
  }

  listing.subscribe(look);
  const wholeOf = (infoHash: string): Entry | undefined => {
    const entry = byName.get(infoHash);
    return entry?.isKept === true ? entry : undefined;
  };
  return {
    routes: [
      ...fileRoutes({
        transferOf: (infoHash) => wholeOf(infoHash)?.transfer,
        isLimited: options.unlimited !== true,
        sent: (bytes) => {
          sentBytes += bytes;
        },
      }),
    ],
    stateOf,
    offerOf(infoHash) {
      const entry = wholeOf(infoHash);
      const { transfer } = entry ?? {};
      if (entry === undefined || transfer === undefined) return undefined;
      const { bytes, total } = transfer.progress;
      return { port, have: isWhole(entry) ? 1 : total === 0 ? 0 : Math.min(0.999, bytes / total) };
    },
    listens(indexPort) {
      const own = interfaces.list().filter(({ address }) => ipScope(address) !== 'link-local');
      announceUrls = own
        .slice(0, 8)
        .map(({ address }) => `udp://${address.includes(':') ? `[${address}]` : address}:${indexPort}`);
      look();
    },
    metrics: (): Metric[] => [
      {
        name: 'store_bytes',
        help: 'Bytes that the store has room made for.',
        kind: 'gauge',
        values: [{ value: usedBytes() }],
      },
      {
        name: 'store_contents',
        help: 'Contents that the store keeps.',
        kind: 'gauge',
        values: [{ value: kept.size }],
      },
      {
        name: 'store_sent_bytes_total',
        help: 'Bytes sent as a web seed.',
        kind: 'counter',
        values: [{ value: sentBytes }],
      },
    ],
    async close() {
      isClosed = true;
      timer?.cancel();
      await round;
      await discovery.close();
      await session.close();
    },
  };
}

function sizeOf({ source }: Entry): number | undefined {
  if (source.kind !== 'torrent') return undefined;
  return source.torrent.layout.files.reduce((sum, { length, isPad }) => sum + (isPad ? 0 : length), 0);
}
