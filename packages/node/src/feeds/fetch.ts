// The bytes of a feed, or of a torrent file that a feed names, with a bound on their number, on the time that they take, and
// on where they may come from: what a public server names or redirects to is on the public internet.

import { gunzipSync } from 'node:zlib';
import { type Clock, type Http, ipScope, RedirectError, requestFollowing, WorldError } from '@shoal/base';
import { feedPatienceMs, longestRetryAfterMs } from '../bounds.ts';
import { NodeError } from '../errors.ts';

export interface FetchParts {
  readonly http: Http;
  readonly clock: Clock;
  readonly version: string;
}

export interface Wish {
  readonly url: string;
  readonly longest: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** False: the public internet alone. */
  readonly mayBeLocal: boolean;
  readonly signal: AbortSignal;
  readonly patienceMs?: number;
}

export interface Fetched {
  /** Undefined where nothing has changed (304). */
  readonly bytes: Uint8Array | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Where it came from in the end. */
  readonly url: string;
  readonly isLocal: boolean;
}

const mostRedirects = 5;

/** A refusal that says when to come back. */
export class ComeBackLater extends NodeError {
  readonly afterMs: number;

  constructor(message: string, afterMs: number) {
    super('feed-status', message);
    this.afterMs = afterMs;
  }
}

export async function fetchBytes(wish: Wish, { http, clock, version }: FetchParts): Promise<Fetched> {
  const { url, longest, signal, patienceMs = feedPatienceMs, mayBeLocal } = wish;
  const late = new AbortController();
  const timer = clock.setTimer(patienceMs, () => late.abort());
  const until = AbortSignal.any([signal, late.signal]);
  const slow = () =>
    new NodeError('feed-slow', `${hostOf(url)} has not sent it within ${patienceMs / 1000} seconds.`, {
      value: url,
    });
  try {
    const { response, url: from } = await requestFollowing(
      http,
      {
        url,
        signal: until,
        headers: {
          accept: '*/*',
          'accept-encoding': 'identity',
          'user-agent': `Shoal/${version}`,
          ...wish.headers,
        },
        allowAddress(address) {
          if (mayBeLocal || ipScope(address) === 'public') return true;
          throw new NodeError(
            'feed-not-public',
            `The feed names ${hostOf(url)} (${address}), which is not on the public internet.`,
            { value: url },
          );
        },
      },
      { mostRedirects, localReach: 'own-host' },
    );
    const { status, headers, remoteAddress } = response;
    const isLocal = ipScope(remoteAddress) !== 'public';
    if (status === 304) {
      response.destroy();
      return { bytes: undefined, headers, url: from, isLocal };
    }
    if (status !== 200) {
      response.destroy();
      const message = `${hostOf(from)} answers with HTTP status ${status}.`;
      const afterMs = retryAfterMs(headers['retry-after'], clock);
      if (afterMs !== undefined) throw new ComeBackLater(message, afterMs);
      throw new NodeError('feed-status', message, { value: from });
    }
    const tooLarge = () =>
      new NodeError('feed-too-large', `${hostOf(from)} sends more than ${longest} bytes.`, { value: from });
    if (Number(headers['content-length'] ?? 0) > longest) {
      response.destroy();
      throw tooLarge();
    }
    const bytes = await new Promise<Uint8Array>((resolve, reject) => {
      const chunks: Uint8Array[] = [];
      let length = 0;
      const stop = () => {
        reject(signal.aborted ? signal.reason : slow());
        response.destroy();
      };
      until.addEventListener('abort', stop, { once: true });
      if (until.aborted) stop();
      response.read({
        data(part) {
          length += part.length;
          if (length <= longest) chunks.push(part.slice());
          else {
            reject(tooLarge());
            response.destroy();
          }
        },
        close(error) {
          until.removeEventListener('abort', stop);
          if (error === undefined) resolve(new Uint8Array(Buffer.concat(chunks)));
          else reject(error);
        },
      });
    });
    return {
      bytes: unzipped(bytes, headers['content-encoding'], longest, tooLarge),
      headers,
      url: from,
      isLocal,
    };
  } catch (error) {
    if (late.signal.aborted && !signal.aborted && !(error instanceof NodeError)) throw slow();
    throw fetchError(error, url);
  } finally {
    timer.cancel();
  }
}

/** Some send it packed to whoever did not ask for that. */
function unzipped(
  bytes: Uint8Array,
  encoding: string | undefined,
  longest: number,
  tooLarge: () => NodeError,
): Uint8Array {
  if (encoding === undefined || /^(?:identity)?$/i.test(encoding)) return bytes;
  if (!/^(?:x-)?gzip$/i.test(encoding))
    throw new NodeError(
      'feed-charset',
      `It comes packed as ${encoding.slice(0, 40)}, which was not asked for.`,
    );
  try {
    return new Uint8Array(gunzipSync(bytes, { maxOutputLength: longest }));
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge();
    throw new NodeError('feed-charset', 'It says that it is gzip, which it is not.', { cause });
  }
}

function fetchError(error: unknown, url: string): unknown {
  if (error instanceof RedirectError)
    return new NodeError(
      error.code === 'not-public' ? 'feed-not-public' : 'feed-redirect',
      `${error.message}.`,
      {
        value: url,
        cause: error,
      },
    );
  if (!(error instanceof WorldError) || error.code === 'aborted') return error;
  return new NodeError('feed-unreachable', error.message, { value: url, cause: error });
}

function retryAfterMs(text: string | undefined, clock: Clock): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? 1000 * Number(text) : Date.parse(text) - clock.wallTimeMs();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), longestRetryAfterMs) : undefined;
}

function hostOf(url: string): string {
  return URL.parse(url)?.host || 'the server';
}
