// What a transfer and its peers have to say to each other: first words and last ones, metadata, extensions, who may
// download from us. Invariants: a peer that comes while what we have is not known waits for its first words; two that
// want nothing of each other part.

import type { PeerAddress } from '@shoal/base';
import * as bound from './bounds.ts';
import { ChokeRound } from './choke-round.ts';
import type { Connections } from './connections.ts';
import { EarlyPieces } from './early-pieces.ts';
import { ExtensionDesk } from './extension-desk.ts';
import type { Holdings } from './holdings.ts';
import type { Knowledge } from './knowledge.ts';
import { MetadataExchange } from './metadata-exchange.ts';
import type { Peer, PeerHost } from './peer.ts';
import { PeerMessages } from './peer-messages.ts';
import type { SessionParts } from './session-parts.ts';
import type { Status } from './status.ts';

export interface ConversationOptions {
  readonly parts: SessionParts;
  readonly status: Status;
  readonly connections: Connections;
  readonly holdings: Holdings;
  readonly knowledge: Knowledge;
  /** Nobody hears of it where that is undefined. */
  readonly dhtPort: () => number | undefined;
  heardOf(address: PeerAddress): void;
  /** There is something to do with each tick. */
  activate(): void;
  /** Whoever is to be hurried to may be dialled now. */
  dialSoon(): void;
  /** Perhaps the last ones that were missing. */
  hashesCame(): void;
}

export class Conversation {
  readonly #o: ConversationOptions;
  readonly #metadata: MetadataExchange;
  readonly #desk: ExtensionDesk;
  readonly #chokes: ChokeRound<Peer>;
  #lastChokeMs = 0;
  /** Whoever is connected speaks to it. */
  readonly host: PeerHost;

  constructor(options: ConversationOptions) {
    this.#o = options;
    const { parts, status, connections, holdings, knowledge } = options;
    const { random, nowMs } = parts;
    const { peers, upload } = connections;
    const info = () => knowledge.torrent?.info;
    this.#metadata = new MetadataExchange({
      peers,
      info,
      isWanted: () => status.state === 'metadata',
      nowMs,
      take: (bytes) => knowledge.take(bytes),
    });
    this.#desk = new ExtensionDesk({
      peers,
      metadata: this.#metadata,
      client: parts.client,
      listenPort: () => parts.port,
      info,
      exchangesPeers: () => parts.exchangesPeers && knowledge.torrent?.isPrivate === false,
      isUploadOnly: () => holdings.wantsNothing && holdings.mode.kind === 'usual',
      nowMs,
      outsideAddress: (by, address) => parts.outside.told(by, address),
      heardOf: (address) => options.heardOf(address),
      dial: (address) => {
        if (connections.hurry(address)) options.dialSoon();
      },
      lacks: (peer, piece) => {
        if (peer.pieces !== undefined) holdings.trade?.picker.peerLacks(peer.pieces, piece);
      },
      uploadOnly: (peer) => this.#partIfPointless(peer),
    });
    this.#chokes = new ChokeRound({
      peers,
      random,
      nowMs,
      upload,
      uploadLimit: () => parts.limiter.uploadLimit(connections.lanes),
      isSeeding: () => holdings.wantsNothing,
      quotaBytes: 16 * 1024 * 1024,
      choked: (peer) => holdings.trade?.uploads.choked(peer),
    });
    this.host = new PeerMessages({
      memory: parts.memory,
      desk: this.#desk,
      chokes: this.#chokes,
      trade: () => holdings.trade,
      hashes: () => knowledge.hashes,
      partIfPointless: (peer) => this.#partIfPointless(peer),
      hashesCame: () => options.hashesCame(),
      hasDhtNode: (address, port) => {
        if (options.dhtPort() !== undefined) status.emit({ kind: 'dht-node', address, port });
      },
      left: (peer, reason) => connections.left(peer, reason),
    });
  }

  welcome(peer: Peer): void {
    const { holdings, status } = this.#o;
    const { trade } = holdings;
    this.#o.activate();
    if (trade === undefined && status.state !== 'metadata') {
      // What we have is not known yet, or not any more.
      holdings.open();
      holdings.hurry();
      peer.hold();
      return;
    }
    if (trade === undefined) {
      peer.early = new EarlyPieces();
      if (peer.fast) peer.outbox.haveNone();
    } else {
      trade.attach(peer);
      trade.announce(peer);
    }
    this.#desk.greet(peer);
    const port = this.#o.dhtPort();
    if (peer.handshake.capabilities.dht && port !== undefined) peer.outbox.port(port);
  }

  /** Those who came before the metadata learn that they can have it from us, and whether we exchange peers. */
  greetAgain(): void {
    for (const peer of this.#o.connections.peers) this.#desk.greet(peer);
  }

  /** A dial came to nothing. */
  notReached(address: PeerAddress): void {
    this.#desk.notReached(address);
  }

  left(peer: Peer): void {
    const { holdings, knowledge } = this.#o;
    this.#chokes.left(peer);
    this.#desk.left(peer);
    holdings.trade?.detach(peer);
    knowledge.hashes?.left(peer);
  }

  tick(): void {
    this.#metadata.tick();
    this.#o.knowledge.hashes?.tick();
    this.#desk.tick();
  }

  /** Who may download from us; free slots are filled at once. */
  giveSlots(nowMs: number): void {
    if (nowMs - this.#lastChokeMs >= bound.chokeIntervalMs) {
      this.#lastChokeMs = nowMs;
      this.#chokes.run();
    } else this.#chokes.fill();
  }

  wishesChanged(): void {
    this.#desk.sayUploadOnly();
  }

  partWithPointless(): void {
    for (const peer of [...this.#o.connections.peers]) this.#partIfPointless(peer);
  }

  /** Two that want nothing of each other make room for others. */
  #partIfPointless(peer: Peer): void {
    const { holdings, status } = this.#o;
    if (!holdings.wantsNothing || !status.isComplete || peer.hasLeft) return;
    if (peer.pieces?.hasAll === true || peer.extension.isUploadOnly)
      peer.leave({ code: 'nothing-to-trade', message: 'both have all they want', isBan: false });
  }

  checkInvariants(): string[] {
    return this.#chokes.checkInvariants();
  }
}
