// A Stream in the shape that Node's HTTP client wants. Bytes are copied here, since Node may keep them.

import { Duplex } from 'node:stream';
import type { Endpoint } from '../world/address.ts';
import type { Stream } from '../world/streams.ts';

export class StreamDuplex extends Duplex {
  readonly remote: Endpoint;
  readonly #stream: Stream;
  #whenDrained: (() => void) | undefined;

  constructor(stream: Stream) {
    super({ allowHalfOpen: true });
    this.remote = stream.remote;
    this.#stream = stream;
    stream.start({
      data: (bytes) => {
        if (!this.push(Buffer.from(bytes))) stream.pause();
      },
      end: () => {
        this.push(null);
      },
      drain: () => this.#drained(),
      close: (error) => {
        this.#drained();
        this.destroy(error);
      },
    });
  }

  override _read(): void {
    this.#stream.resume();
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

  #drained(): void {
    const done = this.#whenDrained;
    this.#whenDrained = undefined;
    done?.();
  }
}
