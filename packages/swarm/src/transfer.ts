// One torrent of a session, through its states: metadata → checking → fetching → sharing, with the detours
// disk-full, failed and stopped. Messages of its peers arrive here and go to the part that they concern.
// Invariants: pieces are traded exactly while `trade` is there; a peer is in `peers` from its handshake until `left`.

import { equalBytes, type PeerAddress } from '@shoal/base';
import { type InfoHashes, MetainfoError, parseInfo, type Torrent } from '@shoal/metainfo';
import { type Content, openContent, StorageError } from '@shoal/storage';
import { type Channel, hostOf, oldestOfBusiest } from '@shoal/transport';
import { type Handshake, WireError } from '@shoal/wire';
import * as bound from './bounds.ts';
import { careFor } from './care.ts';
import { ChokeRound } from './choke-round.ts';
import { EarlyPieces } from './early-pieces.ts';
import { type Leave, SwarmError } from './errors.ts';
import { ExtensionDesk } from './extension-desk.ts';
import type { Successor } from './greet.ts';
import { HashExchange } from './hash-exchange.ts';
import { MetadataExchange } from './metadata-exchange.ts';
import { Peer } from './peer.ts';
import { PeerMessages } from './peer-messages.ts';
import { Rate } from './rate.ts';
import { Releases } from './releases.ts';
import { type KnownPeer, type PeerSource, Roster } from './roster.ts';
import type { SessionParts } from './session-parts.ts';
import { Trade } from './trade.ts';
import type {
  PeerFacts,
  Transfer,
  TransferEvent,
  TransferOptions,
  TransferProgress,
  TransferSource,
  TransferState,
} from './types.ts';
import { WantedBytes } from './wanted-bytes.ts';
import { whenComplete } from './when-complete.ts';
import { isV2Hash } from './wire-names.ts';
import { beyond, beyondPeer } from './within-bounds.ts';

export class TorrentTransfer implements Transfer {
  readonly infoHashes: InfoHashes;
  readonly roster: Roster;
  readonly #parts: SessionParts;
  readonly #options: TransferOptions;
  readonly #peers = new Set<Peer>();
  readonly #listeners = new Set<(event: TransferEvent) => void>();
  readonly #name: string;
  readonly #known = new Map<Peer, KnownPeer>();
  readonly #stopping = new AbortController();
  readonly #metadata: MetadataExchange;
  readonly #desk: ExtensionDesk;
  readonly #download: Rate;
  readonly #upload: Rate;
  readonly #chokes: ChokeRound;
  readonly #messages: PeerMessages;
  #hashes: HashExchange | undefined;
  #torrent: Torrent | undefined;
  #trade: Trade | undefined;
  #content: Content | undefined;
  #releases: Releases | undefined;
  #wantedBytes: WantedBytes | undefined;
  #isWanted: (file: number) => boolean = () => true;
  #state: TransferState = 'metadata';
  #error: Error | undefined;
  #isComplete = false;
  #lastChokeMs = 0;
  #lastRoomMs = 0;
  #opening: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(parts: SessionParts, source: TransferSource, options: TransferOptions) {
    this.#parts = parts;
    this.#options = options;
    this.infoHashes = source.kind === 'torrent' ? source.torrent.infoHashes : source.magnet.infoHashes;
    this.#name = (source.kind === 'torrent' ? source.torrent.name : source.magnet.name) ?? '';
    const { random, nowMs } = parts;
    this.roster = new Roster(random);
    this.#download = new Rate(nowMs());
    this.#upload = new Rate(nowMs());
    const peers = this.#peers;
    const info = () => this.#torrent?.info;
    this.#metadata = new MetadataExchange({ peers, info, nowMs, take: (bytes) => this.#takeInfo(bytes) });
    this.#desk = new ExtensionDesk({
      peers,
      metadata: this.#metadata,
      client: parts.client,
      listenPort: () => parts.port,
      info,
      exchangesPeers: () => parts.exchangesPeers && this.#torrent !== undefined && !this.#torrent.isPrivate,
      isUploadOnly: () => this.#trade?.picker.wanted === 0,
      nowMs,
      heardOf: (address) => this.addPeer(address, 'exchange'),
      lacks: (peer, piece) => {
        if (peer.pieces !== undefined) this.#trade?.picker.peerLacks(peer.pieces, piece);
      },
      uploadOnly: (peer) => this.#partIfPointless(peer),
    });
    this.#chokes = new ChokeRound({
      peers,
      random,
      nowMs,
      upload: this.#upload,
      isSeeding: () => this.#trade?.picker.wanted === 0,
      quotaBytes: 16 * 1024 * 1024,
      choked: (peer) => this.#trade?.uploads.choked(peer),
    });
    this.#messages = new PeerMessages({
      memory: parts.memory,
      desk: this.#desk,
      chokes: this.#chokes,
      trade: () => this.#trade,
      hashes: () => this.#hashes,
      partIfPointless: (peer) => this.#partIfPointless(peer),
      hashesCame: () => this.#openWhenKnown(),
      hasDhtNode: (address, port) => {
        if (this.dhtPort !== undefined) this.#emit({ kind: 'dht-node', address, port });
      },
      left: (peer, reason) => this.#left(peer, reason),
    });
    for (const address of options.peers ?? []) this.addPeer(address, 'given');
    if (source.kind === 'torrent') this.#takeTorrent(source.torrent);
  }

  get name(): string {
    return this.#torrent?.name ?? this.#name;
  }

  get torrent(): Torrent | undefined {
    return this.#torrent;
  }

  get state(): TransferState {
    return this.#state;
  }

  get error(): Error | undefined {
    return this.#error;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** All that are known by now: a link may have named one half of a hybrid. */
  get knownHashes(): InfoHashes {
    return this.#torrent?.infoHashes ?? this.infoHashes;
  }

  /** Connections are of use now. While the disk is being checked, we could not say what we have. */
  get takesPeers(): boolean {
    return this.#state !== 'checking' && this.#state !== 'failed' && this.#state !== 'stopped';
  }

  get peerCount(): number {
    return this.#peers.size;
  }

  /** BEP 27: the peers of a private torrent hear nothing of our DHT node. */
  get dhtPort(): number | undefined {
    return this.#torrent?.isPrivate === true ? undefined : this.#parts.dhtPort;
  }

  addPeer(address: PeerAddress, source: PeerSource): void {
    if (this.#state === 'stopped') return;
    // BEP 27: a private torrent has no peers but those of its tracker, and those that the user names.
    if (this.#torrent?.isPrivate === true && (source === 'exchange' || source === 'dht' || source === 'lan'))
      return;
    if (this.roster.banned(address) !== undefined) return;
    if (this.roster.add(address, source, this.#parts.nowMs()) !== undefined) this.#parts.dialSoon(this);
  }

  /** A channel whose handshake is through. */
  join(channel: Channel, handshake: Handshake, known: KnownPeer): Successor | Leave {
    const refusal = this.#refuse(channel, handshake);
    if (refusal !== undefined) return refusal;
    const peer = new Peer({
      host: this.#messages,
      channel,
      handshake,
      fast: handshake.capabilities.fast,
      extensions: handshake.capabilities.extensions,
      speaksV2: handshake.capabilities.v2 || isV2Hash(this.knownHashes, handshake.infoHash),
      nowMs: this.#parts.nowMs,
      buffers: this.#parts.outboxBuffers,
    });
    this.#peers.add(peer);
    this.#parts.connections++;
    known.state = 'connected';
    this.#known.set(peer, known);
    return {
      data: peer.data,
      close: peer.closed,
      ready: () => {
        if (this.#trade === undefined) {
          peer.early = new EarlyPieces();
          if (peer.fast) peer.outbox.haveNone();
        } else {
          this.#trade.attach(peer);
          this.#trade.announce(peer);
        }
        this.#desk.greet(peer);
        if (handshake.capabilities.dht && this.dhtPort !== undefined) peer.outbox.port(this.dhtPort);
        this.#emit({ kind: 'peer-joined', address: peer.address });
        this.#parts.activate(this);
      },
    };
  }

  /** Lets go of a connection that nothing came of, where one host has several of them. */
  makeRoom(): boolean {
    const idle = [...this.#peers].filter(({ fromIt, toIt }) => fromIt.total + toIt.total === 0);
    const oldest = oldestOfBusiest(idle, ({ address }) => address, 2);
    oldest?.leave({ code: 'too-many', message: 'others need the room of an idle connection', isBan: false });
    return oldest !== undefined;
  }

  #refuse(channel: Channel, handshake: Handshake): Leave | undefined {
    if (!this.takesPeers) return { code: 'stopped', message: `the transfer is ${this.#state}`, isBan: false };
    for (const peer of this.#peers) {
      if (!equalBytes(peer.handshake.peerId, handshake.peerId)) continue;
      // Anybody can say the name of another: only from the same host is it the same peer.
      if (hostOf(peer.address) !== hostOf(channel.remote)) continue;
      // Both dialled at once: both sides keep the connection that the smaller peer id dialled.
      const isDialledBySmaller = compare(this.#parts.peerId, handshake.peerId) < 0 !== channel.isIncoming;
      if (peer.channel.isIncoming === channel.isIncoming || !isDialledBySmaller)
        return { code: 'duplicate', message: 'it is connected already', isBan: false };
      peer.leave({ code: 'duplicate', message: 'it is connected twice', isBan: false });
      break;
    }
    return this.#peers.size >= bound.mostConnectionsPerTransfer && !this.makeRoom()
      ? { code: 'too-many', message: 'too many peers are connected', isBan: false }
      : undefined;
  }

  /** Every half second, while there are peers or addresses to dial. False when there is nothing to do. */
  tick(nowMs: number): boolean {
    this.#download.tick(nowMs);
    this.#upload.tick(nowMs);
    for (const peer of this.#peers) {
      this.#count(peer);
      careFor(peer, nowMs);
    }
    this.#metadata.tick();
    this.#hashes?.tick();
    this.#desk.tick();
    this.#trade?.tick(nowMs);
    this.#openWhenKnown();
    if (this.#state === 'disk-full' && nowMs - this.#lastRoomMs > bound.fullDiskRetryMs)
      void this.#lookForRoom(nowMs);
    if (nowMs - this.#lastChokeMs >= bound.chokeIntervalMs) {
      this.#lastChokeMs = nowMs;
      this.#chokes.run();
    }
    return this.#peers.size > 0 || this.roster.hasDialable || this.#state === 'disk-full';
  }

  /** What it sent and got since the last time counts for the transfer. */
  #count(peer: Peer): void {
    this.#download.add(peer.fromIt.total - peer.countedFrom);
    this.#upload.add(peer.toIt.total - peer.countedTo);
    peer.countedFrom = peer.fromIt.total;
    peer.countedTo = peer.toIt.total;
  }

  #left(peer: Peer, reason: Leave): void {
    if (!this.#peers.delete(peer)) return;
    if (!peer.isChokingUs) this.#parts.memory.activePeers--;
    this.#parts.connections--;
    this.#chokes.left(peer);
    this.#trade?.detach(peer);
    this.#hashes?.left(peer);
    this.#count(peer);
    const known = this.#known.get(peer);
    this.#known.delete(peer);
    if (known !== undefined) {
      const wasUseful = peer.fromIt.total + peer.toIt.total > 0;
      this.roster.ended(known, this.#parts.nowMs(), wasUseful, reason.code === 'nothing-to-trade');
      if (reason.isBan) {
        this.roster.ban(known, reason);
        this.#partWithBanned(reason);
      }
    }
    this.#emit({ kind: 'peer-left', address: peer.address, reason });
  }

  /** Two that want nothing of each other make room for others. */
  #partIfPointless(peer: Peer): void {
    if (this.#trade === undefined || this.#trade.picker.wanted > 0 || peer.hasLeft) return;
    const wantsNothing = peer.pieces?.hasAll === true || peer.extension.isUploadOnly;
    if (wantsNothing && this.#isComplete && this.#torrent !== undefined)
      peer.leave({ code: 'nothing-to-trade', message: 'both have all they want', isBan: false });
  }

  // Metadata and content.

  #takeInfo(info: Uint8Array): boolean {
    if (this.#torrent !== undefined) return true;
    try {
      const { hashing } = this.#parts;
      this.#takeTorrent(parseInfo(info, (name, bytes) => hashing.digest(name, bytes), this.infoHashes));
      return true;
    } catch (error) {
      if (!(error instanceof MetainfoError)) throw error;
      // Peers that gave what the link names are not to blame for what it says.
      if (error.code === 'info-hash-mismatch') return false;
      this.#fail(error);
      return true;
    }
  }

  #takeTorrent(torrent: Torrent): void {
    this.#torrent = torrent;
    this.#isWanted = (file) => this.#options.isWanted?.(pathOf(torrent, file), file) ?? true;
    this.#hashes = new HashExchange({
      peers: this.#peers,
      hashes: torrent.hashes,
      pieceCount: torrent.layout.pieceCount,
      content: () => this.#content,
      nowMs: this.#parts.nowMs,
    });
    this.#parts.learned(this, torrent);
    this.#emit({ kind: 'metadata', torrent });
    // Those who came before it learn that they can have it from us, and whether we exchange peers.
    for (const peer of this.#peers) this.#desk.greet(peer);
    // v1 hashes come with the metadata; with v2 ones alone, there is nothing to verify with before they came.
    if (torrent.infoHashes.v1 !== undefined || this.#hashes.fetchLayers()) this.#open(torrent);
  }

  /** Piece hashes of a v2 torrent came after its metadata. */
  #openWhenKnown(): void {
    if (this.#state === 'metadata' && this.#torrent !== undefined && this.#hashes?.fetchLayers() === true)
      this.#open(this.#torrent);
  }

  #open(torrent: Torrent): void {
    this.#opening ??= this.#openContent(torrent).catch((error: unknown) => this.#couldNotOpen(error));
  }

  /** A disk may be too full for the journal already: then nothing is known of the content, and it is opened again later. */
  async #couldNotOpen(error: unknown): Promise<void> {
    if (!(error instanceof StorageError) || error.code !== 'no-space' || this.#trade !== undefined) {
      this.#fail(error);
      return;
    }
    await this.#content?.close();
    this.#content = undefined;
    this.#opening = undefined;
    if (!this.#stopping.signal.aborted) this.#waitForRoom(error);
  }

  #waitForRoom(error: StorageError): void {
    this.#error = error;
    this.#lastRoomMs = this.#parts.nowMs();
    this.#setState('disk-full');
    this.#parts.activate(this);
  }

  async #openContent(torrent: Torrent): Promise<void> {
    const { signal } = this.#stopping;
    const { folder, journal, overwrite, hashed, gate } = this.#options;
    const { disk, hashing, clock, openFiles, lock, bootId } = this.#parts;
    this.#setState('checking');
    const content = await openContent(
      {
        disk,
        hashing,
        clock,
        openFiles,
        layout: torrent.layout,
        hashes: torrent.hashes,
        folder: torrent.folder === undefined ? folder : `${folder}/${torrent.folder}`,
        identity: this.infoHashes.v2 ?? this.infoHashes.v1 ?? new Uint8Array(1),
        journal,
        isWanted: this.#isWanted,
        ...(lock === undefined ? {} : { lock }),
        ...(bootId === undefined ? {} : { bootId }),
        ...(overwrite === undefined ? {} : { overwrite }),
        ...(hashed === undefined ? {} : { hashed }),
      },
      signal,
    );
    this.#content = content;
    if (signal.aborted) return;
    await content.check({ signal });
    if (signal.aborted) return;
    this.#wantedBytes = new WantedBytes(torrent.layout, content.good, this.#isWanted);
    this.#releases = new Releases({
      content,
      layout: torrent.layout,
      gate: (file, path) => gate?.({ transfer: this, path, index: file }) ?? Promise.resolve(true),
      released: (file, path) => this.#emit({ kind: 'released', file, path }),
      settled: () => this.#settle(),
      failed: (error) => this.#storageFailed(error),
    });
    this.#startTrade(torrent, content);
    this.#releases.all();
    this.#settle();
  }

  #startTrade(torrent: Torrent, content: Content): void {
    const { hashing, random, memory, sendBuffers, nowMs } = this.#parts;
    const hashes = this.#hashes;
    if (hashes === undefined) return;
    const trade = new Trade({
      torrent,
      content,
      hashing,
      random,
      memory,
      sendBuffers,
      hashes,
      peers: this.#peers,
      nowMs,
      onHave: (piece) => this.#had(piece),
      onStorageError: (error) => this.#storageFailed(error),
      onLiar: (address, peer, piece) => this.#ban(address, peer, piece),
    });
    trade.select(this.#isWanted);
    this.#trade = trade;
    this.#setState(trade.picker.wanted === 0 ? 'sharing' : 'fetching');
    for (const peer of [...this.#peers]) {
      try {
        trade.attach(peer);
        for (const piece of trade.picker.have.indices()) peer.outbox.have(piece);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        peer.leave({ code: 'breach', message: `${error.message} (${error.code})`, isBan: true });
      }
    }
    trade.downloads.feedSoon();
    this.#parts.dialSoon(this);
  }

  #had(piece: number): void {
    this.#wantedBytes?.had(piece);
    this.#emit({ kind: 'piece', piece });
    this.#releases?.had(piece);
    if (this.#trade?.picker.wanted === 0) this.#settle();
  }

  /** All wanted pieces are here, and all their files released: complete. */
  #settle(): void {
    if (this.#trade === undefined || this.#trade.picker.wanted > 0) return;
    if (this.#state === 'fetching' || this.#state === 'disk-full') this.#setState('sharing');
    if (this.#isComplete || this.#state !== 'sharing' || this.#releases?.isSettled !== true) return;
    this.#isComplete = true;
    this.#emit({ kind: 'complete' });
    for (const peer of [...this.#peers]) this.#partIfPointless(peer);
  }

  async select(isWanted: (path: string, file: number) => boolean): Promise<void> {
    const torrent = this.#torrent;
    if (torrent === undefined) throw new SwarmError('invalid', 'the files are not known yet');
    this.#isWanted = (file) => isWanted(pathOf(torrent, file), file);
    for (const [file] of torrent.layout.files.entries())
      await this.#content?.setWanted(file, this.#isWanted(file));
    if (this.#content !== undefined)
      this.#wantedBytes = new WantedBytes(torrent.layout, this.#content.good, this.#isWanted);
    this.#trade?.select(this.#isWanted);
    if (this.#trade !== undefined && this.#trade.picker.wanted > 0) {
      this.#isComplete = false;
      if (this.#state === 'sharing') this.#setState('fetching');
      this.roster.wake(this.#parts.nowMs());
      this.#parts.dialSoon(this);
    }
    this.#releases?.all();
    this.#settle();
  }

  #ban(address: PeerAddress, peer: Peer | undefined, piece: number): void {
    const reason: Leave = { code: 'lied', message: `it sent wrong data for piece ${piece}`, isBan: true };
    if (peer !== undefined) peer.leave(reason);
    else {
      const known = this.roster.get(address) ?? this.roster.add(address, 'incoming', this.#parts.nowMs());
      if (known === undefined) return;
      this.roster.ban(known, reason);
      this.#partWithBanned(reason);
    }
  }

  /** All connections of a host that was banned. */
  #partWithBanned(reason: Leave): void {
    for (const peer of [...this.#peers])
      if (this.roster.banned(peer.address) !== undefined) peer.leave(reason);
  }

  #storageFailed(error: unknown): void {
    if (error instanceof StorageError && error.code === 'no-space') {
      if (this.#trade === undefined || this.#state === 'disk-full') return;
      this.#trade.downloads.isPaused = true;
      this.#waitForRoom(error);
    } else this.#fail(error);
  }

  async #lookForRoom(nowMs: number): Promise<void> {
    this.#lastRoomMs = nowMs;
    if (this.#content === undefined && this.#torrent !== undefined) {
      this.#error = undefined;
      this.#open(this.#torrent);
      return;
    }
    const room = (await this.#content?.freeBytes().catch(() => 0)) ?? 0;
    const trade = this.#trade;
    const { bytes, total } = this.progress;
    if (this.#state !== 'disk-full' || trade === undefined) return;
    if (room < Math.min(bound.roomToGoOn, total - bytes + bound.roomForRecords)) return;
    this.#error = undefined;
    trade.downloads.isPaused = false;
    this.#setState('fetching');
    trade.downloads.feedSoon();
    this.#releases?.all();
    this.#settle();
  }

  #fail(error: unknown): void {
    if (this.#state === 'failed' || this.#state === 'stopped') return;
    this.#error = error instanceof Error ? error : new SwarmError('storage', String(error));
    if (this.#trade !== undefined) this.#trade.downloads.isPaused = true;
    this.#setState('failed');
    for (const peer of [...this.#peers])
      peer.leave({ code: 'stopped', message: 'the transfer failed', isBan: false });
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    if (this.#state !== 'failed') this.#setState('stopped');
    this.#stopping.abort();
    for (const peer of [...this.#peers])
      peer.leave({ code: 'stopped', message: 'the transfer was stopped', isBan: false });
    this.#hashes?.close();
    this.#parts.forget(this);
    await this.#opening;
    await this.#trade?.assembler.close();
    await this.#content?.close();
  }

  whenComplete(signal?: AbortSignal): Promise<void> {
    return whenComplete(this, signal);
  }

  subscribe(listener: (event: TransferEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get progress(): TransferProgress {
    let seeds = 0;
    for (const peer of this.#peers) if (peer.pieces?.hasAll === true) seeds++;
    return {
      bytes: this.#wantedBytes?.bytes ?? 0,
      total: this.#wantedBytes?.total ?? 0,
      downloadBytesPerSecond: this.#download.bytesPerSecond,
      uploadBytesPerSecond: this.#upload.bytesPerSecond,
      downloadedBytes: this.#download.total,
      uploadedBytes: this.#upload.total,
      wastedBytes: this.#trade?.downloads.wastedBytes ?? 0,
      peers: this.#peers.size,
      seeds,
    };
  }

  get peers(): PeerFacts[] {
    return Array.from(this.#peers, (peer) => peer.facts(this.#trade?.shape.pieceCount));
  }

  get bans(): { address: PeerAddress; reason: Leave }[] {
    return this.roster.bans;
  }

  #setState(state: TransferState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#emit({ kind: 'state', state });
  }

  #emit(event: TransferEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  checkInvariants(): string[] {
    return [
      ...(this.#trade?.checkInvariants() ?? []),
      ...this.#chokes.checkInvariants(),
      ...beyond([
        ['peers', this.#peers.size, bound.mostConnectionsPerTransfer],
        [
          'addresses',
          this.roster.size,
          bound.mostAddresses + bound.mostBans + bound.mostConnectionsPerTransfer,
        ],
      ]),
      ...[...this.#peers].flatMap(beyondPeer),
    ].map((fault) => `${this.name}: ${fault}`);
  }
}

function pathOf(torrent: Torrent, file: number): string {
  return (torrent.layout.files[file]?.path ?? []).join('/');
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
