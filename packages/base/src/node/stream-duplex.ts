// A Stream in the shape that Node's HTTP client wants. While a response is being read its bytes pass through
// within one call, so they are handed on as they lie in the shared buffer; at all other times Node may keep them,
// and gets a copy.

import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import type { Endpoint } from '../world/address.ts';
import { WorldError } from '../world/errors.ts';
import type { Stream } from '../world/streams.ts';

export class StreamDuplex extends Duplex {
  readonly remote: Endpoint;
  /** The response whose body is being read. */
  reader: IncomingMessage | undefined;
  readonly #stream: Stream;
  #isHeld = false;
  #whenDrained: (() => void) | undefined;

  constructor(stream: Stream) {
    super({ allowHalfOpen: true });
    this.remote = stream.remote;
    this.#stream = stream;
    stream.start({
      data: (bytes) => this.#receive(bytes),
      end: () => void this.push(null),
      drain: () => this.#drained(),
      close: (error) => {
        this.#drained();
        this.destroy(error);
      },
    });
  }

  /** Stops reading whatever Node asks for. What was read already still goes through. */
  hold(): void {
    this.#isHeld = true;
    this.#stream.pause();
  }

  release(): void {
    this.#isHeld = false;
    this.#stream.resume();
  }

  override _read(): void {
    if (!this.#isHeld) this.#stream.resume();
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error) => void): void {
    if (this.#stream.write(bytes)) done();
    else this.#whenDrained = done;
  }

  override _final(done: (error?: Error) => void): void {
    this.#stream.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stream.destroy();
    done(error);
  }

  #receive(bytes: Uint8Array): void {
    const { reader } = this;
    if (reader === undefined || !flowsThrough(this) || !flowsThrough(reader)) {
      if (!this.push(Buffer.from(bytes))) this.#stream.pause();
      return;
    }
    this.push(bytes);
    if (this.readableLength > 0 || reader.readableLength > 0)
      this.destroy(new WorldError('io', 'Bytes were kept that were only lent'));
  }

  #drained(): void {
    const done = this.#whenDrained;
    this.#whenDrained = undefined;
    done?.();
  }
}

function flowsThrough(stream: Duplex | IncomingMessage): boolean {
  return stream.readableFlowing === true && stream.readableLength === 0;
}
