// One transfer's place in the queue: what the queue asks it, and what others are told of its turn.
// Invariant: the reason why it waits is there from the moment that it does.

import type { Connections } from './connections.ts';
import type { Queued } from './queue.ts';
import type { SessionParts } from './session-parts.ts';
import { Standing } from './standing.ts';
import type { Status } from './status.ts';
import type { Goals, History, QueueSettings, TransferOptions, TransferState, Waiting } from './types.ts';

export interface SeatOptions {
  readonly parts: SessionParts;
  readonly status: Status;
  readonly connections: Connections;
  readonly given: TransferOptions;
  /** Of wanted files. */
  readonly totalBytes: () => number;
  /** Peers and files are let go of. */
  stand(state: 'paused' | 'queued'): Promise<void>;
  beginAnew(): void;
}

export class Seat implements Queued {
  readonly #o: SeatOptions;
  readonly #standing: Standing;

  constructor(options: SeatOptions) {
    this.#o = options;
    this.#standing = new Standing(options.parts, options.status, options.given);
    if (options.given.isPaused !== true) return;
    this.#standing.stand(asked);
    options.status.become('paused');
  }

  get state(): TransferState {
    return this.#o.status.state;
  }

  get isComplete(): boolean {
    return this.#o.status.isComplete;
  }

  get isQueueable(): boolean {
    const { state, isOver } = this.#o.status;
    return !isOver && state !== 'paused' && (state !== 'checking' || this.#standing.hasBeenOpen);
  }

  pause(): Promise<void> {
    return this.#stand('paused', asked);
  }

  wait(): void {
    const reason: Waiting = { code: 'queue', message: 'it waits for its turn' };
    void this.#stand('queued', reason).catch(() => {});
  }

  async #stand(state: 'paused' | 'queued', reason: Waiting): Promise<void> {
    const { status } = this.#o;
    if (status.isOver || status.state === 'paused') return;
    this.#standing.stand(reason);
    if (status.state !== state) await this.#o.stand(state);
  }

  resume(): void {
    this.#standing.goOn();
    // Where there are too many, it goes to the line.
    this.#o.beginAnew();
  }

  beginAnew(): void {
    this.#o.beginAnew();
  }

  hasGoal({ goals = {} }: QueueSettings): boolean {
    const own = this.#standing.goals;
    return (own.ratio ?? own.sharedMs ?? goals.ratio ?? goals.sharedMs) !== undefined;
  }

  pauseAtGoal(settings: QueueSettings): void {
    // Asked of thousands whenever one of them begins or ends.
    if (!this.#o.status.isComplete || !this.hasGoal(settings)) return;
    const { goals = {} } = settings;
    const { downloadedBytes, uploadedBytes } = this.history;
    const ratio =
      uploadedBytes / Math.max(1, downloadedBytes, downloadedBytes === 0 ? this.#o.totalBytes() : 0);
    const reason = this.state === 'paused' ? undefined : this.#standing.reached(goals, ratio);
    if (reason !== undefined) void this.#stand('paused', reason).catch(() => {});
  }

  get waiting(): Waiting | undefined {
    const { down, up } = this.#o.connections.lanes;
    const { current } = this.#o.parts.limiter;
    const isStopped = (own: number, all: number | undefined) => own === 0 || all === 0;
    if (this.state === 'fetching' && isStopped(down.ratePerSecond, current.downBytesPerSecond))
      return { code: 'limit-down', message: 'the limit lets nothing in' };
    if (this.state === 'sharing' && isStopped(up.ratePerSecond, current.upBytesPerSecond))
      return { code: 'limit-up', message: 'the limit lets nothing out' };
    return this.#standing.reason;
  }

  get isForced(): boolean {
    return this.#standing.isForced;
  }

  setForced(isForced: boolean): void {
    this.#standing.isForced = isForced;
    this.#o.parts.turns.arrangeSoon();
  }

  setGoals(goals: Goals): void {
    this.#standing.setGoals(goals);
    this.#o.parts.turns.arrangeSoon();
  }

  get history(): History {
    const { history, sharedMs } = this.#standing;
    const { download, upload } = this.#o.connections;
    return {
      downloadedBytes: history.downloadedBytes + download.total,
      uploadedBytes: history.uploadedBytes + upload.total,
      sharedMs,
    };
  }
}

const asked: Waiting = { code: 'asked', message: 'it was asked to pause' };
