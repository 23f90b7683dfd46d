// Pieces traded with the peers of one torrent, from when its metadata is known and its content open.
// Invariant: what is announced was verified and written; a peer's pieces are known to the picker for as long as it
// is attached, and its blocks are given up before it is detached.

import type { Clock, Hashing, PeerAddress, Random } from '@shoal/base';
import { equalBytes } from '@shoal/base';
import type { Torrent } from '@shoal/metainfo';
import type { Content } from '@shoal/storage';
import { allowedFastSet, type ContentShape } from '@shoal/wire';
import { Assembler, type BadPiece } from './assembler.ts';
import { announceMs } from './bounds.ts';
import { Downloads } from './downloads.ts';
import type { HashExchange } from './hash-exchange.ts';
import type { BlockMemory } from './memory.ts';
import type { Peer } from './peer.ts';
import type { PeerPieces } from './picker/peer-pieces.ts';
import { blockLength, Picker } from './picker/picker.ts';
import type { Waste } from './statistics.ts';
import { SuperSeed } from './super-seed.ts';
import { type Suspect, Suspects } from './suspects.ts';
import type { TransferMode, Wish } from './types.ts';
import { type SendBuffers, Uploads } from './uploads.ts';
import { Volunteer } from './volunteer.ts';
import type { WebSeeds } from './web-seeds/web-seeds.ts';
import { Wishes } from './wishes.ts';

export interface TradeOptions {
  readonly clock: Clock;
  readonly torrent: Torrent;
  readonly content: Content;
  readonly hashing: Hashing;
  readonly random: Random;
  readonly memory: BlockMemory;
  readonly sendBuffers: SendBuffers;
  readonly hashes: HashExchange;
  readonly peers: ReadonlySet<Peer>;
  readonly nowMs: () => number;
  readonly waste: Waste;
  /** All that the transfer sent. */
  readonly uploadedBytes: () => number;
  readonly webSeeds: Pick<WebSeeds, 'convict' | 'feedSoon'>;
  onHave(piece: number): void;
  onStorageError(error: unknown): void;
  /** It sent this piece, or a block of it, and that was not what the torrent says. */
  onLiar(address: PeerAddress, peer: Peer | undefined, piece: number): void;
}

/**
 * BEP 6: a few pieces may be fetched while choked. The set is the same for a whole /24, so more of them would lead neighbours to
 * the same pieces; and of few pieces only a share, as what anybody gets without a slot takes from those who have one.
 */
const mostFastPieces = 5;
const shareOfFastPieces = 1 / 16;
/** Peers that are remembered after they left, in case a block of theirs turns out to be bad. */
const mostSuspects = 2_000;

export class Trade {
  readonly picker: Picker;
  readonly wishes: Wishes;
  readonly superSeed: SuperSeed;
  readonly #volunteer: Volunteer;
  readonly content: Content;
  readonly assembler: Assembler;
  readonly downloads: Downloads;
  readonly uploads: Uploads;
  readonly shape: ContentShape;
  readonly #o: TradeOptions;
  /** What may be asked of us: libtorrent asks for whole pieces where a v2 file ends, and expects zeros after its end. */
  readonly #requestable: ContentShape;
  readonly #suspects: Suspects;
  readonly #senders = new Map<number, Suspect>();
  #isAnnouncing = false;
  badPieces = 0;

  constructor(options: TradeOptions) {
    this.#o = options;
    const { torrent, content, random, memory, peers, nowMs } = options;
    const { layout } = torrent;
    this.content = content;
    this.shape = {
      pieceCount: layout.pieceCount,
      pieceLength: layout.pieceLength,
      lengthOfPiece: (piece) => layout.pieceSize(piece),
    };
    this.#requestable = {
      ...this.shape,
      lengthOfPiece: (piece) => (layout.hasGaps ? layout.pieceLength : layout.pieceSize(piece)),
    };
    this.picker = new Picker({
      pieceCount: layout.pieceCount,
      pieceLength: this.shape.lengthOfPiece,
      random,
    });
    this.wishes = new Wishes(layout, this.picker);
    const { picker, wishes } = this;
    this.superSeed = new SuperSeed({ picker, peers, random, nowMs });
    const { pieceLength } = layout;
    const { uploadedBytes } = options;
    this.#volunteer = new Volunteer({ picker, wishes, peers, random, pieceLength, uploadedBytes });
    for (const piece of content.good.indices()) picker.found(piece);
    this.#suspects = new Suspects(options.hashing);
    this.assembler = new Assembler({
      picker: this.picker,
      content,
      memory,
      onHave: (piece) => this.#have(piece),
      onBad: (piece, bad) => this.#bad(piece, bad),
      onStorageError: options.onStorageError,
    });
    this.downloads = new Downloads({
      picker: this.picker,
      assembler: this.assembler,
      memory,
      shape: this.shape,
      peers,
      nowMs,
      waste: options.waste,
      feedOthers: options.webSeeds.feedSoon,
    });
    this.uploads = new Uploads({
      content,
      buffers: options.sendBuffers,
      has: (piece) => this.picker.have.has(piece),
      lengthOfPiece: this.shape.lengthOfPiece,
      nowMs,
      onReadError: (error, piece) => this.unreadable(error, piece),
    });
  }

  /** The peer may have said what it has before: it is held against the torrent now. Throws a WireError. */
  attach(peer: Peer): void {
    peer.parser.setPieceCount(this.shape.pieceCount);
    peer.conduct.setShape(this.#requestable);
    const pieces = this.picker.addPeer();
    peer.pieces = pieces;
    this.#senders.set(pieces.slot, { slot: pieces.slot, address: peer.address });
    this.downloads.add(peer);
    if (peer.early !== undefined) {
      this.picker.peerHasOnly(pieces, peer.early.pieces(this.shape.pieceCount));
      peer.early = undefined;
      this.interest(peer);
    }
  }

  /** Somebody who has pieces and is no peer, known by a slot of its own. */
  addSource(): PeerPieces {
    const pieces = this.picker.addPeer();
    this.#senders.set(pieces.slot, { slot: pieces.slot, address: undefined });
    return pieces;
  }

  /** Undefined for one that is no peer, and for those that left long ago. */
  addressOf(slot: number): PeerAddress | undefined {
    return this.#senders.get(slot)?.address;
  }

  get peerCount(): number {
    return this.#o.peers.size;
  }

  /** Peers that may be asked for something. */
  get givingPeers(): number {
    let count = 0;
    for (const peer of this.#o.peers) if (!peer.isChokingUs && peer.isInteresting) count++;
    return count;
  }

  detach(peer: Peer): void {
    this.downloads.remove(peer);
    this.uploads.choked(peer);
    this.superSeed.left(peer);
    if (peer.pieces !== undefined) this.picker.removePeer(peer.pieces);
    for (const slot of this.#senders.keys()) {
      if (this.#senders.size <= mostSuspects) break;
      this.#senders.delete(slot);
    }
  }

  /** Says what we have, first thing. */
  announce(peer: Peer): void {
    const { have } = this.picker;
    if (this.superSeed.isOn) {
      this.superSeed.welcome(peer);
      return;
    }
    if (peer.fast && have.isFull) peer.outbox.haveAll();
    else if (peer.fast && have.isEmpty) peer.outbox.haveNone();
    else if (!have.isEmpty) peer.outbox.bitfield(have.bytes);
    if (!peer.fast || have.isEmpty) return;
    const granted = allowedFastSet(this.#o.hashing, {
      address: peer.address.address,
      infoHash: peer.handshake.infoHash,
      pieceCount: this.shape.pieceCount,
      size: Math.min(mostFastPieces, Math.ceil(this.shape.pieceCount * shareOfFastPieces)),
    });
    for (const piece of granted) {
      if (!have.has(piece)) continue;
      peer.grantedFast.add(piece);
      peer.outbox.allowedFast(piece);
    }
  }

  /** Tells the peer that we are interested; that we are not any more, only now and then (`tick`). */
  interest(peer: Peer): void {
    if (peer.isInteresting || peer.pieces === undefined || peer.pieces.wanted === 0) return;
    peer.isInteresting = true;
    peer.outbox.interested();
  }

  /** `mayWantMore`: those who let us ask go on doing so, as we shall soon. */
  tick(nowMs: number, mayWantMore: boolean): void {
    for (const peer of this.#o.peers) {
      if (mayWantMore || !peer.isInteresting || peer.pieces === undefined || peer.pieces.wanted > 0) continue;
      peer.isInteresting = false;
      peer.outbox.notInterested();
    }
    if (this.superSeed.isOn) this.superSeed.tick();
    if (this.#volunteer.tick()) for (const peer of this.#o.peers) this.interest(peer);
    this.downloads.tick(nowMs);
  }

  /** Super-seeding begins once all is here; a volunteer's pieces are no file's. */
  setMode(mode: TransferMode): void {
    // A volunteer is in no hurry: what comes twice is a waste.
    this.downloads.hasEndgame = mode.kind !== 'share';
    this.#volunteer.mostBytes = mode.kind === 'share' ? mode.mostBytes : undefined;
    if (mode.kind === 'super-seed' && this.picker.have.isFull) this.superSeed.start();
    else this.superSeed.stop();
  }

  /** The peer says that it has got this piece. */
  passedOn(peer: Peer, piece: number): void {
    if (this.superSeed.isOn) this.superSeed.seen(peer, piece);
  }

  /** Which files are wanted from now on. */
  select(wish: (file: number) => Wish): void {
    this.wishes.select(wish);
    for (const peer of this.#o.peers) this.interest(peer);
    this.downloads.feedSoon();
  }

  #have(piece: number): void {
    let isNews = false;
    for (const peer of this.#o.peers) {
      const lacksIt = peer.pieces?.has(piece) !== true;
      peer.outbox.announce(piece, lacksIt);
      isNews ||= lacksIt;
    }
    if (isNews) this.#announceSoon();
    if (this.#suspects.isSuspect(piece)) void this.#convict(piece);
    this.#o.onHave(piece);
  }

  #announceSoon(): void {
    if (this.#isAnnouncing) return;
    this.#isAnnouncing = true;
    this.#o.clock.setTimer(announceMs, () => {
      this.#isAnnouncing = false;
      for (const { outbox } of this.#o.peers) if (outbox.hasNews) outbox.flush();
    });
  }

  #bad(piece: number, bad: BadPiece): void {
    const { picker } = this;
    this.badPieces++;
    const senders: (Suspect | undefined)[] = [];
    for (let block = 0; block < picker.blockCount(piece); block++)
      senders.push(this.#senders.get(picker.senderOf(piece, block)));
    const slots = new Set(senders.map((sender) => sender?.slot));
    const [only] = senders;
    this.#o.waste.add('bad', this.shape.lengthOfPiece(piece));
    picker.failed(piece);
    if (slots.size === 1) {
      if (only !== undefined) this.#accuse(only, piece);
    } else {
      picker.fetchAlone(piece);
      this.#suspects.remember(piece, bad.blocks, (block) => senders[block]);
      if (bad.leaves !== undefined) void this.#nameByLeaves(piece, bad.leaves, senders);
    }
    this.downloads.feedSoon();
  }

  /** v2: a leaf that differs from the proved one names the block, and with it the peer that sent it. */
  async #nameByLeaves(
    piece: number,
    leaves: Uint8Array,
    senders: readonly (Suspect | undefined)[],
  ): Promise<void> {
    const proved = await this.#o.hashes.fetchLeaves(piece);
    if (proved === undefined) return;
    senders.forEach((sender, block) => {
      const [from, to] = [block * 32, block * 32 + 32];
      if (sender === undefined || leaves.length < to) return;
      if (!equalBytes(leaves.subarray(from, to), proved.subarray(from, to))) this.#accuse(sender, piece);
    });
  }

  async #convict(piece: number): Promise<void> {
    const blocks = new Map<number, Uint8Array>();
    const count = this.picker.blockCount(piece);
    for (let block = 0; block < count; block++) {
      const bytes = new Uint8Array(this.picker.blockLength(piece, block));
      const isRead = await this.content.read(piece, block * blockLength, [bytes]).catch(() => false);
      if (isRead) blocks.set(block, bytes);
    }
    for (const suspect of this.#suspects.convict(piece, (block) => blocks.get(block)))
      this.#accuse(suspect, piece);
  }

  #accuse({ slot, address }: Suspect, piece: number): void {
    if (address === undefined) this.#o.webSeeds.convict(slot, piece);
    else this.#o.onLiar(address, this.downloads.peerOf(slot), piece);
  }

  /** A good piece could not be read back. */
  unreadable(error: unknown, piece: number): void {
    if (this.picker.state(piece) !== 'have') return;
    this.content.doubtPiece(piece);
    this.picker.lost(piece);
    this.#o.onStorageError(error);
  }

  checkInvariants(): string[] {
    const faults = [...this.picker.checkInvariants(), ...this.downloads.checkInvariants()];
    for (const piece of this.picker.have.indices())
      if (!this.content.good.has(piece)) faults.push(`piece ${piece} is announced, but not good`);
    return faults;
  }
}
