// One connection to Redis or Valkey over the World's streams. Questions are pipelined and answered in their order. A
// connection that breaks, or is silent too long, fails what waits; the next question makes a new one.

import {
  type Clock,
  type Names,
  type Stream,
  type Streams,
  type Timer,
  type TlsStreams,
  WorldError,
} from '@shoal/base';
import { IndexError } from '../errors.ts';
import { longestRedisAnswer, maxRedisQuestions, redisTimeoutMs } from './bounds.ts';
import { encodeRequest, RespError, RespReader, type RespValue } from './resp.ts';

export interface RedisParts {
  readonly clock: Clock;
  readonly names: Names;
  readonly streams: Streams;
  readonly tls: TlsStreams;
}

type Words = readonly (string | number | Uint8Array)[];

interface Question {
  readonly askedMs: number;
  readonly answer: (value: RespValue) => void;
  readonly fail: (error: IndexError) => void;
}

export class Redis {
  readonly #parts: RedisParts;
  readonly #url: URL;
  /** Asked on each new connection, before anything else. */
  readonly #greet: (ask: (words: Words) => Promise<RespValue>) => Promise<void>;
  #line: Promise<Line> | undefined;
  #isClosed = false;
  /** Why it cannot be asked; undefined while all is well. */
  ailment: string | undefined;

  /** Throws an IndexError `settings` for an address that is none. */
  constructor(
    parts: RedisParts,
    address: string,
    greet: (ask: (words: Words) => Promise<RespValue>) => Promise<void>,
  ) {
    const url = URL.parse(address);
    if (
      url === null ||
      !/^rediss?:$/.test(url.protocol) ||
      url.hostname === '' ||
      !/^(\/\d{0,5})?$/.test(url.pathname)
    )
      throw new IndexError('settings', 'Redis is given as redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE].', {
        value: withoutPassword(address),
      });
    this.#parts = parts;
    this.#url = url;
    this.#greet = greet;
  }

  /** Rejects with an IndexError `unavailable`; what the server refuses is a RespError in the answer. */
  async ask(words: Words): Promise<RespValue> {
    if (this.#isClosed) throw unavailable('it was closed');
    this.#line ??= this.#connect();
    const line = this.#line;
    try {
      const answer = await (await line).ask(words);
      this.ailment = undefined;
      return answer;
    } catch (error) {
      const isLost = await line.then(({ isBroken }) => isBroken).catch(() => true);
      if (isLost && this.#line === line) this.#line = undefined;
      if (error instanceof IndexError) this.ailment = error.message;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#line?.then((line) => line.close()).catch(() => {});
  }

  async #connect(): Promise<Line> {
    const { hostname, port, protocol, username, password, pathname } = this.#url;
    const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    const { names, streams, tls, clock } = this.#parts;
    let failure: unknown;
    const patience = new AbortController();
    const timer = clock.setTimer(redisTimeoutMs, () => patience.abort());
    const { signal } = patience;
    try {
      for (const address of await names.resolve(host, { signal })) {
        const to = { address, port: port === '' ? 6379 : Number(port) };
        try {
          const stream =
            protocol === 'rediss:'
              ? await tls.connect(to, { serverName: host, signal })
              : await streams.connect(to, { signal });
          const line = new Line(clock, stream);
          const ask = async (words: Words): Promise<RespValue> => {
            const answer = await line.ask(words);
            if (answer instanceof RespError) throw unavailable(`it refused: ${answer.message}`);
            return answer;
          };
          if (password !== '')
            await ask([
              'AUTH',
              ...(username === '' ? [] : [decodeURIComponent(username)]),
              decodeURIComponent(password),
            ]);
          if (pathname.length > 1) await ask(['SELECT', pathname.slice(1)]);
          await this.#greet(ask);
          return line;
        } catch (error) {
          failure = error;
        }
      }
    } catch (error) {
      failure = error;
    } finally {
      timer.cancel();
    }
    if (failure instanceof IndexError) throw failure;
    throw unavailable(failure instanceof WorldError ? failure.message : String(failure));
  }
}

class Line {
  readonly #clock: Clock;
  readonly #stream: Stream;
  readonly #reader = new RespReader(longestRedisAnswer);
  readonly #waiting: Question[] = [];
  #timer: Timer | undefined;
  #failure: IndexError | undefined;

  constructor(clock: Clock, stream: Stream) {
    this.#clock = clock;
    this.#stream = stream;
    stream.start({
      data: (bytes) => this.#read(bytes),
      end: () => this.#fail(unavailable('it closed the connection')),
      drain() {},
      close: (error) => this.#fail(unavailable(error?.message ?? 'the connection was closed')),
    });
  }

  ask(words: Words): Promise<RespValue> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#waiting.length >= maxRedisQuestions)
      return Promise.reject(unavailable(`${maxRedisQuestions} questions wait for it`));
    const { promise, resolve, reject } = Promise.withResolvers<RespValue>();
    this.#waiting.push({ askedMs: this.#clock.nowMs(), answer: resolve, fail: reject });
    this.#stream.write(encodeRequest(words));
    this.#timer ??= this.#clock.setTimer(redisTimeoutMs, () => this.#lookAtTime());
    return promise;
  }

  get isBroken(): boolean {
    return this.#failure !== undefined;
  }

  close(): void {
    this.#fail(unavailable('it was closed'));
  }

  #read(bytes: Uint8Array): void {
    try {
      for (const value of this.#reader.read(bytes)) this.#waiting.shift()?.answer(value);
    } catch (error) {
      this.#fail(unavailable(`it sent ${error instanceof Error ? error.message : String(error)}`));
    }
  }

  #lookAtTime(): void {
    this.#timer = undefined;
    const [oldest] = this.#waiting;
    if (oldest === undefined) return;
    const leftMs = oldest.askedMs + redisTimeoutMs - this.#clock.nowMs();
    if (leftMs <= 0) this.#fail(unavailable(`it did not answer within ${redisTimeoutMs / 1000} s`));
    else this.#timer = this.#clock.setTimer(leftMs, () => this.#lookAtTime());
  }

  #fail(error: IndexError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#timer?.cancel();
    this.#stream.destroy();
    for (const { fail } of this.#waiting.splice(0)) fail(error);
  }
}

function unavailable(why: string): IndexError {
  return new IndexError('unavailable', `The lease store (Redis) cannot be asked: ${why}.`);
}

function withoutPassword(address: string): string {
  return address.replace(/\/\/.*@/, '//…@');
}
