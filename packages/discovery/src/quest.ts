// The search for one torrent: the searches of all finders as one, each peer once, with those who told of it.
// Invariant: a private torrent is asked of its own trackers alone (BEP 27), from the moment that we know.

import type { Finder, FinderKind, FoundPeer, PeerAddress, Search, TellerReport, Timer } from '@shoal/base';
import { equalBytes, ipToBytes } from '@shoal/base';
import { doubtedEveryMs, maxDoubted, maxPeers, maxTellersPerPeer, tellAgainMs } from './bounds.ts';
import { createGivenFinder } from './given-finder.ts';
import type { Trust } from './trust.ts';
import type { DiscoveryParts, Quest, Subject, Teller, ToldPeer } from './types.ts';

export interface QuestParts {
  readonly parts: Pick<DiscoveryParts, 'clock' | 'names' | 'interfaces'>;
  readonly subject: Subject;
  readonly found: (address: PeerAddress, by: Teller) => void;
  readonly once: boolean;
  readonly trust: Trust;
  readonly kinds: readonly FinderKind[];
  finderOf(kind: FinderKind): Promise<Finder> | undefined;
}

interface Known {
  readonly address: PeerAddress;
  readonly tellers: Teller[];
  handedMs: number;
}

export class RunningQuest implements Quest {
  readonly done: Promise<void>;
  readonly ended: Promise<void>;
  readonly #p: QuestParts;
  readonly #end: () => void;
  readonly #stopping = new AbortController();
  /** Of all that a private torrent may not ask. */
  readonly #leaving = new AbortController();
  readonly #known = new Map<string, Known>();
  readonly #searches = new Map<Search, FinderKind>();
  readonly #running = new Set<Promise<void>>();
  readonly #asked = new Set<FinderKind>();
  readonly #doubted: (readonly [Known, Teller])[] = [];
  #infoHashes: readonly Uint8Array[];
  #isPrivate: boolean;
  #doubtTimer: Timer | undefined;

  constructor(questParts: QuestParts) {
    this.#p = questParts;
    this.#infoHashes = questParts.subject.infoHashes;
    this.#isPrivate = questParts.subject.isPrivate;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
    for (const kind of questParts.kinds) this.ask(kind);
    this.done = Promise.all(this.#running).then(() => {
      if (questParts.once) this.#end();
    });
  }

  get peers(): ToldPeer[] {
    return [...this.#known.values()];
  }

  /** Begins to ask a finder, if there is one and it was not asked before. */
  ask(kind: FinderKind): void {
    if (this.#asked.has(kind) || this.#stopping.signal.aborted || !this.#allows(kind)) return;
    const { peers = [] } = this.#p.subject;
    // What has nothing to ask is not even loaded.
    if (kind === 'tracker' && this.#ownTrackers.length + this.#moreTrackers.length === 0) return;
    if (kind === 'given' && peers.length === 0) return;
    const finder =
      kind === 'given' ? Promise.resolve(createGivenFinder(this.#p.parts, peers)) : this.#p.finderOf(kind);
    if (finder === undefined) return;
    this.#asked.add(kind);
    this.#run(kind, finder, this.#infoHashes);
  }

  learned({ infoHashes, isPrivate }: Pick<Subject, 'infoHashes' | 'isPrivate'>): void {
    const fresh = infoHashes.filter((hash) => !this.#infoHashes.some((known) => equalBytes(known, hash)));
    this.#infoHashes = [...this.#infoHashes, ...fresh];
    if (isPrivate && !this.#isPrivate) {
      this.#isPrivate = true;
      this.#leaving.abort();
    }
    if (fresh.length === 0 || this.#stopping.signal.aborted) return;
    for (const kind of this.#asked) {
      const finder = kind === 'given' || !this.#allows(kind) ? undefined : this.#p.finderOf(kind);
      if (finder !== undefined) this.#run(kind, finder, fresh);
    }
  }

  completed(): void {
    for (const [search, kind] of this.#searches) if (kind === 'tracker' || kind === 'index') search.renew();
  }

  renew(): void {
    for (const search of this.#searches.keys()) search.renew();
  }

  worked(address: PeerAddress): void {
    for (const teller of this.#known.get(keyOf(address))?.tellers ?? []) this.#p.trust.worked(nameOf(teller));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#doubtTimer?.cancel();
    await Promise.all(this.#running);
    this.#end();
  }

  #allows(kind: FinderKind): boolean {
    return !this.#isPrivate || kind === 'tracker' || kind === 'given';
  }

  #run(kind: FinderKind, finder: Promise<Finder>, infoHashes: readonly Uint8Array[]): void {
    const running = this.#follow(kind, finder, infoHashes).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  get #ownTrackers(): readonly string[] {
    return (this.#p.subject.trackers ?? []).flat();
  }

  get #moreTrackers(): readonly string[] {
    if (this.#isPrivate) return [];
    const own = new Set(this.#ownTrackers);
    return (this.#p.subject.moreTrackers ?? []).filter((url) => !own.has(url));
  }

  async #follow(kind: FinderKind, made: Promise<Finder>, infoHashes: readonly Uint8Array[]): Promise<void> {
    const finder = await made;
    const whileAllowed = AbortSignal.any([this.#stopping.signal, this.#leaving.signal]);
    const isOwn = kind === 'tracker' || kind === 'given';
    const { trackers = [] } = this.#p.subject;
    const more = kind === 'tracker' ? this.#moreTrackers.map((url) => [url]) : [];
    const searches: Promise<void>[] = [];
    if (kind !== 'tracker' || trackers.length > 0)
      searches.push(
        this.#search(kind, finder, infoHashes, trackers, isOwn ? this.#stopping.signal : whileAllowed),
      );
    if (more.length > 0) searches.push(this.#search(kind, finder, infoHashes, more, whileAllowed));
    await Promise.all(searches);
  }

  async #search(
    kind: FinderKind,
    finder: Finder,
    infoHashes: readonly Uint8Array[],
    trackers: readonly (readonly string[])[],
    signal: AbortSignal,
  ): Promise<void> {
    if (signal.aborted) return;
    const { subject, once } = this.#p;
    const { port, amounts } = subject;
    const failed = (teller: string, message: string) => subject.failed?.({ kind, teller }, message);
    const report = (teller: string, told: TellerReport) => subject.report?.({ kind, teller }, told);
    const search = finder.find(infoHashes, { signal, port, amounts, trackers, once, failed, report });
    this.#searches.set(search, kind);
    for await (const peer of search) this.#take(kind, peer);
    await search.ended;
    this.#searches.delete(search);
  }

  #take(kind: FinderKind, { address, teller }: FoundPeer): void {
    if (this.#stopping.signal.aborted || !this.#allows(kind) || !isPossible(address)) return;
    if (this.#isOurs(address)) return;
    const by: Teller = { kind, teller };
    const known = this.#remember(address);
    if (!known.tellers.some((one) => one.kind === kind && one.teller === teller)) {
      if (known.tellers.length < maxTellersPerPeer) known.tellers.push(by);
      if (kind !== 'given') this.#p.trust.told(nameOf(by));
    }
    const nowMs = this.#p.parts.clock.nowMs();
    if (nowMs - known.handedMs < tellAgainMs) return;
    if (kind !== 'given' && this.#p.trust.isDoubted(nameOf(by))) {
      if (this.#doubted.length < maxDoubted) this.#doubted.push([known, by]);
      this.#tryDoubted();
      return;
    }
    this.#hand(known, by);
  }

  #isOurs({ address, port }: PeerAddress): boolean {
    const { subject, parts } = this.#p;
    return port === subject.port && parts.interfaces.list().some((own) => own.address === address);
  }

  #hand(known: Known, by: Teller): void {
    known.handedMs = this.#p.parts.clock.nowMs();
    this.#p.found(known.address, by);
  }

  #tryDoubted(): void {
    if (this.#doubtTimer !== undefined || this.#doubted.length === 0) return;
    this.#doubtTimer = this.#p.parts.clock.setTimer(doubtedEveryMs, () => {
      this.#doubtTimer = undefined;
      const next = this.#doubted.shift();
      if (next !== undefined) this.#hand(...next);
      this.#tryDoubted();
    });
  }

  /** Beyond the bound, the peer that was told of first is forgotten. */
  #remember(address: PeerAddress): Known {
    const key = keyOf(address);
    let known = this.#known.get(key);
    if (known === undefined) {
      if (this.#known.size >= maxPeers) {
        const [oldest] = this.#known.keys();
        if (oldest !== undefined) this.#known.delete(oldest);
      }
      known = { address, tellers: [], handedMs: Number.NEGATIVE_INFINITY };
      this.#known.set(key, known);
    }
    return known;
  }
}

/** Which networks a peer may be in is for its finder to say; here only what no peer can have is refused. */
function isPossible({ address, port }: PeerAddress): boolean {
  const bytes = ipToBytes(address);
  if (bytes === undefined || !(port > 0 && port < 65_536) || bytes.every((byte) => byte === 0)) return false;
  const [first = 0] = bytes;
  return bytes.length === 4 ? first !== 0 && first < 224 : first !== 0xff;
}

function nameOf({ kind, teller }: Teller): string {
  return `${kind} ${teller}`;
}

function keyOf({ address, port, zone = '' }: PeerAddress): string {
  return `${address}%${zone} ${port}`;
}
