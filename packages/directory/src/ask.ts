// One question to an index over HTTP. Whatever it sends, one question costs at most `longestAnswer` and `answerTimeoutMs`.

import { type Clock, concatBytes, type Http, type HttpRequest, type HttpResponse } from '@shoal/base';
import { parseRefusal } from './answers.ts';
import { answerTimeoutMs, longestAnswer } from './bounds.ts';
import { DirectoryError } from './errors.ts';

export interface AskParts {
  readonly http: Http;
  readonly clock: Clock;
}

export interface Answer {
  readonly bytes: Uint8Array;
  /** Who answered. */
  readonly remoteAddress: string;
}

/** Rejects with a DirectoryError. */
export async function ask(
  parts: AskParts,
  request: HttpRequest,
  longest: number = longestAnswer,
): Promise<Answer> {
  const { host } = new URL(request.url);
  const deadline = new AbortController();
  const timer = parts.clock.setTimer(answerTimeoutMs, () => deadline.abort());
  const given = request.signal;
  const signal = given === undefined ? deadline.signal : AbortSignal.any([given, deadline.signal]);
  try {
    const response = await parts.http.request({ ...request, signal });
    const bytes = await readBody(response, host, longest);
    if (response.status !== 200) throw refusalOf(response, bytes, host);
    return { bytes, remoteAddress: response.remoteAddress };
  } catch (cause) {
    if (given?.aborted) throw new DirectoryError('aborted', 'The question was given up.', { cause });
    if (deadline.signal.aborted)
      throw new DirectoryError('timeout', `${host} did not answer within ${answerTimeoutMs / 1000} s.`, {
        cause,
      });
    if (cause instanceof DirectoryError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DirectoryError('unreachable', `The index ${host} cannot be reached: ${reason}`, { cause });
  } finally {
    timer.cancel();
  }
}

function refusalOf({ status, headers }: HttpResponse, bytes: Uint8Array, host: string): DirectoryError {
  const seconds = Number(headers['retry-after']);
  const retryInSeconds = Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
  const refusal = parseRefusal(bytes);
  if (refusal !== undefined) {
    const { code, message, sequence } = refusal;
    const words = `The index ${host} refused (${code}): ${message}`;
    return new DirectoryError('refused', words, { refusal: code, retryInSeconds, sequence });
  }
  const target = status >= 300 && status < 400 ? headers.location?.slice(0, 100) : undefined;
  const hint = target === undefined ? '' : ` It points to ${target}: give that address.`;
  const words = `${host} answered with HTTP status ${status}, as no index does.${hint}`;
  return new DirectoryError('http-status', words, { value: status, retryInSeconds });
}

function readBody(response: HttpResponse, host: string, longest: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    response.read({
      data(bytes) {
        length += bytes.length;
        if (length <= longest) chunks.push(bytes.slice());
        else {
          const words = `${host} answered with more than ${longest} bytes.`;
          reject(new DirectoryError('too-large', words));
          response.destroy();
        }
      },
      close(error) {
        if (error !== undefined) reject(error);
        else resolve(concatBytes(...chunks));
      },
    });
  });
}
