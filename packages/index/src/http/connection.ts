// One HTTP connection: requests one after the other, as many as come in one read answered in one write.
// Invariants: answers go out in the order of the requests; while one is worked on or our answers are not taken, at
// most `maxWaitingBytes` of further requests are held; after a refusal nothing more of the connection is believed.

import type { Clock, Stream } from '@shoal/base';
import { bodyTimeoutMs, headTimeoutMs, idleTimeoutMs, maxWaitingBytes, stalledTimeoutMs } from '../bounds.ts';
import { IndexError, statusOfCode } from '../errors.ts';
import { answerHead, isStream, notFound, otherMethod } from './answer.ts';
import { BodyReader } from './body.ts';
import { needsMore, RequestHead } from './head.ts';
import type { Outbox } from './outbox.ts';
import { errorResponse, type IndexRequest, type IndexResponse, type Router } from './routes.ts';
import { letGo, sendBody } from './sending.ts';
import { codeOfStatus, reasonOf } from './status.ts';

/** What all connections of a server share. */
export interface Shop {
  readonly clock: Clock;
  readonly router: Router;
  readonly outbox: Outbox;
  readonly isEncrypted: boolean;
  /** The Date header's value. */
  date(): string;
  /** Something went wrong that should not. */
  failed(error: unknown): void;
  /** A request was answered, for the counts. */
  answered(status: number): void;
  closed(connection: Connection): void;
  head: RequestHead;
}

const noBytes = new Uint8Array(0);

export class Connection {
  readonly stream: Stream;
  readonly #shop: Shop;
  /** Bytes that came and were not read yet. */
  #waiting: Uint8Array = noBytes;
  #body: { readonly reader: BodyReader; readonly head: RequestHead } | undefined;
  #isBusy = false;
  #isStalled = false;
  #isPaused = false;
  #hasEnded = false;
  #isLast = false;
  #isClosed = false;
  #deadlineMs: number;
  #gone: AbortController | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Stream, shop: Shop) {
    this.stream = stream;
    this.#shop = shop;
    this.#deadlineMs = shop.clock.nowMs() + headTimeoutMs;
    stream.start({
      data: (bytes) => this.#receive(bytes),
      end: () => {
        this.#hasEnded = true;
        if (!this.#isBusy && !this.#isStalled) this.#finish();
      },
      drain: () => {
        this.#isStalled = false;
        this.#goOn();
      },
      close: () => {
        this.#isClosed = true;
        this.#gone?.abort();
        this.#wake?.();
        shop.closed(this);
      },
    });
  }

  /** Whoever lets us wait too long is let go. */
  sweep(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    if (this.#body !== undefined || this.#waiting.length > 0) {
      if (!this.#isBusy && !this.#isStalled) {
        this.#refuse(408);
        return;
      }
    }
    this.stream.destroy();
  }

  /** No more requests; what is being answered is answered. */
  close(): void {
    this.#isLast = true;
    if (!this.#isBusy && !this.#isStalled) this.#finish();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isClosed || (this.#isLast && !this.#isBusy)) return;
    if (this.#isBusy || this.#isStalled) {
      if (this.#waiting.length + bytes.length > maxWaitingBytes) {
        this.stream.destroy();
        return;
      }
      this.#waiting = joined(this.#waiting, bytes);
      this.#pause();
    } else if (this.#waiting.length > 0) {
      const all = joined(this.#waiting, bytes);
      this.#waiting = noBytes;
      this.#readAll(all);
    } else this.#readAll(bytes);
  }

  /** Reads requests until there is none left, or one that must be waited for. Keeps what is left over. */
  #readAll(bytes: Uint8Array): void {
    let at = 0;
    // Not further than our answers are taken: questions are shorter than answers.
    while (at < bytes.length && !this.#isBusy && !this.#isLast && this.#shop.outbox.isTaken) {
      const next =
        this.#body === undefined ? this.#readHead(bytes, at) : this.#readBody(bytes, at, this.#body);
      if (next === at) break;
      at = next;
    }
    if (this.#isLast && !this.#isBusy) at = bytes.length;
    if (at < bytes.length) {
      if (this.#waiting.length === 0 && this.#body === undefined && !this.#isBusy)
        this.#deadlineMs = Math.min(this.#deadlineMs, this.#shop.clock.nowMs() + headTimeoutMs);
      this.#waiting = bytes.slice(at);
    }
    if (!this.#isBusy) this.#flush();
  }

  #readHead(bytes: Uint8Array, at: number): number {
    const { head } = this.#shop;
    const end = head.read(bytes, at, bytes.length);
    if (end === needsMore) return at;
    if (end < 0) {
      this.#refuse(-end);
      return bytes.length;
    }
    if (head.contentLength === 0 && !head.isChunked) {
      this.#dispatch(head, noBytes);
      return end;
    }
    const found = this.#shop.router.find(head.method, head.path);
    const most = found.kind === 'route' ? (found.route.maxBodyBytes ?? 0) : 0;
    if (found.kind === 'route' && head.contentLength > most) {
      this.#refuse(413);
      return bytes.length;
    }
    // Nothing is ever unpacked here, so that no body is longer than what was sent.
    if (found.kind === 'route' && !/^(identity)?$/i.test(head.header('content-encoding')?.trim() ?? '')) {
      this.#refuse(415);
      return bytes.length;
    }
    if (found.kind === 'route' && found.route.admits?.(head) === false) {
      this.#refuse(401);
      return bytes.length;
    }
    if (found.kind !== 'route') {
      // Its body would have to be read to find the next request.
      this.#isLast = true;
      this.#dispatch(head, noBytes);
      return bytes.length;
    }
    head.keep();
    this.#shop.head = new RequestHead();
    if (head.expectsContinue) this.#shop.outbox.text(this.stream, 'HTTP/1.1 100 Continue\r\n\r\n');
    this.#body = { reader: new BodyReader(head.contentLength, head.isChunked, most), head };
    this.#deadlineMs = this.#shop.clock.nowMs() + bodyTimeoutMs;
    return end;
  }

  #readBody(bytes: Uint8Array, at: number, body: { reader: BodyReader; head: RequestHead }): number {
    const end = body.reader.read(bytes, at);
    if (end < 0) {
      this.#body = undefined;
      this.#refuse(-end);
      return bytes.length;
    }
    if (body.reader.isDone) {
      this.#body = undefined;
      this.#dispatch(body.head, body.reader.take());
    }
    return end;
  }

  #dispatch(head: RequestHead, body: Uint8Array): void {
    const shop = this.#shop;
    if (!head.keepsAlive) this.#isLast = true;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    const found = shop.router.find(head.method, head.path);
    if (found.kind !== 'route') {
      this.#answer(head, found.kind === 'none' ? notFound : otherMethod(found.allowed));
      return;
    }
    const { stream } = this;
    const gone = (): AbortSignal => {
      this.#gone ??= new AbortController();
      return this.#isClosed ? AbortSignal.abort() : this.#gone.signal;
    };
    const request: IndexRequest = {
      head,
      params: found.params,
      remote: stream.remote,
      local: stream.local,
      isEncrypted: shop.isEncrypted,
      body,
      get signal() {
        return gone();
      },
    };
    try {
      const response = found.route.handle(request);
      if (!(response instanceof Promise) && !isStream(response.body)) {
        this.#answer(head, response);
        return;
      }
      this.#isBusy = true;
      // The scratch head is this request's for good now.
      if (shop.head === head) {
        head.keep();
        shop.head = new RequestHead();
      }
      this.#flush();
      void this.#answerLater(head, Promise.resolve(response));
    } catch (error) {
      this.#answer(head, this.#failure(error));
    }
  }

  async #answerLater(head: RequestHead, promise: Promise<IndexResponse>): Promise<void> {
    let response: IndexResponse;
    try {
      response = await promise;
    } catch (error) {
      response = this.#failure(error);
    }
    try {
      if (this.#isClosed) {
        if (isStream(response.body)) await letGo(response.body);
        return;
      }
      this.#answer(head, response);
      if (isStream(response.body)) {
        const { stream } = this;
        const { outbox, clock } = this.#shop;
        const isClosed = (): boolean => this.#isClosed;
        const goesOn = (): void => {
          this.#deadlineMs = clock.nowMs() + stalledTimeoutMs;
        };
        await sendBody({ stream, outbox, isClosed, goesOn }, head, response.body);
        this.#deadlineMs = Number.POSITIVE_INFINITY;
      }
    } catch (error) {
      // The head is out, so all that can be said is that there is no more.
      this.#shop.failed(error);
      this.stream.destroy();
      return;
    }
    this.#isBusy = false;
    this.#gone = undefined;
    this.#flush();
    this.#goOn();
  }

  #answer(head: RequestHead, response: IndexResponse): void {
    const { stream } = this;
    const { outbox } = this.#shop;
    const { status, body } = response;
    const bytes = typeof body === 'string' ? encoder.encode(body) : body;
    if (bytes !== undefined && bytes.length === undefined && head.minorVersion === 0) this.#isLast = true;
    const text = answerHead(response, bytes, { date: this.#shop.date(), to: head, isLast: this.#isLast });
    outbox.text(stream, text);
    if (bytes instanceof Uint8Array && head.method !== 'HEAD') outbox.bytes(stream, bytes);
    this.#shop.answered(status);
  }

  /** For what cannot be understood: one last answer. */
  #refuse(status: number): void {
    this.#isLast = true;
    this.#waiting = noBytes;
    this.#body = undefined;
    this.#answer(lastHead, errorResponse(status, codeOfStatus(status), reasonOf(status)));
    this.#flush();
  }

  #failure(error: unknown): IndexResponse {
    if (error instanceof IndexError) {
      const status = statusOfCode[error.code];
      if (status < 500) return errorResponse(status, error.code, error.message);
    }
    this.#shop.failed(error);
    return errorResponse(500, 'internal', 'Something went wrong here that should not.');
  }

  /** Sends what was gathered, and sees whether it is taken and whether there is more to come. */
  #flush(): void {
    const isTaken = this.#shop.outbox.flush(this.stream);
    if (this.#isBusy) return;
    this.#isStalled = !isTaken && !this.#isClosed;
    const nowMs = this.#shop.clock.nowMs();
    if (this.#isStalled) {
      this.#deadlineMs = nowMs + stalledTimeoutMs;
      this.#pause();
    } else if (this.#isLast || (this.#hasEnded && this.#waiting.length === 0)) this.#finish();
    else if (this.#deadlineMs === Number.POSITIVE_INFINITY) this.#deadlineMs = nowMs + idleTimeoutMs;
  }

  #goOn(): void {
    if (this.#isClosed || this.#isBusy || this.#isStalled) return;
    if (this.#isLast) {
      this.#finish();
      return;
    }
    const bytes = this.#waiting;
    this.#waiting = noBytes;
    if (bytes.length > 0) this.#readAll(bytes);
    if (this.#isBusy || this.#isStalled) return;
    if (this.#hasEnded) this.#finish();
    else if (this.#isPaused) {
      this.#isPaused = false;
      this.stream.resume();
    }
  }

  #finish(): void {
    this.#isLast = true;
    this.#waiting = noBytes;
    this.stream.end();
    this.#deadlineMs = Math.min(this.#deadlineMs, this.#shop.clock.nowMs() + lingerMs);
    // Reading on: a connection that is closed with bytes unread is reset, and the reset can overtake our answer.
    if (this.#isPaused) this.stream.resume();
    this.#isPaused = false;
    if (this.#hasEnded) this.#deadlineMs = this.#shop.clock.nowMs() + lingerMs;
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.stream.pause();
  }
}

/** For the other side to take our last answer and to close. */
const lingerMs = 5_000;

const encoder = new TextEncoder();
/** An answer's frame where no request was understood. */
const lastHead = new RequestHead();

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
