// A connection in the shape that Node's HTTP client wants, for one request. Node may keep what it is given, so it gets
// copies: bodies of any size do not come this way (http-body.ts).

import { Duplex } from 'node:stream';
import type { HttpConnection } from './http-connection.ts';

export class StreamDuplex extends Duplex {
  readonly connection: HttpConnection;
  #isDetached = false;
  #isHeld = false;
  #whenDrained: (() => void) | undefined;

  constructor(connection: HttpConnection) {
    super({ allowHalfOpen: true });
    this.connection = connection;
    connection.use({
      data: (bytes) => {
        if (!this.push(Buffer.from(bytes))) connection.stream.pause();
      },
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
    this.connection.stream.pause();
  }

  release(): void {
    this.#isHeld = false;
    this.connection.stream.resume();
  }

  /** Leaves the connection to its next user. Yields what was read and Node has not seen. */
  detach(): Uint8Array | undefined {
    this.#isDetached = true;
    this.removeAllListeners('data');
    const rest: unknown = this.readableLength > 0 ? this.read() : undefined;
    this.destroy();
    return rest instanceof Uint8Array ? rest : undefined;
  }

  override _read(): void {
    if (!this.#isHeld && !this.#isDetached) this.connection.stream.resume();
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error) => void): void {
    if (this.connection.stream.write(bytes)) done();
    else this.#whenDrained = done;
  }

  override _final(done: (error?: Error) => void): void {
    if (!this.#isDetached) this.connection.stream.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#isDetached) this.connection.stream.destroy();
    done(error);
  }

  #drained(): void {
    const done = this.#whenDrained;
    this.#whenDrained = undefined;
    done?.();
  }
}
