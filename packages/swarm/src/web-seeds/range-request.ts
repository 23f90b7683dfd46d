// One GET for a range of a file, from the request to the last byte that is wanted of it. Whatever the server does, it
// costs bounded time and bytes: silence, a drip and a body without an end are all cut off.
// Invariants: bytes are handed on in order, from the start of the range and never beyond its end; `ended` comes once,
// last, and not after `stop`.

import {
  type Clock,
  type Http,
  type HttpResponse,
  RedirectError,
  requestFollowing,
  WorldError,
} from '@shoal/base';
import { judgeAnswer, type UsableAnswer, type WantedRange, type WebFailure } from './answers.ts';
import * as bound from './bounds.ts';

export interface WebParts {
  readonly http: Http;
  readonly clock: Clock;
  readonly userAgent: string;
  /** PEM certificates to trust, beside the system's. */
  readonly trusted?: readonly string[];
}

export interface RangeAsking extends WantedRange {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly allowAddress?: (address: string) => boolean;
  /** What comes is verified, so a redirect may lead from https: to http:. */
  readonly isVerified: boolean;
}

/** Of an answer, beside what it is worth. */
export interface AnswerFacts {
  /** Where it came from in the end. */
  readonly url: string;
  readonly remoteAddress: string;
  readonly headers: Readonly<Record<string, string>>;
  /** About what its head took on the wire. */
  readonly headBytes: number;
}

export interface RangeHandlers {
  /** The answer is of use. A failure that is returned ends the request. */
  begun(answer: UsableAnswer, about: AnswerFacts): WebFailure | undefined;
  /** Only valid during the call. */
  data(bytes: Uint8Array): void;
  ended(failure: WebFailure | undefined): void;
}

/** "HTTP/1.1 206 Partial Content", and the blank line after the head. */
const statusLineBytes = 32;
/** How often time-outs are looked at. */
const watchMs = 1_000;

export class RangeRequest {
  readonly #parts: WebParts;
  readonly #asking: RangeAsking;
  readonly #handlers: RangeHandlers;
  readonly #aborter = new AbortController();
  #response: HttpResponse | undefined;
  /** Of the next byte of the body, in the file. */
  #position = 0;
  #end: number;
  /** Where the body ends, if it says so. */
  #bodyEnd: number | undefined;
  /** It has no known end, and no known end is wanted: all that comes is the file. */
  #takesAll = false;
  #isOver = false;
  #isPaused = false;
  #timer: ReturnType<Clock['setTimer']> | undefined;
  #heardMs: number;
  #windowMs = 0;
  #windowBytes = 0;

  constructor(parts: WebParts, asking: RangeAsking, handlers: RangeHandlers) {
    this.#parts = parts;
    this.#asking = asking;
    this.#handlers = handlers;
    this.#end = asking.end;
    this.#heardMs = parts.clock.nowMs();
    this.#watch();
    void this.#ask();
  }

  /** Where the range ends now: later than asked for where a server sends whole files and more of it is wanted. */
  get end(): number {
    return this.#end;
  }

  set end(end: number) {
    this.#end = end;
  }

  pause(): void {
    if (this.#isOver || this.#isPaused) return;
    this.#isPaused = true;
    this.#response?.pause();
  }

  resume(): void {
    if (this.#isOver || !this.#isPaused) return;
    this.#isPaused = false;
    this.#heardMs = this.#parts.clock.nowMs();
    this.#windowBytes = 0;
    this.#windowMs = 0;
    this.#response?.resume();
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#aborter.abort();
    this.#response?.destroy();
  }

  async #ask(): Promise<void> {
    const { url, start, end, headers, allowAddress, isVerified } = this.#asking;
    const { http, clock, userAgent, trusted } = this.#parts;
    try {
      const { response, url: finalUrl } = await requestFollowing(
        http,
        {
          url,
          signal: this.#aborter.signal,
          headers: {
            accept: '*/*',
            'accept-encoding': 'identity',
            'user-agent': userAgent,
            range: `bytes=${start}-${end - 1}`,
            ...headers,
          },
          ...(allowAddress === undefined ? {} : { allowAddress }),
          ...(trusted === undefined ? {} : { trusted }),
        },
        { mostRedirects: bound.mostRedirects, localReach: 'own-host', mayTurnInsecure: isVerified },
      );
      if (this.#isOver) {
        response.destroy();
        return;
      }
      this.#response = response;
      this.#heardMs = clock.nowMs();
      const { usable, failure } = judgeAnswer(response, this.#asking, clock.wallTimeMs());
      if (usable === undefined) this.#finish(failure);
      else this.#begin(usable, finalUrl, response);
    } catch (error) {
      this.#finish(failureOf(error));
    }
  }

  #begin(usable: UsableAnswer, url: string, response: HttpResponse): void {
    // It may send less than was asked for: then that is all that comes of this request.
    if (usable.end !== undefined) this.#end = Math.min(this.#end, usable.end);
    this.#position = usable.start;
    const { headers, remoteAddress } = response;
    let headBytes = statusLineBytes;
    for (const [name, value] of Object.entries(headers)) headBytes += name.length + value.length + 4;
    const refusal = this.#handlers.begun(usable, { url, remoteAddress, headers, headBytes });
    if (this.#isOver) return;
    if (refusal !== undefined) {
      this.#finish(refusal);
      return;
    }
    this.#bodyEnd = headers['content-length'] === undefined ? undefined : usable.end;
    this.#takesAll = this.#asking.fileLength === undefined && usable.isWhole && usable.end === undefined;
    if (this.#end <= this.#position) {
      this.#finish(undefined);
      return;
    }
    if (this.#isPaused) response.pause();
    response.read({ data: (bytes) => this.#received(bytes), close: (error) => this.#closed(error) });
  }

  #received(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#heardMs = this.#parts.clock.nowMs();
    this.#windowBytes += bytes.length;
    const from = Math.max(0, Math.min(bytes.length, this.#asking.start - this.#position));
    const to = Math.min(bytes.length, this.#end - this.#position);
    this.#position += bytes.length;
    if (to > from) this.#handlers.data(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to));
    if (this.#isOver || this.#position < this.#end) return;
    // More than the range, or who knows when it ends: the connection goes.
    if (this.#bodyEnd !== this.#end || this.#position > this.#end) this.#finish(undefined);
  }

  #closed(error: Error | undefined): void {
    if (this.#position >= this.#end || (this.#takesAll && error === undefined)) this.#finish(undefined);
    else if (error === undefined)
      this.#finish({ code: 'wrong-length', message: 'it sends less of the file than there should be' });
    else this.#finish({ code: 'broke-off', message: 'the connection broke off' });
  }

  #finish(failure: WebFailure | undefined): void {
    if (this.#isOver) return;
    // The connection can serve again only if all of the body was read.
    const isClean = failure === undefined && this.#position === this.#bodyEnd;
    this.#isOver = true;
    this.#timer?.cancel();
    if (!isClean) this.#response?.destroy();
    this.#handlers.ended(failure);
  }

  #watch(): void {
    this.#timer = this.#parts.clock.setTimer(watchMs, () => {
      const failure = this.#lateness();
      if (failure === undefined) this.#watch();
      else {
        this.#finish(failure);
        this.#aborter.abort();
      }
    });
  }

  #lateness(): WebFailure | undefined {
    if (this.#isPaused) return undefined;
    const nowMs = this.#parts.clock.nowMs();
    const silentMs = nowMs - this.#heardMs;
    if (this.#response === undefined) {
      return silentMs < bound.headMs
        ? undefined
        : { code: 'timeout', message: `it does not answer within ${bound.headMs / 1000} s` };
    }
    if (silentMs >= bound.silenceMs)
      return { code: 'stalled', message: `it has sent nothing for ${bound.silenceMs / 1000} s` };
    if (this.#windowMs === 0) this.#windowMs = nowMs;
    const windowMs = nowMs - this.#windowMs;
    if (windowMs < bound.dripMs) return undefined;
    const rate = (this.#windowBytes * 1000) / windowMs;
    this.#windowMs = nowMs;
    this.#windowBytes = 0;
    return rate >= bound.leastBytesPerSecond
      ? undefined
      : { code: 'slow', message: `it sends ${Math.round(rate)} bytes a second` };
  }
}

function failureOf(error: unknown): WebFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RedirectError) return { code: 'redirect', message };
  if (error instanceof WorldError) {
    if (error.code === 'name-not-found' || error.code === 'tls') return { code: error.code, message };
    if (error.code === 'timeout') return { code: 'timeout', message };
    if (error.code === 'permission' || error.code === 'invalid') return { code: 'refused', message };
    if (error.code === 'reset') return { code: 'broke-off', message };
  }
  return { code: 'unreachable', message };
}
