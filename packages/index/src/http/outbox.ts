// What goes out on one connection: heads and short bodies gathered into one write, memory reused once it was sent.

import type { Stream } from '@shoal/base';

/** Some hundred pipelined answers to announces. */
const blockBytes = 16 * 1024;
/** Blocks kept for the next writes; more are left to the garbage collector. */
const mostFreeBlocks = 64;

class Block {
  readonly bytes = new Uint8Array(blockBytes);
  readonly release: () => void;

  constructor(free: Block[]) {
    this.release = () => {
      if (free.length < mostFreeBlocks) free.push(this);
    };
  }
}

const encoder = new TextEncoder();

/** One for a server: a connection takes it, fills it, and flushes it before another one's turn. */
export class Outbox {
  readonly #free: Block[] = [];
  #block: Block | undefined;
  #used = 0;
  #isTaken = true;

  /** False when what was gathered since the last flush filled its stream. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** ASCII text. */
  text(stream: Stream, text: string): void {
    if (text.length > blockBytes - this.#used) this.#write(stream);
    if (text.length > blockBytes) this.#isTaken = stream.write(encoder.encode(text));
    else this.#used += encoder.encodeInto(text, this.#room(text.length)).written;
  }

  /** Copied. */
  bytes(stream: Stream, bytes: Uint8Array): void {
    if (bytes.length > blockBytes - this.#used) this.#write(stream);
    if (bytes.length > blockBytes) {
      this.#isTaken = stream.write(bytes.slice());
      return;
    }
    this.#room(bytes.length).set(bytes);
    this.#used += bytes.length;
  }

  /** Hands what was gathered to the stream. False: it is full, its `drain` will be called. */
  flush(stream: Stream): boolean {
    this.#write(stream);
    const isTaken = this.#isTaken;
    this.#isTaken = true;
    return isTaken;
  }

  #write(stream: Stream): void {
    const block = this.#block;
    if (block === undefined || this.#used === 0) return;
    const bytes = block.bytes.subarray(0, this.#used);
    this.#block = undefined;
    this.#used = 0;
    this.#isTaken = stream.write(bytes, block.release);
  }

  #room(length: number): Uint8Array {
    this.#block ??= this.#free.pop() ?? new Block(this.#free);
    return this.#block.bytes.subarray(this.#used, this.#used + length);
  }
}
