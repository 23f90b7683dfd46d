// A tracker over HTTP or HTTPS. Whatever it sends, one question costs at most `maxAnswerBytes` and `answerTimeoutMs`.
// A tracker on the public internet may not redirect us to our own machine or network.

import { type Clock, type Http, type HttpResponse, RedirectError, requestFollowing } from '@shoal/base';
import { answerTimeoutMs, maxAnswerBytes, maxRedirects } from './bounds.ts';
import { TrackerError } from './errors.ts';

export interface HttpParts {
  readonly http: Http;
  readonly clock: Clock;
}

export interface HttpAnswer {
  readonly bytes: Uint8Array;
  /** Who answered in the end. */
  readonly remoteAddress: string;
}

export interface HttpAsking {
  readonly signal?: AbortSignal | undefined;
  readonly allowAddress?: (address: string) => boolean;
  readonly trusted?: readonly string[];
  readonly userAgent: string;
}

export async function askOverHttp(parts: HttpParts, url: string, asking: HttpAsking): Promise<HttpAnswer> {
  const deadline = new AbortController();
  const timer = parts.clock.setTimer(answerTimeoutMs, () => deadline.abort());
  const signal =
    asking.signal === undefined ? deadline.signal : AbortSignal.any([asking.signal, deadline.signal]);
  try {
    return await follow(parts.http, url, { ...asking, signal });
  } catch (error) {
    if (asking.signal?.aborted)
      throw new TrackerError('aborted', 'The question was given up.', { cause: error });
    if (deadline.signal.aborted) {
      throw new TrackerError('timeout', `${hostOf(url)} did not answer within ${answerTimeoutMs / 1000} s.`, {
        cause: error,
      });
    }
    if (error instanceof TrackerError) throw error;
    if (error instanceof RedirectError)
      throw new TrackerError('redirect', `${error.message}.`, { value: error.value, cause: error });
    const reason = error instanceof Error ? error.message : String(error);
    throw new TrackerError('unreachable', `${hostOf(url)} cannot be reached: ${reason}`, { cause: error });
  } finally {
    timer.cancel();
  }
}

async function follow(
  http: Http,
  firstUrl: string,
  asking: HttpAsking & { signal: AbortSignal },
): Promise<HttpAnswer> {
  const { allowAddress, trusted, signal } = asking;
  const { response } = await requestFollowing(
    http,
    {
      url: firstUrl,
      signal,
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': asking.userAgent },
      ...(allowAddress === undefined ? {} : { allowAddress }),
      ...(trusted === undefined ? {} : { trusted }),
    },
    { mostRedirects: maxRedirects, localReach: 'anywhere' },
  );
  const bytes = await readBody(response, firstUrl);
  // Trackers say "failure reason" with status 400 or 403 too: what is bencode is an answer.
  if (response.status !== 200 && bytes[0] !== letterD) {
    throw new TrackerError(
      'http-status',
      `${hostOf(firstUrl)} answered with HTTP status ${response.status}.`,
      {
        value: response.status,
        retryInSeconds: retryAfter(response),
      },
    );
  }
  return { bytes, remoteAddress: response.remoteAddress };
}

const letterD = 0x64;

function retryAfter(response: HttpResponse): number | undefined {
  const seconds = Number(response.headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}

function readBody(response: HttpResponse, url: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    let isOver = false;
    const end = (finish: () => void) => {
      if (isOver) return;
      isOver = true;
      finish();
    };
    response.read({
      data(bytes) {
        if (isOver) return;
        length += bytes.length;
        if (length <= maxAnswerBytes) {
          chunks.push(bytes.slice());
          return;
        }
        end(() =>
          reject(
            new TrackerError('too-large', `${hostOf(url)} answered with more than ${maxAnswerBytes} bytes.`),
          ),
        );
        response.destroy();
      },
      close(error) {
        end(() => {
          if (error !== undefined) reject(error);
          else resolve(joined(chunks, length));
        });
      },
    });
  });
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? 'the tracker';
}
