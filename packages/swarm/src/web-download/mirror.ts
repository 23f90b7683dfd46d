// One server of a download: which state of the file it has, how well it does, and when it is asked again.

import { Rate } from '../rate.ts';
import type { WebFailure } from '../web-seeds/answers.ts';
import { isAboutOneFile } from '../web-seeds/answers.ts';
import * as bound from '../web-seeds/bounds.ts';
import type { Validator } from './part-file.ts';

/** In a row, without a byte between them. */
const mostFailuresAtFirst = 2;
const mostFailures = 8;

export function withoutPassword(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.username === '' && parsed.password === '')) return url;
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}

export class Mirror {
  readonly url: string;
  /** What is written down and shown of it: a password in an address is nobody's business. */
  readonly name: string;
  readonly rate: Rate;
  knowsRanges = true;
  hasAnswered = false;
  validator: Validator | undefined;
  failure: WebFailure | undefined;
  runBytes = bound.firstRunBytes;
  fetches = 0;
  restsUntilMs = 0;
  #failures = 0;
  #bytesAtFailure = 0;
  isOut = false;

  constructor(url: string, validator: Validator | undefined, nowMs: number) {
    this.url = url;
    this.name = withoutPassword(url);
    this.validator = validator;
    this.rate = new Rate(nowMs);
  }

  /** How many more ranges it may be asked for now. */
  freeLanes(nowMs: number): number {
    if (this.isOut || this.restsUntilMs > nowMs) return 0;
    return (this.hasAnswered && this.knowsRanges ? bound.usualLanes : 1) - this.fetches;
  }

  succeeded(tookMs: number): void {
    const factor = Math.max(0.25, Math.min(4, bound.runMs / Math.max(1, tookMs)));
    this.runBytes = Math.max(bound.firstRunBytes, Math.min(bound.longestRunBytes, this.runBytes * factor));
    this.#failures = 0;
    // Another range of it may have shown what is wrong with it.
    if (!this.isOut) this.failure = undefined;
  }

  /** `jitter` is between 0 and 1. */
  failed(failure: WebFailure, nowMs: number, jitter: number): void {
    this.failure = failure;
    const isForGood = isAboutOneFile(failure) || failure.code === 'tls' || failure.code === 'name-not-found';
    if (this.rate.total > this.#bytesAtFailure) this.#failures = 0;
    this.#bytesAtFailure = this.rate.total;
    this.#failures++;
    this.isOut = isForGood || this.#failures >= (this.rate.total > 0 ? mostFailures : mostFailuresAtFirst);
    const usualMs = Math.min(bound.longestRestOfGivenMs, bound.firstRestMs * 2 ** (this.#failures - 1));
    this.restsUntilMs = nowMs + Math.max(usualMs, failure.retryAfterMs ?? 0) * (1 + jitter / 4);
    this.runBytes = bound.firstRunBytes;
  }

  /** Says whether this is the state of the file that it had before; the first one counts. */
  isSame(headers: Readonly<Record<string, string>>): boolean {
    const { etag, 'last-modified': lastModified } = headers;
    if (this.validator === undefined) {
      this.validator = {
        ...(etag === undefined ? {} : { etag }),
        ...(lastModified === undefined ? {} : { lastModified }),
      };
      return true;
    }
    const known = this.validator;
    if (known.etag !== undefined && etag !== undefined) return known.etag === etag;
    return (
      known.lastModified === undefined || lastModified === undefined || known.lastModified === lastModified
    );
  }

  /** Says for sure that it is the same state of the file. */
  hasTag({ etag }: Readonly<Record<string, string>>): boolean {
    return etag !== undefined && !etag.startsWith('W/') && etag === this.validator?.etag;
  }

  /** For If-Range: a weak tag is of no use there (RFC 9110, 13.1.5). */
  get condition(): string | undefined {
    const { etag, lastModified } = this.validator ?? {};
    return etag !== undefined && !etag.startsWith('W/') ? etag : lastModified;
  }
}
