// Answers that a client may have already (RFC 9110, 13): 304 instead of the same bytes again.

import { type Hashing, toHex, toUtf8 } from '@shoal/base';
import type { IndexRequest, IndexResponse } from './routes.ts';

export interface Dated {
  readonly status: 200;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** When what is in it last changed, where that is known. */
  readonly changedMs?: number | undefined;
}

/** If-None-Match says more than a date, and alone counts where there are both. */
export function conditional(
  { head }: IndexRequest,
  { status, headers, body, changedMs }: Dated,
  hashing: Pick<Hashing, 'digest'>,
): IndexResponse {
  const bytes = typeof body === 'string' ? toUtf8(body) : body;
  const tag = `"${toHex(hashing.digest('sha256', bytes).subarray(0, 16))}"`;
  const dates = changedMs === undefined ? {} : { 'Last-Modified': new Date(changedMs).toUTCString() };
  const tagged = { ETag: tag, ...dates };
  const wanted = head.header('if-none-match');
  const since = Date.parse(head.header('if-modified-since') ?? '');
  const isKnown =
    wanted === undefined
      ? changedMs !== undefined && Math.floor(changedMs / 1000) * 1000 <= since
      : wanted.split(',').some((one) => ['*', tag].includes(one.trim().replace(/^W\//, '')));
  if (!isKnown) return { status, headers: { ...headers, ...tagged }, body: bytes };
  const { 'Content-Type': _, ...same } = headers;
  return { status: 304, headers: { ...same, ...tagged } };
}
