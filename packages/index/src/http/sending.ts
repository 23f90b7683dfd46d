// A body as it comes, never faster than it is taken: with its length told before, or in chunks where nobody knows it.

import type { Stream } from '@shoal/base';
import { IndexError } from '../errors.ts';
import type { RequestHead } from './head.ts';
import type { Outbox } from './outbox.ts';
import type { BodyStream } from './routes.ts';

export interface Way {
  readonly stream: Stream;
  readonly outbox: Outbox;
  readonly isClosed: () => boolean;
  /** Another part is on its way. */
  readonly goesOn: () => void;
}

/** Throws IndexError `damaged` for a body that is not as long as it said. */
export async function sendBody(
  { stream, outbox, isClosed, goesOn }: Way,
  { method, minorVersion }: RequestHead,
  body: BodyStream,
): Promise<void> {
  const isChunked = body.length === undefined && minorVersion > 0;
  if (method === 'HEAD') {
    await letGo(body);
    return;
  }
  let left = body.length ?? Number.POSITIVE_INFINITY;
  outbox.flush(stream);
  for await (const chunk of body.chunks) {
    if (isClosed()) return;
    if (chunk.length === 0) continue;
    left -= chunk.length;
    if (left < 0) throw new IndexError('damaged', 'A body was longer than it said.');
    goesOn();
    if (isChunked) {
      outbox.text(stream, `${chunk.length.toString(16)}\r\n`);
      outbox.flush(stream);
    }
    const isTaken = new Promise<void>((resolve) => stream.write(chunk, resolve));
    if (isChunked) {
      outbox.text(stream, '\r\n');
      outbox.flush(stream);
    }
    await isTaken;
    if (isClosed()) return;
  }
  if (isChunked) outbox.text(stream, '0\r\n\r\n');
  else if (left > 0 && left !== Number.POSITIVE_INFINITY)
    throw new IndexError('damaged', 'A body was shorter than it said.');
}

/** Nobody takes it: whatever it holds is freed. */
export async function letGo(body: BodyStream): Promise<void> {
  await body.chunks[Symbol.asyncIterator]().return?.();
}
