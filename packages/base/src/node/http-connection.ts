// One connection of the HTTP client, which serves one request after the other.
// Invariant: it has one user at a time, who gets all that happens on it; while it has none, whatever happens ends it.

import type { Endpoint } from '../world/address.ts';
import type { Stream, StreamHandlers } from '../world/streams.ts';

export class HttpConnection {
  readonly stream: Stream;
  isClosed = false;
  #user: StreamHandlers | undefined;
  #onIdleEnd: (() => void) | undefined;

  constructor(stream: Stream) {
    this.stream = stream;
    const idle = (): void => {
      stream.destroy();
      this.#onIdleEnd?.();
    };
    stream.start({
      data: (bytes) => (this.#user === undefined ? idle() : this.#user.data(bytes)),
      end: () => (this.#user === undefined ? idle() : this.#user.end()),
      drain: () => this.#user?.drain(),
      close: (error) => {
        this.isClosed = true;
        if (this.#user === undefined) idle();
        else this.#user.close(error);
      },
    });
  }

  get remote(): Endpoint {
    return this.stream.remote;
  }

  use(user: StreamHandlers): void {
    this.#onIdleEnd = undefined;
    this.#user = user;
  }

  /** Nobody uses it. */
  rest(onEnd: () => void): void {
    this.#user = undefined;
    this.#onIdleEnd = onEnd;
    this.stream.resume();
  }
}
