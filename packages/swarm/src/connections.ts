// The peers of one transfer: who is let in, who makes room, who is banned, and what all of them sent and got.
// Invariant: a peer is in `peers` from its handshake until `left`, and its address is `connected` in the roster as long.

import { equalBytes, type PeerAddress } from '@shoal/base';
import type { InfoHashes } from '@shoal/metainfo';
import { type Channel, hostOf, oldestOfBusiest } from '@shoal/transport';
import type { Handshake } from '@shoal/wire';
import * as bound from './bounds.ts';
import { careFor } from './care.ts';
import type { Leave } from './errors.ts';
import type { Successor } from './greet.ts';
import type { Lanes } from './limits/limiter.ts';
import { PacedChannel } from './limits/paced-channel.ts';
import type { SpeedLimits } from './limits/settings.ts';
import { Peer, type PeerHost } from './peer.ts';
import { Rate } from './rate.ts';
import { type KnownPeer, type PeerSource, Roster } from './roster.ts';
import type { SessionParts } from './session-parts.ts';
import type { Status } from './status.ts';
import { isV2Hash } from './wire-names.ts';
import { beyond, beyondPeer } from './within-bounds.ts';

export interface ConnectionsOptions {
  readonly parts: SessionParts;
  readonly status: Status;
  readonly limits: SpeedLimits | undefined;
  readonly knownHashes: () => InfoHashes;
  readonly isPrivate: () => boolean;
  readonly host: () => PeerHost;
  /** It is in: the first words to it. */
  welcome(peer: Peer): void;
  /** It is out already. */
  left(peer: Peer): void;
  dialSoon(): void;
}

export class Connections {
  readonly roster: Roster;
  readonly download: Rate;
  readonly upload: Rate;
  /** What its peers and web seeds share of the limits. */
  readonly lanes: Lanes;
  /** Of all its peers, those that left too: all messages, and blocks of the local network. */
  readonly totals = { heard: 0, sent: 0, downFromLan: 0, upToLan: 0 };
  readonly #o: ConnectionsOptions;
  readonly #parts: SessionParts;
  readonly #peers = new Set<Peer>();
  readonly #known = new Map<Peer, KnownPeer>();

  constructor(options: ConnectionsOptions) {
    this.#o = options;
    this.#parts = options.parts;
    const { random, nowMs } = options.parts;
    this.lanes = options.parts.limiter.lanes(options.limits);
    this.roster = new Roster(random, (address) => options.parts.outside.priorityOf(address) ?? 0);
    this.download = new Rate(nowMs());
    this.upload = new Rate(nowMs());
  }

  get peers(): ReadonlySet<Peer> {
    return this.#peers;
  }

  add(address: PeerAddress, source: PeerSource): boolean {
    if (this.#o.status.state === 'stopped') return false;
    // BEP 27: a private torrent has no peers but those of its tracker, and those that the user names.
    if (this.#o.isPrivate() && (source === 'exchange' || source === 'dht' || source === 'lan')) return false;
    if (this.roster.banned(address) !== undefined || this.#parts.isBlocked(address.address)) return false;
    return this.roster.add(address, source, this.#parts.nowMs()) !== undefined;
  }

  /** The same, but dialled now even if that failed a moment ago: it waits for us. False when it is connected, or will not do. */
  hurry(address: PeerAddress): boolean {
    if (!this.add(address, 'exchange')) return false;
    const known = this.roster.get(address);
    if (known?.state !== 'idle' || known.nextMs === Number.POSITIVE_INFINITY) return false;
    known.nextMs = this.#parts.nowMs();
    return true;
  }

  /** A channel whose handshake is through. */
  join(channel: Channel, handshake: Handshake, known: KnownPeer): Successor | Leave {
    const refusal = this.#refuse(channel, handshake);
    if (refusal !== undefined) return refusal;
    const { limiter, nowMs } = this.#parts;
    const peer = new Peer({
      host: this.#o.host(),
      channel: new PacedChannel(channel, limiter, this.lanes, nowMs),
      handshake,
      fast: handshake.capabilities.fast,
      extensions: handshake.capabilities.extensions,
      speaksV2: handshake.capabilities.v2 || isV2Hash(this.#o.knownHashes(), handshake.infoHash),
      nowMs,
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
        this.#o.welcome(peer);
        this.#o.status.emit({ kind: 'peer-joined', address: peer.address });
      },
    };
  }

  /** Lets go of a connection that nothing came of, where one host has several of them; or of one that has to yield. */
  makeRoom(newcomer: PeerAddress): boolean {
    const idle = [...this.#peers].filter(({ fromIt, toIt }) => fromIt.total + toIt.total === 0);
    const leaver = oldestOfBusiest(idle, ({ address }) => address, 2) ?? this.#leastPreferred(newcomer);
    leaver?.leave({ code: 'too-many', message: 'others need the room of an idle connection', isBan: false });
    return leaver !== undefined;
  }

  /** BEP 40: of those that bring and take nothing now, the one of the lowest priority, if the newcomer's is higher. */
  #leastPreferred(newcomer: PeerAddress): Peer | undefined {
    const { outside, nowMs } = this.#parts;
    const settledBeforeMs = nowMs() - bound.settlingMs;
    let lowest = outside.priorityOf(newcomer) ?? 0;
    let least: Peer | undefined;
    for (const peer of this.#peers) {
      if (peer.connectedAtMs > settledBeforeMs) continue;
      if (peer.bytesPerSecondFromIt + peer.bytesPerSecondToIt > 0) continue;
      const priority = outside.priorityOf(peer.address) ?? lowest;
      if (priority >= lowest) continue;
      lowest = priority;
      least = peer;
    }
    return least;
  }

  #refuse(channel: Channel, handshake: Handshake): Leave | undefined {
    const { status } = this.#o;
    if (!status.takesPeers)
      return { code: 'stopped', message: `the transfer is ${status.state}`, isBan: false };
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
    return this.#peers.size >= this.#parts.limiter.connectionsPerTransfer && !this.makeRoom(channel.remote)
      ? { code: 'too-many', message: 'too many peers are connected', isBan: false }
      : undefined;
  }

  tick(nowMs: number): void {
    this.download.tick(nowMs);
    this.upload.tick(nowMs);
    for (const peer of this.#peers) {
      this.#count(peer);
      careFor(peer, nowMs);
    }
  }

  /** What it sent and got since the last time counts for the transfer. */
  #count(peer: Peer): void {
    this.download.add(peer.fromIt.total - peer.countedFrom);
    this.upload.add(peer.toIt.total - peer.countedTo);
    if (peer.isOnLan) {
      this.totals.downFromLan += peer.fromIt.total - peer.countedFrom;
      this.totals.upToLan += peer.toIt.total - peer.countedTo;
    }
    this.totals.heard += peer.channel.heardBytes - peer.countedHeard;
    this.totals.sent += peer.channel.sentBytes - peer.countedSent;
    peer.countedHeard = peer.channel.heardBytes;
    peer.countedSent = peer.channel.sentBytes;
    peer.countedFrom = peer.fromIt.total;
    peer.countedTo = peer.toIt.total;
  }

  left(peer: Peer, reason: Leave): void {
    if (!this.#peers.delete(peer)) return;
    if (!peer.isChokingUs) this.#parts.memory.activePeers--;
    this.#parts.connections--;
    this.#o.left(peer);
    this.#count(peer);
    const known = this.#known.get(peer);
    this.#known.delete(peer);
    if (known !== undefined) {
      const nowMs = this.#parts.nowMs();
      const wasUseful = peer.fromIt.total + peer.toIt.total > 0;
      this.roster.ended(known, nowMs, wasUseful, reason.code === 'nothing-to-trade');
      if (reason.code === 'closed' && this.roster.crossed(known, peer.connectedAtMs, nowMs))
        this.#o.dialSoon();
      if (reason.isBan) this.#ban(known, reason);
    }
    this.#o.status.emit({ kind: 'peer-left', address: peer.address, reason });
  }

  /** It sent this piece, or a block of it; `peer` while it is still connected. */
  banLiar(address: PeerAddress, peer: Peer | undefined, piece: number): void {
    const reason: Leave = { code: 'lied', message: `it sent wrong data for piece ${piece}`, isBan: true };
    if (peer !== undefined) peer.leave(reason);
    else {
      const known = this.roster.get(address) ?? this.roster.add(address, 'incoming', this.#parts.nowMs());
      if (known !== undefined) this.#ban(known, reason);
    }
  }

  /** With all connections of its host. */
  #ban(known: KnownPeer, reason: Leave): void {
    this.roster.ban(known, reason);
    for (const peer of [...this.#peers])
      if (this.roster.banned(peer.address) !== undefined) peer.leave(reason);
  }

  dropBlocked(): void {
    const reason: Leave = { code: 'blocked', message: 'its address is blocked', isBan: false };
    for (const peer of [...this.#peers]) if (this.#parts.isBlocked(peer.address.address)) peer.leave(reason);
  }

  leaveAll(message: string): void {
    for (const peer of [...this.#peers]) peer.leave({ code: 'stopped', message, isBan: false });
  }

  checkInvariants(): string[] {
    return [
      ...beyond([
        ['peers', this.#peers.size, this.#parts.limiter.connectionsPerTransfer],
        [
          'addresses',
          this.roster.size,
          bound.mostAddresses + bound.mostBans + this.#parts.limiter.connectionsPerTransfer,
        ],
      ]),
      ...[...this.#peers].flatMap(beyondPeer),
      ...(this.#o.status.isStanding && this.#peers.size > 0 ? ['it stands still and has peers'] : []),
      ...[this.lanes.down, this.lanes.up].flatMap((lane) => lane.checkInvariants()),
    ];
  }
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
