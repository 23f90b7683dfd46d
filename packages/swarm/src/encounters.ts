// Connections before they belong to a transfer: dialled or accepted, and greeted until it is clear whose they are.
// Invariants: dials and greetings stay within their bounds, and a crowd from one host crowds out nobody but itself; nothing
// is begun after `close`.

import { type Clock, type PeerAddress, toHex } from '@shoal/base';
import { type Accepted, type Channel, oldestOfBusiest } from '@shoal/transport';
import type { Handshake } from '@shoal/wire';
import * as bound from './bounds.ts';
import type { Leave } from './errors.ts';
import { greet, handshakeBytes } from './greet.ts';
import type { Limiter } from './limits/limiter.ts';
import type { KnownPeer } from './roster.ts';
import type { TorrentTransfer } from './transfer.ts';
import type { SessionOptions } from './types.ts';
import { hashToAnswer, hashToName, isNameOf } from './wire-names.ts';
import { beyond } from './within-bounds.ts';

export interface EncountersOptions {
  readonly clock: Clock;
  readonly transport: SessionOptions['transport'];
  readonly limiter: Limiter;
  readonly peerId: Uint8Array;
  readonly isBlocked: (address: string) => boolean;
  readonly transfers: ReadonlySet<TorrentTransfer>;
  /** Of all transfers. */
  readonly connections: () => number;
  readonly transferOf: (infoHash: Uint8Array) => TorrentTransfer | undefined;
}

export class Encounters {
  readonly #o: EncountersOptions;
  readonly #dials = new Set<AbortController>();
  readonly #greeting = new Set<Channel>();
  /** Transfers that have somebody to dial. */
  readonly #dialling = new Set<TorrentTransfer>();
  #isClosed = false;

  constructor(options: EncountersOptions) {
    this.#o = options;
  }

  /** Connections that are no peers yet. */
  get halfOpen(): number {
    return this.#dials.size + this.#greeting.size;
  }

  close(): void {
    this.#isClosed = true;
    for (const dial of this.#dials) dial.abort();
    for (const channel of [...this.#greeting]) channel.close();
  }

  /** At the end of this turn, so that addresses that come together are dialled by rank. */
  dialSoon(transfer: TorrentTransfer): void {
    if (this.#dialling.size === 0) queueMicrotask(this.#dialAll);
    this.#dialling.add(transfer);
  }

  readonly #dialAll = (): void => {
    const nowMs = this.#o.clock.nowMs();
    const dialling = [...this.#dialling];
    this.#dialling.clear();
    if (!this.#isClosed) for (const transfer of dialling) this.dialFor(transfer, nowMs);
  };

  /** As many of its addresses as it may dial now. */
  dialFor(transfer: TorrentTransfer, nowMs: number): void {
    if (!transfer.dialsPeers) return;
    const room = Math.min(
      this.#o.limiter.halfOpen - this.#dials.size,
      this.#o.limiter.connections - this.#o.connections(),
      this.#o.limiter.connectionsPerTransfer - transfer.peerCount,
      transfer.dialRoom(nowMs),
    );
    if (room <= 0) return;
    const ready = transfer.roster.next(nowMs, room);
    const dialled = ready.slice(0, this.#o.limiter.takeDials(ready.length));
    transfer.noteDials(dialled.length, nowMs);
    for (const known of dialled) {
      if (this.#o.transport.canDial(known.address)) void this.#dial(transfer, known);
      else known.nextMs = Number.POSITIVE_INFINITY;
    }
  }

  async #dial(transfer: TorrentTransfer, known: KnownPeer): Promise<void> {
    const aborter = new AbortController();
    const timer = this.#o.clock.setTimer(bound.dialTimeoutMs, () => aborter.abort());
    this.#dials.add(aborter);
    known.state = 'dialling';
    const infoHash = hashToName(transfer.infoHashes, known.failures);
    try {
      const channel = await this.#o.transport.dial(known.address, {
        infoHash,
        hello: handshakeBytes(this.#handshake(infoHash, transfer)),
        signal: aborter.signal,
      });
      if (this.#isClosed) {
        channel.close();
        return;
      }
      this.#greet(channel, {
        isIncoming: false,
        transferOf: (theirs) => (isNameOf(transfer.knownHashes, theirs.infoHash) ? transfer : undefined),
        known: () => known,
        failed: () => transfer.roster.ended(known, this.#o.clock.nowMs(), false),
      });
    } catch {
      transfer.notReached(known);
    } finally {
      timer.cancel();
      this.#dials.delete(aborter);
    }
  }

  accept({ channel, infoHash }: Accepted): void {
    if (this.#o.isBlocked(channel.remote.address)) {
      channel.close();
      return;
    }
    if (
      this.#isClosed ||
      (this.#o.connections() >= this.#o.limiter.connections && !this.#makeRoom(channel.remote))
    ) {
      channel.close();
      return;
    }
    const greetings = [...this.#greeting].filter(({ isIncoming }) => isIncoming);
    if (greetings.length >= bound.mostGreetings) {
      const oldest = oldestOfBusiest(greetings, ({ remote }) => remote);
      if (oldest !== undefined) this.#greeting.delete(oldest);
      oldest?.close();
    }
    let known: KnownPeer | undefined;
    let owner: TorrentTransfer | undefined;
    const transferOf = (theirs: Handshake) => {
      // The secret of an encrypted connection and its handshake name the same torrent.
      const transfer = this.#o.transferOf(theirs.infoHash);
      return infoHash === undefined || this.#o.transferOf(infoHash) === transfer ? transfer : undefined;
    };
    this.#greet(channel, {
      isIncoming: true,
      transferOf,
      known: (transfer) => {
        owner = transfer;
        known = transfer.roster.accept(channel.remote, this.#o.clock.nowMs());
        return known;
      },
      failed: () => {
        if (known?.source === 'incoming' && known.state === 'idle')
          owner?.roster.ended(known, this.#o.clock.nowMs(), false);
      },
    });
  }

  #makeRoom(newcomer: PeerAddress): boolean {
    let largest: TorrentTransfer | undefined;
    for (const transfer of this.#o.transfers)
      if (transfer.peerCount > (largest?.peerCount ?? 0)) largest = transfer;
    return largest?.makeRoom(newcomer) ?? false;
  }

  #greet(
    channel: Channel,
    options: {
      readonly isIncoming: boolean;
      transferOf(theirs: Handshake): TorrentTransfer | undefined;
      known(transfer: TorrentTransfer): KnownPeer;
      failed(reason: Leave): void;
    },
  ): void {
    this.#greeting.add(channel);
    const { isIncoming, transferOf } = options;
    greet({
      channel,
      clock: this.#o.clock,
      ...(isIncoming
        ? {
            answer: (theirs) => {
              const transfer = transferOf(theirs);
              if (transfer === undefined) return unknownTorrent;
              const banned = transfer.roster.banned(channel.remote);
              return banned ?? this.#handshake(hashToAnswer(transfer.infoHashes, theirs), transfer);
            },
          }
        : {}),
      done: (theirs) => {
        const transfer = transferOf(theirs);
        if (transfer === undefined) return unknownTorrent;
        const known = options.known(transfer);
        if (toHex(theirs.peerId) === toHex(this.#o.peerId)) {
          known.nextMs = Number.POSITIVE_INFINITY;
          return { code: 'self', message: 'that is us', isBan: false };
        }
        const successor = transfer.join(channel, theirs, known);
        if (!('code' in successor)) this.#greeting.delete(channel);
        return successor;
      },
      failed: (reason) => {
        this.#greeting.delete(channel);
        options.failed(reason);
      },
    });
  }

  #handshake(infoHash: Uint8Array, transfer: TorrentTransfer): Handshake {
    const isV2 = transfer.infoHashes.v2 !== undefined || transfer.torrent?.infoHashes.v2 !== undefined;
    return {
      infoHash,
      peerId: this.#o.peerId,
      capabilities: { extensions: true, fast: true, dht: transfer.dhtPort !== undefined, v2: isV2 },
    };
  }

  checkInvariants(isOver: boolean): string[] {
    const { halfOpen } = this.#o.limiter;
    return beyond([
      ['dials', this.#dials.size, halfOpen],
      ['greetings', this.#greeting.size, isOver ? 0 : bound.mostGreetings + halfOpen],
    ]);
  }
}

const unknownTorrent: Leave = {
  code: 'unknown-torrent',
  message: 'it asks for a torrent that is not here',
  isBan: false,
};
