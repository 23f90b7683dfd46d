// Memory that is used again and again: slabs for blocks that come, chunks for those that go, buffers for small messages.
// One set may serve many sessions of a process; each still keeps its own bounds. What lay unused for a while goes
// back to the system.

import { createSlabs, type Slabs } from '@shoal/base';
import * as bound from './bounds.ts';
import { OutboxBuffers } from './outbox.ts';
import { blockLength } from './picker/picker.ts';
import type { SessionBuffers } from './types.ts';
import { type Chunk, Spare } from './uploads.ts';

export class SharedBuffers implements SessionBuffers {
  readonly slabs: Slabs = createSlabs({ slabLength: blockLength, capacity: Number.POSITIVE_INFINITY });
  /** By the size of chunks, as in `SendBuffers`. */
  readonly chunks = [new Spare<Chunk>(), new Spare<Chunk>(), new Spare<Chunk>()] as const;
  readonly outbox = new OutboxBuffers();
  #trimmedMs = 0;

  trim(nowMs: number): void {
    if (nowMs - this.#trimmedMs < bound.trimMs) return;
    this.#trimmedMs = nowMs;
    this.slabs.trim();
    for (const spare of this.chunks) spare.trim();
  }
}
