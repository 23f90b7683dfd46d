// One torrent of a session, through its states: metadata → checking → fetching → sharing, with the detours
// disk-full, failed and stopped. What is known of it is in knowledge.ts, its peers are in connections.ts and what is said
// with them in conversation.ts, what it has on the disk in holdings.ts. Invariant: each of these is told of a change of
// state here and nowhere else, peers leaving before files are let go of.

import type { PeerAddress } from '@shoal/base';
import type { InfoHashes, Torrent } from '@shoal/metainfo';
import type { Home } from '@shoal/storage';
import type { Channel } from '@shoal/transport';
import type { Handshake } from '@shoal/wire';
import * as bound from './bounds.ts';
import { Connections } from './connections.ts';
import { Conversation } from './conversation.ts';
import { DiskWatch } from './disk-watch.ts';
import { type Leave, SwarmError } from './errors.ts';
import type { Successor } from './greet.ts';
import { Holdings } from './holdings.ts';
import { Knowledge } from './knowledge.ts';
import type { SpeedLimits } from './limits/settings.ts';
import { Places } from './places.ts';
import type { Rate } from './rate.ts';
import type { KnownPeer, PeerSource, Roster } from './roster.ts';
import { Seat } from './seat.ts';
import type { SessionParts } from './session-parts.ts';
import { Status } from './status.ts';
import { openReader } from './streams/range-reader.ts';
import { TransferFacts } from './transfer-facts.ts';
import type {
  ComingPiece,
  Goals,
  History,
  MoveFacts,
  MoveTarget,
  PeerFacts,
  PieceMap,
  PieceSource,
  RangeReader,
  Transfer,
  TransferEvent,
  TransferMode,
  TransferOptions,
  TransferProgress,
  TransferSource,
  TransferState,
  TransferStatistics,
  Waiting,
  WebSeedFacts,
  Wish,
} from './types.ts';
import { WebSeeds } from './web-seeds/web-seeds.ts';
import { until, whenComplete } from './when-complete.ts';

export class TorrentTransfer implements Transfer {
  readonly #parts: SessionParts;
  readonly #knowledge: Knowledge;
  readonly #status = new Status();
  readonly #connections: Connections;
  readonly #holdings: Holdings;
  readonly #conversation: Conversation;
  readonly #webSeeds: WebSeeds;
  readonly #places: Places;
  readonly #diskWatch: DiskWatch;
  /** When its dials have been slept off. */
  #restedMs = 0;
  #idleSinceMs: number | undefined;
  readonly seat: Seat;
  readonly #facts: TransferFacts;
  #stopped: Promise<void> | undefined;

  constructor(parts: SessionParts, source: TransferSource, options: TransferOptions) {
    this.#parts = parts;
    this.#connections = new Connections({
      parts,
      status: this.#status,
      limits: options.limits,
      knownHashes: () => this.knownHashes,
      isPrivate: () => this.#knowledge.isPrivate,
      host: () => this.#conversation.host,
      welcome: (peer) => this.#conversation.welcome(peer),
      left: (peer) => this.#conversation.left(peer),
      dialSoon: () => parts.dialSoon(this),
    });
    this.#knowledge = new Knowledge(source, {
      hashing: parts.hashing,
      nowMs: parts.nowMs,
      peers: this.#connections.peers,
      content: () => this.#holdings.content,
      learned: (known, isNews) => {
        const { torrent } = known;
        this.#holdings.learn(known);
        parts.learned(this, torrent);
        if (isNews) this.#status.emit({ kind: 'metadata', torrent });
      },
      came: (torrent) => this.#takeTorrent(torrent),
      failed: (error) => this.#fail(error),
    });
    this.seat = new Seat({
      parts,
      status: this.#status,
      connections: this.#connections,
      given: options,
      totalBytes: () => this.#holdings.wanted.total,
      stand: (state) => this.#stand(state),
      beginAnew: () => this.#beginAnew(),
    });
    this.#webSeeds = new WebSeeds({
      parts,
      status: this.#status,
      download: this.#connections.download,
      lanes: this.#connections.lanes,
      activate: () => parts.activate(this),
    });
    this.#holdings = new Holdings({
      webSeeds: this.#webSeeds,
      parts,
      status: this.#status,
      connections: this.#connections,
      given: options,
      infoHashes: this.infoHashes,
      load: this.#knowledge.isStored ? () => this.#knowledge.read() : undefined,
      transfer: this,
      welcome: (peer) => this.#conversation.welcome(peer),
      opened: () => this.#opened(),
      activate: () => parts.activate(this),
      dialSoon: () => parts.dialSoon(this),
      wishesChanged: () => this.#conversation.wishesChanged(),
      completed: () => this.#conversation.partWithPointless(),
      failed: (error) => this.#fail(error),
    });
    this.#diskWatch = new DiskWatch({
      clock: parts.clock,
      isBack: () => this.#holdings.isReachable(),
      goOn: () => this.seat.beginAnew(),
    });
    this.#facts = new TransferFacts({
      status: this.#status,
      connections: this.#connections,
      holdings: this.#holdings,
      webSeeds: this.#webSeeds,
    });
    this.#places = new Places({
      disk: parts.disk,
      hashing: parts.hashing,
      holdings: this.#holdings,
      status: this.#status,
      partWithAll: (reason) => this.#connections.leaveAll(reason),
      untilOpen: () => until(this, () => this.#holdings.trade !== undefined),
      failed: (error) => this.#fail(error),
    });
    this.#conversation = new Conversation({
      parts,
      status: this.#status,
      connections: this.#connections,
      holdings: this.#holdings,
      knowledge: this.#knowledge,
      dhtPort: () => this.dhtPort,
      heardOf: (address) => this.addPeer(address, 'exchange'),
      activate: () => parts.activate(this),
      dialSoon: () => parts.dialSoon(this),
      hashesCame: () => this.#openWhenKnown(),
    });
    for (const address of options.peers ?? []) this.addPeer(address, 'given');
    for (const url of options.webSeeds ?? []) this.addWebSeed(url);
    for (const url of this.#knowledge.webSeeds) this.#webSeeds.add(url, 'torrent');
    if (source.kind === 'torrent') this.#takeTorrent(source.torrent);
    else if (source.kind === 'stored' && !this.#status.isStanding) this.#holdings.open();
  }

  get infoHashes(): InfoHashes {
    return this.#knowledge.infoHashes;
  }

  get name(): string {
    return this.#knowledge.name;
  }

  get torrent(): Torrent | undefined {
    return this.#knowledge.torrent;
  }

  get state(): TransferState {
    return this.#status.state;
  }

  get mode(): TransferMode {
    return this.#holdings.mode;
  }

  setMode(mode: TransferMode): Promise<void> {
    return this.#holdings.setMode(mode);
  }

  get error(): Error | undefined {
    return this.#status.error;
  }

  get isComplete(): boolean {
    return this.#status.isComplete;
  }

  /** All that are known by now: a link may have named one half of a hybrid. */
  get knownHashes(): InfoHashes {
    return this.#knowledge.allHashes;
  }

  /** While it is being opened nobody is dialled, though whoever comes may wait for that. */
  get dialsPeers(): boolean {
    return this.#status.takesPeers && !this.#holdings.isOpening;
  }

  /** How many it may dial now. */
  dialRoom(nowMs: number): number {
    if (!this.#isInNoHurry) return Number.POSITIVE_INFINITY;
    return Math.floor(bound.idleDials - Math.max(0, this.#restedMs - nowMs) / bound.idleDialMs);
  }

  get #isInNoHurry(): boolean {
    return this.#holdings.trade === undefined ? this.isComplete : this.#holdings.wantsNothing;
  }

  noteDials(count: number, nowMs: number): void {
    if (this.#isInNoHurry) this.#restedMs = Math.max(this.#restedMs, nowMs) + count * bound.idleDialMs;
  }

  get roster(): Roster {
    return this.#connections.roster;
  }

  get peerCount(): number {
    return this.#connections.peers.size;
  }

  /** BEP 27: the peers of a private torrent hear nothing of our DHT node. */
  get dhtPort(): number | undefined {
    return this.#knowledge.isPrivate ? undefined : this.#parts.dhtPort;
  }

  addPeer(address: PeerAddress, source: PeerSource): void {
    if (this.#connections.add(address, source)) this.#parts.dialSoon(this);
  }

  addWebSeed(url: string): void {
    this.#webSeeds.add(url, 'given');
  }

  /** A channel whose handshake is through. */
  join(channel: Channel, handshake: Handshake, known: KnownPeer): Successor | Leave {
    return this.#connections.join(channel, handshake, known);
  }

  setLimits(limits: SpeedLimits): void {
    this.#parts.limiter.setLanes(this.#connections.lanes, limits);
  }

  tightened(): void {
    this.#holdings.trade?.downloads.tightened();
    this.#webSeeds.tightened();
  }

  /** A dial came to nothing. */
  notReached(known: KnownPeer): void {
    this.roster.ended(known, this.#parts.nowMs(), false);
    this.#conversation.notReached(known.address);
  }

  dropBlocked(): void {
    this.#connections.dropBlocked();
  }

  makeRoom(newcomer: PeerAddress): boolean {
    return this.#connections.makeRoom(newcomer);
  }

  /** Every half second, while there are peers or addresses to dial. False when there is nothing to do. */
  tick(nowMs: number): boolean {
    this.#connections.tick(nowMs);
    this.#facts.tick(nowMs);
    this.#conversation.tick();
    this.#holdings.tick(nowMs);
    this.#openWhenKnown();
    this.#conversation.giveSlots(nowMs);
    const hasWebSeeds = this.#webSeeds.tick(nowMs);
    const hasIdled = this.#idleSinceMs !== undefined && nowMs - this.#idleSinceMs > bound.idleMs;
    if (!this.#mayRest) this.#idleSinceMs = undefined;
    else if (hasIdled) this.rest();
    else this.#idleSinceMs ??= nowMs;
    return (
      hasWebSeeds ||
      this.peerCount > 0 ||
      this.roster.hasDialable ||
      this.state === 'disk-full' ||
      this.#idleSinceMs !== undefined
    );
  }

  /** Complete, and nobody asks for anything. */
  get #mayRest(): boolean {
    return this.state === 'sharing' && this.isComplete && this.peerCount === 0 && this.#holdings.isIdle;
  }

  #opened(): void {
    this.#parts.activate(this);
    if (this.#holdings.content !== undefined) this.#places.goOn(this.#holdings.content);
    if (this.#mayRest) this.#parts.idle(this);
  }

  /** Lets go of its content until a peer comes. Not for long: opening it again takes milliseconds. */
  rest(): void {
    this.#idleSinceMs = undefined;
    if (!this.#mayRest) return;
    // A record that could not be made costs a hashing.
    void this.#holdings.shelve('the transfer rests').catch(() => {});
    this.#forgetTorrent();
  }

  #forgetTorrent(): void {
    if (!this.#knowledge.isStored) return;
    this.#holdings.forgetTorrent();
    this.#knowledge.forget();
  }

  pause(): Promise<void> {
    this.#diskWatch.end();
    return this.seat.pause();
  }

  resume(): void {
    if (this.state === 'failed') this.#holdings.whereabouts.acceptLoss();
    this.seat.resume();
  }

  async #stand(state: 'paused' | 'queued'): Promise<void> {
    const status = this.#status;
    status.become(state);
    this.#connections.leaveAll('the transfer is paused');
    await this.#holdings.shelve('the transfer is paused');
    if (status.isStanding) this.#forgetTorrent();
  }

  get waiting(): Waiting | undefined {
    return this.seat.waiting;
  }

  get isForced(): boolean {
    return this.seat.isForced;
  }

  setForced(isForced: boolean): void {
    this.seat.setForced(isForced);
  }

  get place(): number {
    return this.#parts.turns.placeOf(this.seat);
  }

  moveTo(place: number): void {
    this.#parts.turns.move(this.seat, place);
  }

  setGoals(goals: Goals): void {
    this.seat.setGoals(goals);
  }

  get history(): History {
    return this.seat.history;
  }

  /** After a pause, a wait or a failure. */
  #beginAnew(): void {
    const status = this.#status;
    if (!status.isStanding && status.state !== 'failed') return;
    this.#diskWatch.end();
    // What it was doing when it failed is over, and begins anew.
    void this.#holdings.shelve('the transfer begins anew').catch(() => {});
    status.error = undefined;
    const { isStored, torrent } = this.#knowledge;
    const isKnown = isStored || this.#knowledge.fetchLayers() || torrent?.infoHashes.v1 !== undefined;
    status.become(isKnown ? 'checking' : 'metadata');
    if (isKnown) this.#holdings.open();
    this.roster.wake(this.#parts.nowMs());
    this.#parts.dialSoon(this);
  }

  #takeTorrent(torrent: Torrent): void {
    this.#knowledge.learn(torrent);
    this.#conversation.greetAgain();
    // v1 hashes come with the metadata; with v2 ones alone, there is nothing to verify with before they came.
    if (this.#status.isStanding) return;
    if (torrent.infoHashes.v1 !== undefined || this.#knowledge.fetchLayers()) this.#holdings.open();
  }

  /** Piece hashes of a v2 torrent came after its metadata. */
  #openWhenKnown(): void {
    if (this.state === 'metadata' && this.#knowledge.fetchLayers()) this.#holdings.open();
  }

  async select(isWanted: (path: string, file: number) => Wish): Promise<void> {
    await this.#holdings.select(isWanted);
  }

  get home(): Home | undefined {
    return this.#holdings.whereabouts.home;
  }

  get moving(): MoveFacts | undefined {
    return this.#places.moving;
  }

  move(target: MoveTarget, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#places.move(target, signal);
  }

  rename(path: string, name: string): Promise<void> {
    return this.#places.rename(path, name);
  }

  relocate(folder: string): Promise<void> {
    return this.#places.relocate(folder);
  }

  discard(files: readonly number[]): Promise<void> {
    return this.#places.discard(files);
  }

  async destroy(): Promise<readonly string[]> {
    await this.stop();
    return this.#places.destroy();
  }

  #fail(error: unknown): void {
    const status = this.#status;
    if (status.isOver) return;
    status.error = error instanceof Error ? error : new SwarmError('storage', String(error));
    this.#holdings.pause();
    status.isComplete = false;
    status.become('failed');
    this.#holdings.streams?.endAll(status.error);
    this.#connections.leaveAll('the transfer failed');
    this.#diskWatch.failed(error);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#diskWatch.end();
    if (this.state !== 'failed') this.#status.become('stopped');
    this.#webSeeds.close();
    this.#connections.leaveAll('the transfer was stopped');
    this.#knowledge.close();
    this.#parts.forget(this);
    await this.#holdings.shelve('the transfer was stopped');
  }

  whenComplete(signal?: AbortSignal): Promise<void> {
    return whenComplete(this, signal);
  }

  async openFile(file: number | string, signal?: AbortSignal): Promise<RangeReader> {
    if (this.#status.takesPeers && this.state !== 'metadata') this.#holdings.open();
    await until(this, () => !this.#status.isOver && this.#holdings.streams !== undefined, signal);
    const { streams } = this.#holdings;
    if (streams === undefined) throw new SwarmError('closed', 'the transfer was stopped');
    return openReader(streams, file);
  }

  subscribe(listener: (event: TransferEvent) => void): () => void {
    return this.#status.subscribe(listener);
  }

  get progress(): TransferProgress {
    return this.#facts.progress;
  }

  get statistics(): TransferStatistics {
    return this.#facts.statistics;
  }

  get pieceMap(): PieceMap | undefined {
    return this.#facts.pieceMap;
  }

  comingPieces(most: number): ComingPiece[] {
    return this.#facts.comingPieces(most);
  }

  holdersOf(piece: number): PieceSource[] {
    return this.#facts.holdersOf(piece);
  }

  get peers(): PeerFacts[] {
    return this.#facts.peers;
  }

  get rates(): { readonly download: Rate; readonly upload: Rate } {
    return this.#connections;
  }

  get totals(): { readonly heard: number; readonly sent: number } {
    return this.#connections.totals;
  }

  get webSeeds(): WebSeedFacts[] {
    return this.#webSeeds.facts;
  }

  get bans(): { address: PeerAddress; reason: Leave }[] {
    return this.roster.bans;
  }

  checkInvariants(): string[] {
    return [
      ...(this.#holdings.trade?.checkInvariants() ?? []),
      ...this.#conversation.checkInvariants(),
      ...this.#connections.checkInvariants(),
    ].map((fault) => `${this.name}: ${fault}`);
  }
}
