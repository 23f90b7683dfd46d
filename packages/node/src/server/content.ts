// Bytes of a file, while it comes: one range at a time (RFC 9110, 14), nothing fetched before it is read, and what nobody
// reads any more taken back. Whatever a stranger named .html is shown in a sandbox: it has our origin.

import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NodeError } from '../errors.ts';
import type { Item } from '../transfers/item.ts';
import { isMedia, typeOf } from './content-types.ts';

export interface ContentRequest {
  readonly item: Item;
  readonly file: number;
  readonly path: string;
  readonly size: number;
}

const sandbox = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

export async function sendContent(
  request: FastifyRequest,
  reply: FastifyReply,
  { item, file, path, size }: ContentRequest,
): Promise<FastifyReply> {
  const { transfer, record } = item;
  const etag = `"${record.id}-${file}"`;
  const type = typeOf(path);
  const headers: Record<string, string> = {
    'accept-ranges': 'bytes',
    'content-type': type,
    'content-disposition': `inline; filename*=UTF-8''${encodeName(path.slice(path.lastIndexOf('/') + 1))}`,
    etag,
    // What is verified stays what it is.
    'cache-control': 'private, max-age=3600',
    ...(isMedia(type) || /^image\/(?!svg)/.test(type) ? {} : { 'content-security-policy': sandbox }),
  };
  if (request.headers['if-none-match'] === etag) return reply.headers(headers).code(304).send();
  const ifRange = request.headers['if-range'];
  const asked = ifRange === undefined || ifRange === etag ? request.headers.range : undefined;
  const range = parseRange(asked, size);
  if (range === 'none')
    return reply
      .code(416)
      .header('content-range', `bytes */${size}`)
      .send({ error: { code: 'no-such-range', message: `The file has ${size} bytes.` } });
  const { start, end } = range ?? { start: 0, end: size };
  headers['content-length'] = String(end - start);
  if (range !== undefined) headers['content-range'] = `bytes ${start}-${end - 1}/${size}`;
  const status = range === undefined ? 200 : 206;
  if (request.method === 'HEAD' || end === start) {
    reply.hijack();
    reply.raw.writeHead(status, { ...plain(reply.getHeaders()), ...headers }).end();
    return reply;
  }
  if (transfer.state === 'paused' || transfer.state === 'queued' || transfer.state === 'failed')
    throw new NodeError('not-running', `The transfer is ${transfer.state}: let it go on to read its files.`);
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const reader = await transfer.openFile(file, gone.signal);
  const stream = Readable.from(reader.read({ start, end }, gone.signal), {
    objectMode: false,
    highWaterMark: 256 * 1024,
  });
  stream.once('close', () => reader.close());
  return reply.code(status).headers(headers).send(stream);
}

/** Undefined for the whole file, as for what is no range or several; `none` where it has no such bytes. */
function parseRange(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | 'none' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.replace(/\s/g, '') ?? '');
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Math.min(size, Number(last));
    return length === 0 ? 'none' : { start: size - length, end: size };
  }
  const start = Number(first);
  const end = last === '' ? size : Math.min(size, Number(last) + 1);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'none' : { start, end };
}

export function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function plain(headers: ReturnType<FastifyReply['getHeaders']>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
