// Keeps what a stream told its handlers, and lets a test wait for a state of it instead of a time.

import assert from 'node:assert/strict';
import type { WorldError } from '../world/errors.ts';
import type { Stream, StreamHandlers } from '../world/streams.ts';

export class Recorder {
  readonly stream: Stream;
  readonly chunks: Uint8Array[] = [];
  receivedBytes = 0;
  hasEnded = false;
  drains = 0;
  closes = 0;
  closeError: WorldError | undefined;
  /** Called within `data`, after the bytes were kept. */
  onData: ((bytes: Uint8Array) => void) | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(stream: Stream) {
    this.stream = stream;
  }

  start(): this {
    const handlers: StreamHandlers = {
      data: (bytes) => {
        assert.equal(this.closes, 0, 'data after close');
        assert.equal(this.hasEnded, false, 'data after end');
        assert.ok(bytes.length > 0, 'empty data');
        this.chunks.push(bytes.slice());
        this.receivedBytes += bytes.length;
        this.onData?.(bytes);
        this.changed();
      },
      end: () => {
        assert.equal(this.closes, 0, 'end after close');
        assert.equal(this.hasEnded, false, 'end twice');
        this.hasEnded = true;
        this.changed();
      },
      drain: () => {
        assert.equal(this.closes, 0, 'drain after close');
        assert.equal(this.stream.bufferedBytes, 0, 'drain with bytes queued');
        this.drains++;
        this.changed();
      },
      close: (error) => {
        this.closes++;
        this.closeError = error;
        this.changed();
      },
    };
    this.stream.start(handlers);
    return this;
  }

  get bytes(): Uint8Array {
    return joined(this.chunks);
  }

  /** For conditions that change outside of the handlers (`released`). */
  changed(): void {
    for (const check of this.#waiting) check();
  }

  until(condition: (recorder: Recorder) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition(this)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  untilBytes(count: number): Promise<void> {
    return this.until(() => this.receivedBytes >= count);
  }

  untilEnded(): Promise<void> {
    return this.until(() => this.hasEnded);
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.closes > 0);
  }
}

export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

/** Bytes that differ from place to place, so that a lost or doubled run shows. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** assert.deepEqual on megabytes is slow, and its message is not readable. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.length, expected.length, 'length');
  assert.ok(Buffer.compare(actual, expected) === 0, 'bytes differ');
}
