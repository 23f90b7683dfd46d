// One range of a file on its way from a server to the disk. Bytes are copied once into a buffer, which is written when it is
// full. Invariant: a buffer is given back exactly once; while there is none, the server is stopped.

import { concatBytes, type Slabs } from '@shoal/base';
import { copyBytes } from '@shoal/wire';
import type { RangeRequest } from '../web-seeds/range-request.ts';

export interface FetchHost {
  readonly slabs: Slabs;
  received(bytes: number): void;
  /** Takes the buffer over. */
  write(slab: Uint8Array, length: number, position: number): void;
  /** Calls once, when there are buffers again. */
  whenFree(callback: () => void): void;
}

export class Fetch {
  readonly #host: FetchHost;
  request: RangeRequest | undefined;
  readonly start: number;
  /** Of the next byte that comes, in the file. */
  position: number;
  end: number;
  /** The server sends the whole file, whatever is wanted of it. */
  isWhole = false;
  readonly begunMs: number;
  #slab: Uint8Array | undefined;
  #filled = 0;
  #held: Uint8Array | undefined;
  #isWaiting = false;
  #isHeldBack = false;
  #whenDrained: (() => void) | undefined;

  constructor(host: FetchHost, start: number, end: number, nowMs: number) {
    this.#host = host;
    this.start = start;
    this.position = start;
    this.end = end;
    this.begunMs = nowMs;
  }

  received(bytes: Uint8Array): void {
    this.#host.received(bytes.length);
    if (this.#held !== undefined) this.#held = concatBytes(this.#held, bytes);
    else {
      const taken = this.#take(bytes);
      if (taken < bytes.length) this.#held = bytes.slice(taken);
    }
    if (this.#held !== undefined) this.#wait();
  }

  #take(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      this.#slab ??= this.#host.slabs.take();
      const slab = this.#slab;
      if (slab === undefined) return at;
      const count = Math.min(slab.length - this.#filled, bytes.length - at);
      copyBytes(bytes, slab, this.#filled, at, at + count);
      at += count;
      this.#filled += count;
      this.position += count;
      if (this.#filled === slab.length) this.#flush();
    }
    return at;
  }

  #flush(): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    this.#slab = undefined;
    this.#host.write(slab, this.#filled, this.position - this.#filled);
    this.#filled = 0;
  }

  #wait(): void {
    this.request?.pause();
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#host.whenFree(() => {
      this.#isWaiting = false;
      const held = this.#held;
      if (held === undefined) return;
      const taken = this.#take(held);
      this.#held = taken < held.length ? held.subarray(taken) : undefined;
      if (this.#held !== undefined) this.#wait();
      else {
        if (!this.#isHeldBack) this.request?.resume();
        this.#whenDrained?.();
      }
    });
  }

  holdBack(): void {
    this.#isHeldBack = true;
    this.request?.pause();
  }

  release(): void {
    this.#isHeldBack = false;
    if (!this.#isWaiting) this.request?.resume();
  }

  /** No more comes. Calls back when all that came is being written. */
  finish(done: () => void): void {
    this.request = undefined;
    const end = (): void => {
      this.#whenDrained = undefined;
      this.#flush();
      done();
    };
    if (this.#held === undefined) end();
    else this.#whenDrained = end;
  }

  stop(): void {
    this.request?.stop();
    this.request = undefined;
    this.#held = undefined;
    this.#flush();
  }
}
