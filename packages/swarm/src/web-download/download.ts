// One file from one or several web servers, the client-server way: in ranges, resumable, and with nothing to verify it by.
// Invariants: a byte is asked of one server at a time; servers whose file has another length, or has changed since it was
// begun, give nothing to it.

import { type Clock, createSlabs, type Disk, type Http, type Random } from '@shoal/base';
import { type Lanes, Limiter } from '../limits/limiter.ts';
import type { LimitSettings } from '../limits/settings.ts';
import type { SourceAllowance } from '../limits/source-allowance.ts';
import { Rate } from '../rate.ts';
import type { UsableAnswer, WebFailure } from '../web-seeds/answers.ts';
import * as bound from '../web-seeds/bounds.ts';
import { type AnswerFacts, RangeRequest } from '../web-seeds/range-request.ts';
import { WebDownloadError, type WebDownloadErrorCode } from './errors.ts';
import { Fetch, type FetchHost } from './fetch.ts';
import { Mirror } from './mirror.ts';
import { PartFile, type Validator } from './part-file.ts';
import { type ByteRange, ByteRanges } from './ranges.ts';

export interface WebDownloadParts {
  readonly http: Http;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly userAgent: string;
  readonly limits?: LimitSettings;
}

export interface WebDownloadOptions {
  /** Of the same file; the first one that answers says how long it is. */
  readonly urls: readonly string[];
  /** Absolute. */
  readonly path: string;
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
  /** A torrent file is not fetched: it ends with the code `is-torrent`. */
  readonly refusesTorrents?: boolean;
  /** Says what is wrong with all of it, if anything: then it is thrown away, and has never had its name. */
  readonly judge?: (part: string) => Promise<string | undefined>;
  /** A server is asked no more, or later again. */
  readonly onFailure?: (url: string, reason: string, isOut: boolean) => void;
}

/** Written at once, and how many such are under way or full. */
const slabLength = 1024 * 1024;
const slabs = 32;
const tickMs = 250;
/** What is there is recorded about so often: a kill loses no more. */
const recordMs = 5_000;
/** A range is split for another server when it will take longer than this, and is longer than that. */
const longWaitMs = 1_000;
const leastSplit = 16 * 1024;

export class WebDownload implements FetchHost {
  readonly slabs = createSlabs({ slabLength, capacity: slabs, slabsPerArena: 4 });
  readonly rate: Rate;
  readonly #parts: WebDownloadParts;
  readonly #options: WebDownloadOptions;
  readonly #mirrors: Mirror[];
  readonly #fetches = new Map<Fetch, Mirror>();
  readonly #allowances = new Map<Mirror, SourceAllowance>();
  readonly #limiter: Limiter | undefined;
  readonly #lanes: Lanes | undefined;
  #waiting: (() => void)[] = [];
  #part: PartFile | undefined;
  #missing = new ByteRanges();
  #length: number | undefined;
  #writes = 0;
  #recordedMs: number;
  #recording: Promise<void> | undefined;
  #timer: ReturnType<Clock['setTimer']> | undefined;
  #isOver = false;
  #failure: unknown;
  readonly #done = Promise.withResolvers<void>();

  constructor(parts: WebDownloadParts, options: WebDownloadOptions) {
    this.#parts = parts;
    this.#options = options;
    const nowMs = parts.clock.nowMs();
    this.rate = new Rate(nowMs);
    this.#recordedMs = nowMs;
    if (parts.limits !== undefined) {
      this.#limiter = new Limiter(parts.clock, () => {});
      this.#limiter.set(parts.limits);
      this.#lanes = this.#limiter.lanes();
    }
    this.#mirrors = options.urls.map((url) => new Mirror(url, undefined, nowMs));
  }

  get bytes(): number {
    return this.#part?.done.bytes ?? 0;
  }

  /** Undefined until a server has said it. */
  get length(): number | undefined {
    return this.#length;
  }

  /** Until the file is there under its name. Throws a WebDownloadError, or a WorldError of the disk. */
  async run(): Promise<void> {
    const { signal, path, overwrite = false } = this.#options;
    const { disk } = this.#parts;
    const part = await PartFile.look(disk, path, overwrite);
    this.#part = part;
    const { before } = part;
    await part.open(before === undefined);
    if (before !== undefined) {
      this.#length = before.length;
      this.#missing = part.done.missingOf(before.length);
      for (const mirror of this.#mirrors) mirror.validator = before.validators[mirror.name];
    }
    const onAbort = (): void => this.#end(new WebDownloadError('aborted', 'The download was interrupted.'));
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    else this.#tick();
    try {
      await this.#done.promise;
      await part.end(this.#length ?? 0);
      await this.#judge(part);
      await part.release();
    } finally {
      signal?.removeEventListener('abort', onAbort);
      await part.close();
    }
  }

  async #judge(part: PartFile): Promise<void> {
    const { judge, path } = this.#options;
    const complaint = await judge?.(`${path}.part`);
    if (complaint === undefined) return;
    await part.discard();
    throw new WebDownloadError('wrong-checksum', complaint);
  }

  #tick(): void {
    const nowMs = this.#parts.clock.nowMs();
    this.rate.tick(nowMs);
    this.#limiter?.tick();
    for (const mirror of this.#mirrors) mirror.rate.tick(nowMs);
    this.#feed();
    if (this.#isOver) return;
    if (nowMs - this.#recordedMs > recordMs) this.#record();
    this.#timer = this.#parts.clock.setTimer(tickMs, () => this.#tick());
  }

  #feed(): void {
    if (this.#isOver) return;
    const nowMs = this.#parts.clock.nowMs();
    for (const mirror of this.#mirrors) {
      while (!this.#isOver && mirror.freeLanes(nowMs) > 0 && this.#allowanceOf(mirror)?.isOpen !== false) {
        // How long the file is, one server says.
        if (this.#length === undefined && this.#fetches.size > 0) return;
        const range = this.#nextFor(mirror);
        if (range === undefined) break;
        this.#start(mirror, range);
      }
    }
    if (this.#fetches.size > 0) return;
    if (this.#length !== undefined && this.#missing.isEmpty) {
      if (this.#writes === 0) this.#end(undefined);
    } else if (this.#mirrors.every((mirror) => mirror.isOut)) this.#end(this.#lastFailure());
  }

  #nextFor(mirror: Mirror): ByteRange | undefined {
    const most = Math.min(mirror.runBytes, this.#allowanceOf(mirror)?.mostAtOnce ?? Number.POSITIVE_INFINITY);
    if (this.#length === undefined) return { start: 0, end: most };
    const left = this.#missing.bytes / (2 * this.#mirrors.length);
    return this.#missing.take(Math.min(most, Math.max(bound.firstRunBytes, left))) ?? this.#half(mirror);
  }

  /** Of the range of another server that has most left to do. */
  #half(mirror: Mirror): ByteRange | undefined {
    if (!mirror.knowsRanges) return undefined;
    let longest: Fetch | undefined;
    let longestMs = longWaitMs;
    for (const [fetch, owner] of this.#fetches) {
      const left = fetch.end - fetch.position;
      if (owner === mirror || fetch.isWhole || left < 2 * leastSplit) continue;
      const waitMs = (left * 1000 * owner.fetches) / Math.max(1, owner.rate.bytesPerSecond);
      if (waitMs <= longestMs) continue;
      longestMs = waitMs;
      longest = fetch;
    }
    if (longest?.request === undefined) return undefined;
    const { position, end } = longest;
    const middle = position + Math.ceil((end - position) / 2);
    longest.end = middle;
    longest.request.end = middle;
    return { start: middle, end };
  }

  #start(mirror: Mirror, range: ByteRange): void {
    const fetch = new Fetch(this, range.start, range.end, this.#parts.clock.nowMs());
    const { condition } = mirror;
    this.#fetches.set(fetch, mirror);
    mirror.fetches++;
    fetch.request = new RangeRequest(
      this.#parts,
      {
        url: mirror.url,
        start: range.start,
        end: range.end,
        fileLength: this.#length,
        // Beginning anew would read as much.
        longestSkip: Number.POSITIVE_INFINITY,
        isVerified: false,
        ...(condition === undefined ? {} : { headers: { 'if-range': condition } }),
      },
      {
        begun: (answer, about) => this.#begun(fetch, mirror, answer, about),
        data: (bytes) => {
          mirror.rate.add(bytes.length);
          fetch.received(bytes);
          if (this.#allowanceOf(mirror)?.came(bytes.length) === false) fetch.holdBack();
        },
        ended: (failure) => fetch.finish(() => this.#ended(fetch, mirror, failure)),
      },
    );
  }

  #begun(
    fetch: Fetch,
    mirror: Mirror,
    answer: UsableAnswer,
    { headers }: AnswerFacts,
  ): WebFailure | undefined {
    const isTorrent = /^application\/x-bittorrent\b/i.test(headers['content-type'] ?? '');
    if (isTorrent && this.#options.refusesTorrents === true) {
      this.#end(new WebDownloadError('is-torrent', 'It is a torrent file.'));
      return { code: 'refused', message: 'it is a torrent file' };
    }
    const wasRanged = mirror.hasAnswered && mirror.knowsRanges;
    // A condition that does not hold is answered with the whole file, as it is now; so is a range by a server that has
    // no time for ranges at the moment, and then the tag is the same.
    if (!mirror.isSame(headers) || (answer.isWhole && wasRanged && !mirror.hasTag(headers)))
      return { code: 'changed', message: 'its file has changed since the download was begun' };
    mirror.hasAnswered = true;
    mirror.knowsRanges = !answer.isWhole;
    if (this.#length === undefined && answer.fileLength !== undefined) {
      this.#length = answer.fileLength;
      this.#missing = new ByteRanges([
        { start: Math.min(fetch.end, answer.fileLength), end: answer.fileLength },
      ]);
      fetch.end = Math.min(fetch.end, answer.fileLength);
    }
    if (answer.isWhole && fetch.request !== undefined) {
      // All that is wanted comes with it.
      fetch.isWhole = true;
      fetch.end = this.#length ?? Number.POSITIVE_INFINITY;
      fetch.request.end = fetch.end;
      for (const other of [...this.#fetches.keys()])
        if (other !== fetch && other.start > fetch.start) this.#giveBack(other);
      this.#missing = new ByteRanges(this.#missing.list.filter(({ start }) => start < fetch.start));
    }
    return undefined;
  }

  #giveBack(fetch: Fetch): void {
    const mirror = this.#fetches.get(fetch);
    if (mirror === undefined) return;
    fetch.stop();
    this.#fetches.delete(fetch);
    mirror.fetches--;
  }

  #ended(fetch: Fetch, mirror: Mirror, failure: WebFailure | undefined): void {
    if (!this.#fetches.delete(fetch) || this.#isOver) return;
    mirror.fetches--;
    const { clock, random } = this.#parts;
    const nowMs = clock.nowMs();
    if (failure === undefined && fetch.end === Number.POSITIVE_INFINITY) this.#length = fetch.position;
    const end = Math.min(fetch.end, this.#length ?? fetch.position);
    this.#missing.add({ start: fetch.position, end });
    if (failure === undefined) mirror.succeeded(nowMs - fetch.begunMs);
    else {
      mirror.failed(failure, nowMs, random.below(1001) / 1000);
      // What came of a file of unknown length cannot be gone on with.
      this.#options.onFailure?.(mirror.name, failure.message, mirror.isOut);
    }
    this.#feed();
  }

  received(bytes: number): void {
    this.rate.add(bytes);
  }

  whenFree(callback: () => void): void {
    this.#waiting.push(callback);
  }

  write(slab: Uint8Array, length: number, position: number): void {
    const part = this.#part;
    this.#writes++;
    const written = part?.write(slab.subarray(0, length), position) ?? Promise.resolve();
    void written
      .catch((error: unknown) => this.#end(error))
      .then(() => {
        this.slabs.give(slab);
        this.#writes--;
        for (const callback of this.#waiting.splice(0)) callback();
        if (this.#writes > 0) return;
        if (this.#isOver) void this.#settle();
        else this.#feed();
      });
  }

  #allowanceOf(mirror: Mirror): SourceAllowance | undefined {
    const known = this.#allowances.get(mirror);
    if (known !== undefined || this.#limiter === undefined || this.#lanes === undefined) return known;
    const address = URL.parse(mirror.url)?.hostname.replace(/^\[|\]$/g, '') ?? '';
    const allowance = this.#limiter.openSource(this.#lanes, { address });
    allowance.onOpen = () => {
      for (const [fetch, owner] of this.#fetches) if (owner === mirror) fetch.release();
      this.#feed();
    };
    this.#allowances.set(mirror, allowance);
    return allowance;
  }

  #record(): void {
    this.#recordedMs = this.#parts.clock.nowMs();
    const part = this.#part;
    if (this.#recording !== undefined || this.#length === undefined || part === undefined) return;
    const validators: Record<string, Validator> = { ...part.before?.validators };
    for (const { name, validator } of this.#mirrors)
      if (validator !== undefined) validators[name] = validator;
    this.#recording = part
      .record(this.#length, validators)
      .catch((error: unknown) => this.#end(error))
      .finally(() => {
        this.#recording = undefined;
      });
  }

  /** Nothing is asked or written any more when it is over. */
  #end(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    for (const fetch of [...this.#fetches.keys()]) this.#giveBack(fetch);
    for (const allowance of this.#allowances.values()) allowance.close();
    this.#limiter?.close();
    this.#failure = error;
    if (this.#writes === 0) void this.#settle();
  }

  async #settle(): Promise<void> {
    await this.#recording;
    if (this.#failure === undefined) {
      this.#done.resolve();
      return;
    }
    // Without its length, nothing of a file can be gone on with.
    if (this.#length === undefined) await this.#part?.discard();
    else this.#record();
    await this.#recording;
    this.#done.reject(this.#failure);
  }

  #lastFailure(): WebDownloadError {
    const [first] = this.#mirrors;
    const { code = 'broke-off', message = 'no server was named' } = first?.failure ?? {};
    const host = URL.parse(first?.url ?? '')?.host ?? 'the server';
    const others = this.#mirrors.length > 1 ? `, and no other server helps` : '';
    return new WebDownloadError(errorCodes[code] ?? 'failed', `${host}: ${message}${others}.`, {
      value: first?.name,
    });
  }
}

const errorCodes: Partial<Record<WebFailure['code'], WebDownloadErrorCode>> = {
  'not-found': 'not-found',
  'name-not-found': 'not-found',
  timeout: 'timeout',
  stalled: 'timeout',
  slow: 'timeout',
  changed: 'changed',
  'wrong-length': 'changed',
  redirect: 'refused',
  refused: 'refused',
  encoded: 'refused',
  forbidden: 'failed',
};
