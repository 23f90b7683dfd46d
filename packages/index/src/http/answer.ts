// The head of an answer, and the answers that need no handler.

import type { RequestHead } from './head.ts';
import { type BodyStream, errorResponse, type IndexResponse } from './routes.ts';
import { reasonOf } from './status.ts';

export interface AnswerFrame {
  readonly date: string;
  readonly to: RequestHead;
  /** The connection is closed after it. */
  readonly isLast: boolean;
}

/** A body without a length is chunked; HTTP/1.0 has no chunks, so that there the end of the connection ends it. */
export function answerHead(
  { status, headers }: IndexResponse,
  body: Uint8Array | BodyStream | undefined,
  { date, to, isLast }: AnswerFrame,
): string {
  const length = body === undefined ? 0 : body.length;
  let text = `HTTP/1.1 ${status} ${reasonOf(status)}\r\nDate: ${date}\r\n`;
  if (headers !== undefined) for (const name in headers) text += `${name}: ${clean(headers[name] ?? '')}\r\n`;
  if (length === undefined) {
    if (to.minorVersion > 0) text += 'Transfer-Encoding: chunked\r\n';
  } else if (status !== 204 && status !== 304) text += `Content-Length: ${length}\r\n`;
  if (isLast) return `${text}Connection: close\r\n\r\n`;
  return to.minorVersion === 0 ? `${text}Connection: keep-alive\r\n\r\n` : `${text}\r\n`;
}

export const notFound = errorResponse(404, 'not-found', 'There is nothing of this name here.');

export function otherMethod(allowed: readonly string[]): IndexResponse {
  const { body = '' } = errorResponse(405, 'invalid', `This takes ${allowed.join(', ')}.`);
  const all = allowed.includes('GET') ? [...allowed, 'HEAD'] : allowed;
  return { status: 405, headers: { 'Content-Type': 'application/json', Allow: all.join(', ') }, body };
}

export function isStream(body: IndexResponse['body']): body is BodyStream {
  return typeof body === 'object' && !(body instanceof Uint8Array);
}

/** A header's value ends where its line ends. */
function clean(value: string): string {
  return /[^\t\x20-\x7e]/.test(value) ? value.replaceAll(/[^\t\x20-\x7e]/g, '?') : value;
}
