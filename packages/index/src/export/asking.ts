// Questions to another index over HTTP, bounded in bytes and in silence.

import {
  type Clock,
  concatBytes,
  type DiskFile,
  type Http,
  type HttpResponse,
  WorldError,
} from '@shoal/base';
import { IndexError } from '../errors.ts';
import { maxUnwrittenBytes, silenceMs } from './bounds.ts';

export interface AskingParts {
  readonly http: Http;
  readonly clock: Clock;
}

/** Undefined where there is nothing of this name (404). */
export async function askBytes(
  parts: AskingParts,
  url: string,
  longest: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  const isThere = await receive(parts, url, longest, signal, (bytes) => void chunks.push(bytes));
  return isThere ? concatBytes(...chunks) : undefined;
}

/** The whole of it into a file; false where there is nothing of this name. */
export async function askFile(
  parts: AskingParts,
  { url, longest, file }: { readonly url: string; readonly longest: number; readonly file: DiskFile },
  signal: AbortSignal,
): Promise<boolean> {
  let position = 0;
  let unwritten = 0;
  let writing = Promise.resolve();
  let failure: unknown;
  let isThere = false;
  try {
    isThere = await receive(parts, url, longest, signal, (bytes, response) => {
      const at = position;
      position += bytes.length;
      unwritten += bytes.length;
      if (unwritten > maxUnwrittenBytes) response.pause();
      writing = writing
        .then(() => file.write([bytes], at))
        .catch((error: unknown) => {
          failure ??= error;
          response.destroy();
        })
        .then(() => {
          unwritten -= bytes.length;
          if (unwritten <= maxUnwrittenBytes) response.resume();
        });
    });
  } finally {
    await writing;
  }
  if (failure !== undefined) throw failure;
  return isThere;
}

async function receive(
  { http, clock }: AskingParts,
  url: string,
  longest: number,
  given: AbortSignal,
  take: (bytes: Uint8Array, response: HttpResponse) => void,
): Promise<boolean> {
  const silence = new AbortController();
  let timer = clock.setTimer(silenceMs, () => silence.abort());
  const signal = AbortSignal.any([given, silence.signal]);
  try {
    const response = await http.request({ url, signal, headers: { accept: '*/*' } });
    let length = 0;
    await new Promise<void>((resolve, reject) => {
      response.read({
        data(bytes) {
          timer.cancel();
          timer = clock.setTimer(silenceMs, () => silence.abort());
          length += bytes.length;
          if (length <= longest) take(bytes.slice(), response);
          else {
            reject(new IndexError('too-large', `${url} answers with more than ${longest} bytes.`));
            response.destroy();
          }
        },
        close: (error) => (error === undefined ? resolve() : reject(error)),
      });
    });
    if (response.status === 404) return false;
    if (response.status !== 200)
      throw new IndexError('unavailable', `${url} answers with HTTP status ${response.status}.`);
    return true;
  } catch (cause) {
    if (cause instanceof IndexError) throw cause;
    const reason = cause instanceof WorldError || cause instanceof Error ? cause.message : String(cause);
    throw new IndexError('unavailable', `${url} cannot be read: ${reason}`, { cause });
  } finally {
    timer.cancel();
  }
}
