// A session: transfers, the connections between them and the world, and the memory they share.
// Invariants: an info hash belongs to one transfer; connections and dials stay within their bounds; while no
// transfer has anything to do, no timer runs.

import { type Timer, toHex } from '@shoal/base';
import type { InfoHashes, Torrent } from '@shoal/metainfo';
import type { ChannelListener } from '@shoal/transport';
import * as bound from './bounds.ts';
import { Encounters } from './encounters.ts';
import { SwarmError } from './errors.ts';
import { Limiter } from './limits/limiter.ts';
import type { LimitSettings } from './limits/settings.ts';
import { BlockMemory } from './memory.ts';
import type { OutboxBuffers } from './outbox.ts';
import { OutsideAddress } from './outside-address.ts';
import { blockLength } from './picker/picker.ts';
import { Queue } from './queue.ts';
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
  readonly #encounters: Encounters;
  /** Complete, open, and without peers, the one that has been so for longest first. */
  readonly #idle = new Set<TorrentTransfer>();
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
    this.#encounters = new Encounters({
      clock: options.clock,
      transport: options.transport,
      limiter: this.limiter,
      peerId: this.peerId,
      isBlocked: this.isBlocked,
      transfers: this.transfers,
      connections: () => this.connections,
      transferOf: (infoHash) => this.#byHash.get(toHex(infoHash)),
    });
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
    const { halfOpen } = this.#encounters;
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
    this.#listener = await this.#transport.listen(options, (accepted) => this.#encounters.accept(accepted));
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
    this.#encounters.dialSoon(transfer);
  }

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
    this.#encounters.close();
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
      this.#encounters.dialFor(transfer, nowMs);
      if (!isBusy) this.#active.delete(transfer);
    }
    if (this.#active.size > 0 && this.#timer === undefined)
      this.#timer = this.clock.setTimer(bound.tickMs, this.#tick);
  };

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
      ...this.#encounters.checkInvariants(isOver),
      ...beyond([
        ['connections', this.connections, limiter.connections + bound.mostGreetings + limiter.halfOpen],
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

function closedError(): SwarmError {
  return new SwarmError('closed', 'the session was closed');
}
