// A session: transfers, the connections between them and the world, and the memory they share.
// Invariants: an info hash belongs to one transfer; connections and dials stay within their bounds; while no
// transfer has anything to do, no timer runs.

import { type PeerAddress, type Timer, toHex } from '@shoal/base';
import type { InfoHashes, Torrent } from '@shoal/metainfo';
import { type Accepted, type Channel, type ChannelListener, oldestOfBusiest } from '@shoal/transport';
import type { Handshake } from '@shoal/wire';
import * as bound from './bounds.ts';
import { type Leave, SwarmError } from './errors.ts';
import { greet, handshakeBytes } from './greet.ts';
import { Limiter } from './limits/limiter.ts';
import type { LimitSettings } from './limits/settings.ts';
import { BlockMemory } from './memory.ts';
import type { OutboxBuffers } from './outbox.ts';
import { OutsideAddress } from './outside-address.ts';
import { blockLength } from './picker/picker.ts';
import { Queue } from './queue.ts';
import type { KnownPeer } from './roster.ts';
import { SharedBuffers } from './session-buffers.ts';
import type { SessionParts } from './session-parts.ts';
import { TorrentTransfer } from './transfer.ts';
import { Turnstile } from './turnstile.ts';
import type {
  QueueSettings,
  Session,
  SessionBuffers,
  SessionOptions,
  SessionStatistics,
  Transfer,
  TransferOptions,
  TransferSource,
} from './types.ts';
import { createSendBuffers, type SendBuffers } from './uploads.ts';
import { hashToAnswer, hashToName, isNameOf } from './wire-names.ts';
import { beyond } from './within-bounds.ts';

export function createSession(options: SessionOptions): Session {
  return new TorrentSession(options);
}

export function createSessionBuffers(): SessionBuffers {
  return new SharedBuffers();
}

class TorrentSession implements Session, SessionParts {
  readonly clock: SessionOptions['clock'];
  readonly random: SessionOptions['random'];
  readonly hashing: SessionOptions['hashing'];
  readonly disk: SessionOptions['disk'];
  readonly http: SessionOptions['http'];
  readonly openFiles: SessionOptions['openFiles'];
  readonly lock: SessionOptions['lock'];
  readonly bootId: string | undefined;
  readonly client: string;
  readonly peerId = new Uint8Array(20);
  exchangesPeers: boolean;
  readonly isBlocked: (address: string) => boolean;
  dhtPort: number | undefined;
  readonly memory: BlockMemory;
  readonly limiter: Limiter;
  readonly turns: Queue;
  readonly sendBuffers: SendBuffers;
  readonly outboxBuffers: OutboxBuffers;
  readonly outside = new OutsideAddress(() => this.port);
  readonly nowMs: () => number;
  readonly openings = new Turnstile(bound.openingsAtOnce);
  readonly checks = new Turnstile(bound.checksAtOnce);
  readonly transfers = new Set<TorrentTransfer>();
  connections = 0;
  readonly #buffers: SharedBuffers;
  readonly #transport: SessionOptions['transport'];
  readonly #byHash = new Map<string, TorrentTransfer>();
  readonly #active = new Set<TorrentTransfer>();
  readonly #dials = new Set<AbortController>();
  readonly #greeting = new Set<Channel>();
  /** Complete, open, and without peers, the one that has been so for longest first. */
  readonly #idle = new Set<TorrentTransfer>();
  /** Transfers that have somebody to dial. */
  readonly #dialling = new Set<TorrentTransfer>();
  #listener: ChannelListener | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: SessionOptions) {
    this.clock = options.clock;
    this.random = options.random;
    this.hashing = options.hashing;
    this.disk = options.disk;
    this.http = options.http;
    this.openFiles = options.openFiles;
    this.lock = options.lock;
    this.bootId = options.bootId;
    this.client = options.client;
    this.exchangesPeers = options.exchangesPeers ?? true;
    this.isBlocked = options.isBlocked ?? (() => false);
    this.#transport = options.transport;
    this.nowMs = () => options.clock.nowMs();
    this.#buffers = options.buffers instanceof SharedBuffers ? options.buffers : new SharedBuffers();
    this.memory = new BlockMemory(this.#buffers.slabs, bound.slabBytes / blockLength);
    this.sendBuffers = createSendBuffers(this.#buffers.chunks);
    this.outboxBuffers = this.#buffers.outbox;
    this.limiter = new Limiter(options.clock, () => {
      for (const transfer of this.transfers) transfer.tightened();
    });
    this.limiter.set(options.limits ?? {});
    this.turns = new Queue(options.clock);
    this.turns.set(options.queue ?? {});
    this.random.fill(this.peerId);
    for (let i = 0; i < 8; i++) this.peerId[i] = options.peerIdPrefix.charCodeAt(i) & 0x7f;
  }

  get statistics(): SessionStatistics {
    const transfers = {
      metadata: 0,
      checking: 0,
      fetching: 0,
      sharing: 0,
      'disk-full': 0,
      queued: 0,
      paused: 0,
      failed: 0,
      stopped: 0,
    };
    let [downloadBytesPerSecond, uploadBytesPerSecond] = [0, 0];
    const [down, up] = [
      { payloadBytes: 0, peerBytes: 0 },
      { payloadBytes: 0, peerBytes: 0 },
    ];
    for (const transfer of this.transfers) {
      transfers[transfer.state]++;
      const { rates, totals } = transfer;
      downloadBytesPerSecond += rates.download.bytesPerSecond;
      uploadBytesPerSecond += rates.upload.bytesPerSecond;
      down.payloadBytes += rates.download.total;
      up.payloadBytes += rates.upload.total;
      down.peerBytes += totals.heard;
      up.peerBytes += totals.sent;
    }
    const { connections } = this;
    const halfOpen = this.#dials.size + this.#greeting.size;
    return { downloadBytesPerSecond, uploadBytesPerSecond, down, up, connections, halfOpen, transfers };
  }

  get queue(): QueueSettings {
    return this.turns.settings;
  }

  dropBlocked(): void {
    for (const transfer of this.transfers) transfer.dropBlocked();
  }

  setQueue(settings: QueueSettings): void {
    this.turns.set(settings);
  }

  get limits(): LimitSettings {
    return this.limiter.settings;
  }

  setLimits(limits: LimitSettings): void {
    this.limiter.set(limits);
  }

  get port(): number | undefined {
    return this.#listener?.port;
  }

  async listen(options: { readonly port: number; readonly addresses?: readonly string[] }): Promise<number> {
    if (this.#isClosed) throw closedError();
    this.#listener = await this.#transport.listen(options, (accepted) => this.#accept(accepted));
    return this.#listener.port;
  }

  add(source: TransferSource, options: TransferOptions): Transfer {
    if (this.#isClosed) throw closedError();
    const infoHashes = hashesOf(source);
    for (const hash of [infoHashes.v1, infoHashes.v2?.subarray(0, 20)])
      if (hash !== undefined && this.#byHash.has(toHex(hash)))
        throw new SwarmError('duplicate', 'this torrent is in the session already', { value: toHex(hash) });
    const transfer = new TorrentTransfer(this, source, options);
    this.transfers.add(transfer);
    this.turns.add(transfer.seat);
    this.#serve(transfer, infoHashes.v1, infoHashes.v2);
    return transfer;
  }

  activate(transfer: TorrentTransfer): void {
    this.#active.add(transfer);
    if (this.#timer === undefined && !this.#isClosed) this.#timer = this.clock.setTimer(0, this.#tick);
  }

  dialSoon(transfer: TorrentTransfer): void {
    this.activate(transfer);
    if (this.#dialling.size === 0) queueMicrotask(this.#dialAll);
    this.#dialling.add(transfer);
  }

  readonly #dialAll = (): void => {
    const nowMs = this.nowMs();
    const dialling = [...this.#dialling];
    this.#dialling.clear();
    if (!this.#isClosed) for (const transfer of dialling) this.#dialFor(transfer, nowMs);
  };

  idle(transfer: TorrentTransfer): void {
    this.#idle.delete(transfer);
    this.#idle.add(transfer);
    for (const oldest of this.#idle) {
      if (this.#idle.size <= bound.mostIdle) return;
      this.#idle.delete(oldest);
      oldest.rest();
    }
  }

  learned(transfer: TorrentTransfer, torrent: Torrent): void {
    // A link to one half of a hybrid: its other half's peers are welcome too.
    this.#serve(transfer, torrent.infoHashes.v1, torrent.infoHashes.v2);
  }

  forget(transfer: TorrentTransfer): void {
    this.transfers.delete(transfer);
    this.turns.remove(transfer.seat);
    this.#active.delete(transfer);
    this.#idle.delete(transfer);
    const { v1, v2 } = transfer.knownHashes;
    for (const hash of [v1, v2?.subarray(0, 20)]) {
      if (hash === undefined || this.#byHash.get(toHex(hash)) !== transfer) continue;
      this.#byHash.delete(toHex(hash));
      this.#transport.unserve(hash);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.limiter.close();
    this.turns.close();
    for (const dial of this.#dials) dial.abort();
    for (const channel of [...this.#greeting]) channel.close();
    await this.#listener?.close();
    await Promise.all([...this.transfers].map((transfer) => transfer.stop()));
  }

  #serve(transfer: TorrentTransfer, v1: Uint8Array | undefined, v2: Uint8Array | undefined): void {
    for (const hash of [v1, v2?.subarray(0, 20)]) {
      if (hash === undefined) continue;
      const key = toHex(hash);
      if (!this.#byHash.has(key)) this.#byHash.set(key, transfer);
      this.#transport.serve(hash);
    }
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    if (this.#isClosed) return;
    const nowMs = this.nowMs();
    this.limiter.tick();
    this.#buffers.trim(nowMs);
    for (const transfer of [...this.#active]) {
      const isBusy = transfer.tick(nowMs);
      this.#dialFor(transfer, nowMs);
      if (!isBusy) this.#active.delete(transfer);
    }
    if (this.#active.size > 0 && this.#timer === undefined)
      this.#timer = this.clock.setTimer(bound.tickMs, this.#tick);
  };

  #dialFor(transfer: TorrentTransfer, nowMs: number): void {
    if (!transfer.dialsPeers) return;
    const room = Math.min(
      this.limiter.halfOpen - this.#dials.size,
      this.limiter.connections - this.connections,
      this.limiter.connectionsPerTransfer - transfer.peerCount,
      transfer.dialRoom(nowMs),
    );
    if (room <= 0) return;
    const ready = transfer.roster.next(nowMs, room);
    const dialled = ready.slice(0, this.limiter.takeDials(ready.length));
    transfer.noteDials(dialled.length, nowMs);
    for (const known of dialled) {
      if (this.#transport.canDial(known.address)) void this.#dial(transfer, known);
      else known.nextMs = Number.POSITIVE_INFINITY;
    }
  }

  async #dial(transfer: TorrentTransfer, known: KnownPeer): Promise<void> {
    const aborter = new AbortController();
    const timer = this.clock.setTimer(bound.dialTimeoutMs, () => aborter.abort());
    this.#dials.add(aborter);
    known.state = 'dialling';
    const infoHash = hashToName(transfer.infoHashes, known.failures);
    try {
      const channel = await this.#transport.dial(known.address, {
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
        failed: () => transfer.roster.ended(known, this.nowMs(), false),
      });
    } catch {
      transfer.notReached(known);
    } finally {
      timer.cancel();
      this.#dials.delete(aborter);
    }
  }

  #accept({ channel, infoHash }: Accepted): void {
    if (this.isBlocked(channel.remote.address)) {
      channel.close();
      return;
    }
    if (this.#isClosed || (this.connections >= this.limiter.connections && !this.#makeRoom(channel.remote))) {
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
      const transfer = this.#byHash.get(toHex(theirs.infoHash));
      return infoHash === undefined || this.#byHash.get(toHex(infoHash)) === transfer ? transfer : undefined;
    };
    this.#greet(channel, {
      isIncoming: true,
      transferOf,
      known: (transfer) => {
        owner = transfer;
        known = transfer.roster.accept(channel.remote, this.nowMs());
        return known;
      },
      failed: () => {
        if (known?.source === 'incoming' && known.state === 'idle')
          owner?.roster.ended(known, this.nowMs(), false);
      },
    });
  }

  #makeRoom(newcomer: PeerAddress): boolean {
    let largest: TorrentTransfer | undefined;
    for (const transfer of this.transfers)
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
      clock: this.clock,
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
        if (toHex(theirs.peerId) === toHex(this.peerId)) {
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
      peerId: this.peerId,
      capabilities: { extensions: true, fast: true, dht: transfer.dhtPort !== undefined, v2: isV2 },
    };
  }

  checkInvariants(): string[] {
    const faults = [...this.transfers].flatMap((transfer) => transfer.checkInvariants());
    const connections = [...this.transfers].reduce((sum, transfer) => sum + transfer.peerCount, 0);
    if (connections !== this.connections)
      faults.push(`${connections} connections, counted ${this.connections}`);
    const asked = [...this.transfers]
      .flatMap((transfer) => transfer.peers)
      .reduce((sum, peer) => sum + peer.requestsInFlight, 0);
    if (asked !== this.memory.asked) faults.push(`${asked} blocks in flight, counted ${this.memory.asked}`);
    const isOver = this.#isClosed && this.transfers.size === 0;
    const { memory, sendBuffers, limiter } = this;
    return [
      ...faults,
      ...memory.checkInvariants(),
      ...limiter.checkInvariants(),
      ...beyond([
        ['connections', this.connections, limiter.connections + bound.mostGreetings + limiter.halfOpen],
        ['dials', this.#dials.size, limiter.halfOpen],
        ['greetings', this.#greeting.size, isOver ? 0 : bound.mostGreetings + limiter.halfOpen],
        ...sendBuffers.map(
          ({ blocks, inUse, most }) => [`chunks of ${blocks} blocks`, inUse, isOver ? 0 : most] as const,
        ),
        ['slabs', memory.taken, isOver ? 0 : memory.capacity],
        ['blocks asked', memory.asked, isOver ? 0 : memory.capacity],
        ['peers that let us ask', memory.activePeers, this.connections],
      ]),
    ];
  }
}

function hashesOf(source: TransferSource): InfoHashes {
  switch (source.kind) {
    case 'torrent':
      return source.torrent.infoHashes;
    case 'magnet':
      return source.magnet.infoHashes;
    case 'stored':
      return source.infoHashes;
  }
}

const unknownTorrent: Leave = {
  code: 'unknown-torrent',
  message: 'it asks for a torrent that is not here',
  isBan: false,
};

function closedError(): SwarmError {
  return new SwarmError('closed', 'the session was closed');
}
