// What the transfers of a session share.

import type { Clock, Disk, Hashing, Http, Random } from '@shoal/base';
import type { Torrent } from '@shoal/metainfo';
import type { ContentOptions, OpenFiles } from '@shoal/storage';
import type { Limiter } from './limits/limiter.ts';
import type { BlockMemory } from './memory.ts';
import type { OutboxBuffers } from './outbox.ts';
import type { OutsideAddress } from './outside-address.ts';
import type { Queue } from './queue.ts';
import type { TorrentTransfer } from './transfer.ts';
import type { Turnstile } from './turnstile.ts';
import type { SendBuffers } from './uploads.ts';

export interface SessionParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly hashing: Hashing;
  readonly disk: Disk;
  readonly http: Http;
  readonly openFiles: OpenFiles;
  readonly memory: BlockMemory;
  readonly limiter: Limiter;
  readonly turns: Queue;
  readonly sendBuffers: SendBuffers;
  readonly outboxBuffers: OutboxBuffers;
  readonly client: string;
  readonly peerId: Uint8Array;
  readonly port: number | undefined;
  readonly outside: OutsideAddress;
  readonly dhtPort: number | undefined;
  readonly exchangesPeers: boolean;
  readonly isBlocked: (address: string) => boolean;
  readonly lock: ContentOptions['lock'];
  readonly bootId: string | undefined;
  readonly nowMs: () => number;
  /** Contents that are being opened, and hashed. */
  readonly openings: Turnstile;
  readonly checks: Turnstile;
  /** Of all transfers. */
  connections: number;
  /** There is something to do for this transfer: it is looked at with each tick. */
  activate(transfer: TorrentTransfer): void;
  /** There is somebody to dial who need not wait for the next tick. */
  dialSoon(transfer: TorrentTransfer): void;
  /** Its metadata came, and with it perhaps another info hash. */
  learned(transfer: TorrentTransfer, torrent: Torrent): void;
  forget(transfer: TorrentTransfer): void;
  /** It is shared, and nobody asks for it: those that have been so for longest are shelved. */
  idle(transfer: TorrentTransfer): void;
}
