// One connection after its handshake: what each side said, and where each message goes.
// Invariant: a message that breaks a rule (Conduct, the ledgers) ends the connection, before it changed anything;
// after `leave` nothing of this peer is called any more.

import type { PeerAddress } from '@shoal/base';
import { hostOf, type TransportError } from '@shoal/transport';
import {
  type BlockLedger,
  type BlockPlace,
  Conduct,
  createPeerParser,
  type Handshake,
  type HashRequest,
  type PeerHandlers,
  type PeerParser,
  WireError,
} from '@shoal/wire';
import * as bound from './bounds.ts';
import type { ChokeCandidate } from './choker.ts';
import type { EarlyPieces } from './early-pieces.ts';
import { type Leave, SwarmError } from './errors.ts';
import type { Taker } from './limits/flow.ts';
import { isLan } from './limits/limiter.ts';
import type { PacedChannel } from './limits/paced-channel.ts';
import { Outbox, type OutboxBuffers } from './outbox.ts';
import { PeerExtensions } from './peer-extensions.ts';
import type { PeerPieces } from './picker/peer-pieces.ts';
import { Rate } from './rate.ts';
import { RequestWindow } from './request-window.ts';
import { ServiceTime } from './service-time.ts';
import type { PeerFacts } from './types.ts';
import { UploadQueue } from './upload-queue.ts';

/** What a peer's messages do; the transfer it belongs to. */
export interface PeerHost {
  interestChanged(peer: Peer): void;
  chokeChanged(peer: Peer): void;
  has(peer: Peer, piece: number): void;
  hasOnly(peer: Peer, bits: Uint8Array): void;
  hasAll(peer: Peer): void;
  requested(peer: Peer, piece: number, begin: number, length: number): void;
  cancelled(peer: Peer, piece: number, begin: number, length: number): void;
  blockStart(peer: Peer, piece: number, begin: number, length: number): Uint8Array | null;
  blockEnd(peer: Peer, piece: number, begin: number, length: number): void;
  rejected(peer: Peer, piece: number, begin: number, length: number): void;
  allowedFast(peer: Peer, piece: number): void;
  suggested(peer: Peer, piece: number): void;
  extended(peer: Peer, id: number, payload: Uint8Array): void;
  hasDhtNode(peer: Peer, port: number): void;
  hashesRequested(peer: Peer, range: HashRequest): void;
  hashesCame(peer: Peer, range: HashRequest, hashes: Uint8Array): void;
  hashesRejected(peer: Peer, range: HashRequest): void;
  /** All messages of one chunk of bytes were handled. */
  heard(peer: Peer): void;
  left(peer: Peer, reason: Leave): void;
}

export interface PeerOptions {
  readonly host: PeerHost;
  readonly channel: PacedChannel;
  readonly handshake: Handshake;
  /** What both sides speak. */
  readonly fast: boolean;
  readonly extensions: boolean;
  /** BEP 52: it said so, or named the v2 hash (libtorrent sets the bit for hybrids alone). */
  readonly speaksV2: boolean;
  readonly nowMs: () => number;
  readonly buffers: OutboxBuffers;
}

export const readsNothing: Leave = {
  code: 'slow-reader',
  message: 'it does not read what it asked for',
  isBan: false,
};

export class Peer implements PeerHandlers, ChokeCandidate {
  readonly channel: PacedChannel;
  readonly address: PeerAddress;
  readonly host: string;
  readonly isOnLan: boolean;
  readonly handshake: Handshake;
  readonly fast: boolean;
  readonly extensions: boolean;
  readonly speaksV2: boolean;
  readonly outbox: Outbox;
  readonly parser: PeerParser;
  readonly conduct: Conduct;
  readonly connectedAtMs: number;
  readonly fromIt: Rate;
  readonly toIt: Rate;
  readonly #host: PeerHost;
  readonly #nowMs: () => number;
  #leave: Leave | undefined;
  #held: Uint8Array[] | undefined;

  isInterested = false;
  isChokingUs = true;
  isUnchoked = false;
  isInteresting = false;
  isSnubbing = false;
  snubbingSinceMs = 0;
  /** Not asked for anything until then: it rejected what it was asked. */
  restsUntilMs = 0;
  optimisticUntilMs = 0;
  unchokedAtMs = 0;
  chokedAtMs = 0;
  bytesAtUnchoke = 0;
  lastHeardMs: number;
  lastSaidMs: number;

  /** Set while the transfer trades pieces; before that, `early` keeps what it says it has. */
  pieces: PeerPieces | undefined;
  early: EarlyPieces | undefined;
  ledger: BlockLedger | undefined;
  /** Stands in line for blocks while the way in is limited. */
  asker: Taker | undefined;
  readonly requests = new RequestWindow(bound.requestsAssumed);
  readonly service = new ServiceTime();
  readonly uploads = new UploadQueue(bound.requestsQueued);
  /** Where the block that is arriving goes; null when it is thrown away. */
  incoming: Uint8Array | null = null;
  isIncomingWanted = false;
  /** When it last sent a block, or had nothing to send. */
  lastBlockMs: number;
  /** Pieces that it serves although it chokes us (BEP 6). */
  readonly fastPieces = new Set<number>();
  /** Pieces that we serve it although we choke it. */
  readonly grantedFast = new Set<number>();
  chunksUnderWay = 0;
  /** Which of the send buffers it gets. */
  chunkSize: 0 | 1 | 2 = 0;
  /** Its last chunk left at once: the next ones are to be ready before. */
  isQuick = true;
  /** Since when something has been waiting for the channel to take it. */
  writingSinceMs: number | undefined;
  refusals = 0;
  // What has been counted into the transfer's rates.
  countedFrom = 0;
  countedTo = 0;
  countedSent = 0;
  countedHeard = 0;
  countedFlushes = 0;
  /** Messages that change nothing. They cost us little, and a flood of them costs the peer its connection. */
  nuisance = 0;

  readonly extension = new PeerExtensions();

  constructor(options: PeerOptions) {
    const { channel, handshake } = options;
    this.channel = channel;
    this.address = channel.remote;
    this.host = hostOf(channel.remote);
    this.isOnLan = isLan(channel.remote.address);
    this.handshake = handshake;
    this.fast = options.fast;
    this.extensions = options.extensions;
    this.speaksV2 = options.speaksV2;
    this.#host = options.host;
    this.#nowMs = options.nowMs;
    this.outbox = new Outbox(channel, options.buffers);
    this.conduct = new Conduct({ fast: options.fast, extensions: options.extensions });
    this.parser = createPeerParser(this);
    const nowMs = options.nowMs();
    this.connectedAtMs = nowMs;
    this.lastHeardMs = nowMs;
    this.lastSaidMs = nowMs;
    this.lastBlockMs = nowMs;
    this.fromIt = new Rate(nowMs);
    this.toIt = new Rate(nowMs);
  }

  get bytesPerSecondFromIt(): number {
    return this.fromIt.bytesPerSecond;
  }

  get bytesPerSecondToIt(): number {
    return this.toIt.bytesPerSecond;
  }

  get bytesSinceUnchoke(): number {
    return this.toIt.total - this.bytesAtUnchoke;
  }

  get hasLeft(): boolean {
    return this.#leave !== undefined;
  }

  facts(pieceCount: number | undefined): Omit<PeerFacts, 'source'> {
    return {
      address: this.address,
      client: this.extension.client,
      isIncoming: this.channel.isIncoming,
      encryption: this.channel.encryption,
      isChokingUs: this.isChokingUs,
      isInteresting: this.isInteresting,
      isInterested: this.isInterested,
      isUnchoked: this.isUnchoked,
      isSnubbing: this.isSnubbing,
      has: pieceCount === undefined ? 0 : (this.pieces?.count ?? 0) / pieceCount,
      downloadBytesPerSecond: this.bytesPerSecondFromIt,
      uploadBytesPerSecond: this.bytesPerSecondToIt,
      downloadedBytes: this.fromIt.total,
      uploadedBytes: this.toIt.total,
      requestsInFlight: this.requests.count,
      flags: flagsOf(this),
      isOnLan: this.isOnLan,
    };
  }

  /** We cannot answer yet: what it says waits in the line, or here, for `release`. */
  hold(): void {
    this.#held = [];
    this.channel.hold();
  }

  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.channel.release();
    for (const bytes of held) this.#take(bytes);
  }

  /** Ends the connection. Only the first reason counts. */
  leave(reason: Leave): void {
    if (this.#leave !== undefined) return;
    this.#leave = reason;
    this.parser.stop();
    this.outbox.close();
    this.channel.close();
    this.#host.left(this, reason);
  }

  /** Called while a message of it is handled; throws when that was one too many, so that nothing comes of the message. */
  annoy(weight = 1): void {
    this.nuisance += weight;
    if (this.nuisance <= bound.mostNuisance) return;
    this.leave({ code: 'flood', message: 'it floods us with messages that say nothing new', isBan: true });
    throw new SwarmError('closed', 'the peer was let go');
  }

  readonly data = (bytes: Uint8Array): void => {
    if (this.#leave !== undefined) return;
    this.channel.heard(bytes.length);
    if (this.#held !== undefined) {
      this.#held.push(bytes.slice());
      return;
    }
    this.#take(bytes);
  };

  #take(bytes: Uint8Array): void {
    if (this.#leave !== undefined) return;
    this.lastHeardMs = this.#nowMs();
    try {
      this.parser.push(bytes);
    } catch (error) {
      if (error instanceof SwarmError && this.hasLeft) return;
      if (!(error instanceof WireError)) throw error;
      this.leave({ code: 'breach', message: `${error.message} (${error.code})`, isBan: true });
      return;
    }
    if (this.outbox.pendingBytes > bound.longestBacklog) this.leave(readsNothing);
    else this.#host.heard(this);
  }

  readonly closed = (error?: TransportError): void => {
    this.leave({ code: 'closed', message: error?.message ?? 'the peer closed the connection', isBan: false });
  };

  keepAlive(): void {
    this.annoy();
  }

  choke(): void {
    this.annoy();
    if (this.isChokingUs) return;
    this.isChokingUs = true;
    this.#host.chokeChanged(this);
  }

  unchoke(): void {
    // Giving up and asking anew for thousands of blocks is work: a peer that chokes and unchokes for fun is let go.
    this.annoy(this.isChokingUs ? 40 : 1);
    if (!this.isChokingUs) return;
    this.isChokingUs = false;
    this.restsUntilMs = 0;
    this.#host.chokeChanged(this);
  }

  interested(): void {
    this.annoy();
    if (this.isInterested) return;
    this.isInterested = true;
    this.#host.interestChanged(this);
  }

  notInterested(): void {
    this.annoy();
    if (!this.isInterested) return;
    this.isInterested = false;
    this.#host.interestChanged(this);
  }

  have(piece: number): void {
    this.conduct.have(piece);
    this.#host.has(this, piece);
  }

  bitfield(bits: Uint8Array): void {
    this.conduct.bitfield(bits);
    this.annoy(20);
    this.#host.hasOnly(this, bits);
  }

  haveAll(): void {
    this.conduct.haveAllOrNone();
    this.annoy(20);
    this.#host.hasAll(this);
  }

  haveNone(): void {
    this.conduct.haveAllOrNone();
    this.annoy();
  }

  request(piece: number, begin: number, length: number): void {
    this.conduct.request(piece, begin, length);
    this.#host.requested(this, piece, begin, length);
  }

  cancel(piece: number, begin: number, length: number): void {
    this.annoy(0.25);
    this.#host.cancelled(this, piece, begin, length);
  }

  blockStart(piece: number, begin: number, length: number, _place: BlockPlace): Uint8Array | null {
    return this.#host.blockStart(this, piece, begin, length);
  }

  blockEnd(piece: number, begin: number, length: number): void {
    this.#host.blockEnd(this, piece, begin, length);
  }

  port(port: number): void {
    this.annoy();
    this.#host.hasDhtNode(this, port);
  }

  suggest(piece: number): void {
    this.conduct.hint(piece);
    this.annoy();
    this.#host.suggested(this, piece);
  }

  reject(piece: number, begin: number, length: number): void {
    this.conduct.reject();
    this.#host.rejected(this, piece, begin, length);
  }

  allowedFast(piece: number): void {
    this.conduct.hint(piece);
    this.#host.allowedFast(this, piece);
  }

  extended(id: number, payload: Uint8Array): void {
    this.conduct.extended();
    this.#host.extended(this, id, payload);
  }

  hashRequest(range: HashRequest): void {
    this.annoy();
    this.#host.hashesRequested(this, range);
  }

  hashes(range: HashRequest, hashes: Uint8Array): void {
    this.#host.hashesCame(this, range, hashes);
  }

  hashReject(range: HashRequest): void {
    this.#host.hashesRejected(this, range);
  }
}

/** The letters that other clients show, as libtorrent's faces know them. */
function flagsOf(peer: Peer): string {
  const fetching = peer.isInteresting ? (peer.isChokingUs ? 'd' : 'D') : peer.isChokingUs ? '' : 'K';
  const sending = peer.isInterested ? (peer.isUnchoked ? 'U' : 'u') : peer.isUnchoked ? '?' : '';
  const others = [
    [peer.optimisticUntilMs > peer.lastHeardMs && peer.isUnchoked, 'O'],
    [peer.isSnubbing, 'S'],
    [peer.channel.isIncoming, 'I'],
    [peer.channel.encryption === 'rc4', 'E'],
    [peer.isOnLan, 'L'],
  ] as const;
  return [fetching, sending, ...others.map(([holds, letter]) => (holds ? letter : ''))].join('');
}
