// Writes that wait for the disk, in long runs: what lies side by side in a file goes out in one vectored call.
// Invariant: `queuedBytes` is what was taken and is not yet written or failed; a file has one write under way at most.

import { longestWrite, mostBuffersInWrite, mostWritesAtOnce } from './bounds.ts';

/** Where writes go: one for each file. */
export interface WriteTarget {
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
}

interface Run {
  readonly offset: number;
  readonly length: number;
  readonly buffers: readonly Uint8Array[];
  done(error: unknown): void;
}

interface Lane {
  readonly target: WriteTarget;
  /** By offset, the oldest first. */
  readonly runs: Map<number, Run>;
  /** Wait for the run at the same offset. */
  readonly later: Run[];
  /** By the offset after their last byte. */
  readonly byEnd: Map<number, Run>;
  isWriting: boolean;
}

export class WriteQueue {
  readonly #bound: number;
  readonly #lanes = new Map<WriteTarget, Lane>();
  /** Lanes that have runs and no write under way, in the order they got there. */
  readonly #ready = new Set<Lane>();
  #writing = 0;
  #queuedBytes = 0;
  #begun = 0;
  #wasFull = false;
  #idle: (() => void)[] = [];
  onDrain: (() => void) | undefined;

  constructor(bound: number) {
    this.#bound = bound;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Writes that were ever taken. */
  get begun(): number {
    return this.#begun;
  }

  get isFull(): boolean {
    return this.#queuedBytes >= this.#bound;
  }

  /** `done` is called once. Of runs at one offset the last one that was added wins. */
  add(
    target: WriteTarget,
    offset: number,
    length: number,
    buffers: readonly Uint8Array[],
    done: (error: unknown) => void,
  ): void {
    let lane = this.#lanes.get(target);
    if (lane === undefined) {
      lane = { target, runs: new Map(), later: [], byEnd: new Map(), isWriting: false };
      this.#lanes.set(target, lane);
    }
    enqueue(lane, { offset, length, buffers, done });
    this.#count(length);
    if (!lane.isWriting) this.#ready.add(lane);
    this.#next();
  }

  /** A write that goes past the queue, and counts in it. */
  async around<Value>(length: number, write: () => Promise<Value>): Promise<Value> {
    this.#count(length);
    try {
      return await write();
    } finally {
      this.#settle(length);
    }
  }

  /** Resolves when nothing is queued. */
  flush(): Promise<void> {
    if (this.#queuedBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    while (this.#writing < mostWritesAtOnce) {
      const [lane] = this.#ready;
      if (lane === undefined) return;
      this.#ready.delete(lane);
      lane.isWriting = true;
      this.#writing++;
      this.#write(lane);
    }
  }

  #write(lane: Lane): void {
    const runs = takeNeighbours(lane);
    const first = runs[0];
    if (first === undefined) return;
    const buffers = runs.length === 1 ? first.buffers : runs.flatMap((run) => run.buffers);
    lane.target.write(buffers, first.offset).then(
      () => this.#wrote(lane, runs, undefined),
      (error: unknown) => this.#wrote(lane, runs, error ?? new Error('a write failed')),
    );
  }

  #wrote(lane: Lane, runs: readonly Run[], error: unknown): void {
    this.#writing--;
    lane.isWriting = false;
    for (const run of lane.later.splice(0)) enqueue(lane, run);
    if (lane.runs.size > 0) this.#ready.add(lane);
    else this.#lanes.delete(lane.target);
    this.#next();
    let length = 0;
    for (const run of runs) {
      length += run.length;
      run.done(error);
    }
    this.#settle(length);
  }

  #count(length: number): void {
    this.#begun++;
    this.#queuedBytes += length;
    if (this.isFull) this.#wasFull = true;
  }

  #settle(length: number): void {
    this.#queuedBytes -= length;
    if (this.#wasFull && this.#queuedBytes <= this.#bound / 2) {
      this.#wasFull = false;
      this.onDrain?.();
    }
    if (this.#queuedBytes === 0) {
      const waiting = this.#idle;
      this.#idle = [];
      for (const resolve of waiting) resolve();
    }
  }
}

function enqueue(lane: Lane, run: Run): void {
  if (lane.runs.has(run.offset)) {
    lane.later.push(run);
    return;
  }
  lane.runs.set(run.offset, run);
  lane.byEnd.set(run.offset + run.length, run);
}

/** The oldest run of a lane with what adjoins it on both sides, in order of offset, out of the lane. */
function takeNeighbours(lane: Lane): Run[] {
  const [oldest] = lane.runs.values();
  if (oldest === undefined) return [];
  const before: Run[] = [];
  const after: Run[] = [];
  let length = 0;
  let buffers = 0;

  function take(run: Run | undefined): run is Run {
    if (run === undefined) return false;
    const isFirst = length === 0;
    if (!isFirst && (length + run.length > longestWrite || buffers + run.buffers.length > mostBuffersInWrite))
      return false;
    length += run.length;
    buffers += run.buffers.length;
    lane.runs.delete(run.offset);
    lane.byEnd.delete(run.offset + run.length);
    return true;
  }

  take(oldest);
  for (let run = lane.byEnd.get(oldest.offset); take(run); run = lane.byEnd.get(run.offset)) before.push(run);
  for (
    let run = lane.runs.get(oldest.offset + oldest.length);
    take(run);
    run = lane.runs.get(run.offset + run.length)
  )
    after.push(run);
  return [...before.reverse(), oldest, ...after];
}
