// One connection of the HTTP client, and the one request that it serves at a time.

import { type Clock, type HttpBodyHandlers, type HttpResponse, type Stream, WorldError } from '@shoal/base';
import { BodyReader, type Framing, framingOf, type Head, HeadReader, httpError } from './messages.ts';

export interface Asking {
  readonly method: string;
  readonly head: Uint8Array;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
  readonly mayReuse: boolean;
}

/** What happened to a request that got no answer. */
export class NoAnswer extends WorldError {
  /** Not a byte came: on a connection that had served before, the server may have closed it in the meantime. */
  isStale = false;
}

const nothing = new Uint8Array(0);

export class HttpConnection {
  readonly #stream: Stream;
  readonly #clock: Clock;
  /** The last body was read to its end; the connection is free, or gone. */
  readonly #done: (connection: HttpConnection, isReusable: boolean) => void;
  #exchange: Exchange | undefined;
  isClosed = false;

  constructor(stream: Stream, clock: Clock, done: (connection: HttpConnection, isReusable: boolean) => void) {
    this.#stream = stream;
    this.#clock = clock;
    this.#done = done;
    stream.start({
      data: (bytes) => (this.#exchange === undefined ? this.destroy() : this.#exchange.received(bytes)),
      end: () => (this.#exchange === undefined ? this.destroy() : this.#exchange.ended(undefined)),
      drain() {},
      close: (error) => {
        this.isClosed = true;
        if (this.#exchange === undefined) this.#done(this, false);
        else this.#exchange.ended(error ?? new WorldError('reset', 'The connection was closed'));
      },
    });
  }

  get remoteAddress(): string {
    return this.#stream.remote.address;
  }

  ask(asking: Asking): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(this.#stream, this.#clock, asking, {
        resolve,
        reject,
        done: (isReusable) => {
          if (this.#exchange !== exchange) return;
          this.#exchange = undefined;
          const keeps = isReusable && !this.isClosed;
          if (keeps) this.#stream.resume();
          else this.destroy();
          this.#done(this, keeps);
        },
      });
      this.#exchange = exchange;
      this.#stream.write(asking.head);
      if (asking.body !== undefined) this.#stream.write(asking.body);
    });
  }

  destroy(): void {
    this.isClosed = true;
    this.#stream.destroy();
  }
}

interface Outcome {
  resolve(response: HttpResponse): void;
  reject(error: Error): void;
  done(isReusable: boolean): void;
}

class Exchange {
  readonly #stream: Stream;
  readonly #clock: Clock;
  readonly #asking: Asking;
  readonly #outcome: Outcome;
  readonly #heads = new HeadReader();
  #body: BodyReader | undefined;
  #isReusable = false;
  #handlers: HttpBodyHandlers | undefined;
  #isPaused = false;
  /** Bytes of the body that came before they were wanted. */
  #early: Uint8Array = nothing;
  /** No more bytes will come. */
  #end: { error: Error | undefined } | undefined;
  #isOver = false;

  constructor(stream: Stream, clock: Clock, asking: Asking, outcome: Outcome) {
    this.#stream = stream;
    this.#clock = clock;
    this.#asking = asking;
    this.#outcome = outcome;
    asking.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  readonly #onAbort = (): void => {
    this.#fail(new WorldError('aborted', 'The request was aborted', { cause: this.#asking.signal?.reason }));
  };

  received(bytes: Uint8Array): void {
    try {
      if (this.#body !== undefined) this.#take(bytes, this.#body);
      else {
        const found = this.#heads.push(bytes);
        if (found !== undefined) this.#answer(found.head, bytes.subarray(found.used));
      }
    } catch (error) {
      // What a handler throws is its own.
      if (!(error instanceof WorldError)) throw error;
      this.#fail(error);
    }
  }

  #answer({ start, headers }: Head, rest: Uint8Array): void {
    const [, minor, code] = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/.exec(start) ?? [];
    if (minor === undefined || code === undefined) throw httpError('Not an HTTP answer', start);
    const status = Number(code);
    if (status === 101) throw httpError('The server changes to another protocol', start);
    if (status < 200) {
      this.received(rest);
      return;
    }
    const hasNone = this.#asking.method === 'HEAD' || status === 204 || status === 304;
    const otherwise: Framing = { kind: 'until-close' };
    const framing: Framing = hasNone ? { kind: 'length', length: 0 } : framingOf(headers, otherwise);
    const connection = headers.connection?.toLowerCase() ?? '';
    const stays = minor === '1' ? !connection.includes('close') : connection.includes('keep-alive');
    this.#isReusable = stays && framing.kind !== 'until-close' && this.#asking.mayReuse;
    this.#body = new BodyReader(framing);
    this.#stream.pause();
    this.#early = rest.slice();
    this.#outcome.resolve({
      status,
      headers,
      remoteAddress: this.#stream.remote.address,
      read: (handlers) => {
        this.#handlers = handlers;
        this.#clock.setTimer(0, () => this.#goOn());
      },
      pause: () => {
        this.#isPaused = true;
        this.#stream.pause();
      },
      resume: () => {
        this.#isPaused = false;
        this.#clock.setTimer(0, () => this.#goOn());
      },
      destroy: () => this.#finish(undefined, false),
    });
  }

  #goOn(): void {
    if (this.#isOver || this.#isPaused || this.#handlers === undefined) return;
    const early = this.#early;
    this.#early = nothing;
    this.received(early);
    if (this.#isOver || this.#isPaused) return;
    if (this.#end === undefined) this.#stream.resume();
    else this.#finishAtEnd(this.#end.error);
  }

  #take(bytes: Uint8Array, reader: BodyReader): void {
    let at = 0;
    while (!this.#isOver) {
      if (reader.isDone) this.#finish(undefined, this.#isReusable && at === bytes.length);
      if (reader.isDone || at === bytes.length) return;
      if (this.#isPaused || this.#handlers === undefined) {
        this.#early = new Uint8Array(Buffer.concat([this.#early, bytes.subarray(at)]));
        return;
      }
      const { body, used } = reader.next(bytes.subarray(at));
      at += used;
      if (body.length > 0) this.#handlers.data(body);
    }
  }

  ended(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#end ??= { error };
    if (this.#body === undefined) {
      const failure = new NoAnswer('reset', 'The server hung up without an answer', { cause: error });
      failure.isStale = this.#heads.isEmpty;
      this.#fail(failure);
    } else if (this.#handlers !== undefined && !this.#isPaused && this.#early.length === 0)
      this.#finishAtEnd(error);
  }

  #finishAtEnd(error: Error | undefined): void {
    if (this.#body?.end() === true && error === undefined) this.#finish(undefined, false);
    else this.#fail(error ?? httpError('The body broke off'));
  }

  #fail(error: Error): void {
    if (this.#body === undefined) this.#outcome.reject(error);
    this.#finish(error, false);
  }

  #finish(error: Error | undefined, isReusable: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#asking.signal?.removeEventListener('abort', this.#onAbort);
    this.#outcome.done(isReusable);
    this.#handlers?.close(error);
  }
}
