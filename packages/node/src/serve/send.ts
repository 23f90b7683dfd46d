// A file as the body of a response: in long reads, two of them taken in turns, so that the disk and the socket work at
// the same time; text compressed where the client takes it.

import { open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';
import { typeOf } from '../server/content-types.ts';
import { longestCompressed, shortestCompressed } from './bounds.ts';
import type { Place } from './paths.ts';
import { rangeOf } from './ranges.ts';
import type { Uplink } from './uplink.ts';

export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  place: Place,
  uplink: Uplink,
): Promise<void> {
  const { headers } = request;
  const type = typeOf(place.path);
  const modified = new Date(Math.floor(place.modifiedMs / 1000) * 1000).toUTCString();
  const encoding = encodingFor(headers['accept-encoding'], type, place.length);
  // What is compressed is another thing to caches.
  const tag = encoding === undefined ? place.tag : place.tag.replace(/"$/, `-${encoding}"`);
  response.setHeaders(
    new Map([
      ['content-type', type],
      ['last-modified', modified],
      ['etag', tag],
      ['accept-ranges', 'bytes'],
      ['x-content-type-options', 'nosniff'],
      // A page that somebody uploaded does nothing in the name of this server.
      ['content-security-policy', "default-src 'self' data: blob:; script-src 'none'; sandbox"],
      ...(isCompressible(type) ? [['vary', 'accept-encoding'] as const] : []),
    ]),
  );
  if (isUnchanged(headers, tag, place.modifiedMs)) {
    response.writeHead(304).end();
    return;
  }
  const ifRange = headers['if-range'];
  const isSame = ifRange === undefined || ifRange === place.tag || ifRange === modified;
  const range = isSame && encoding === undefined ? rangeOf(headers.range, place.length) : 'whole';
  if (range === 'none') {
    response.writeHead(416, { 'content-range': `bytes */${place.length}` }).end();
    return;
  }
  const { first, last } = range === 'whole' ? { first: 0, last: place.length - 1 } : range;
  if (range !== 'whole') response.setHeader('content-range', `bytes ${first}-${last}/${place.length}`);
  if (encoding === undefined) response.setHeader('content-length', last - first + 1);
  else response.setHeader('content-encoding', encoding);
  response.writeHead(range === 'whole' ? 200 : 206);
  if (request.method === 'HEAD') response.end();
  else if (encoding === undefined) await sendBytes(response, place.path, first, last + 1, uplink);
  else await sendCompressed(response, place.path, encoding, uplink);
}

async function sendBytes(
  response: ServerResponse,
  path: string,
  from: number,
  to: number,
  uplink: Uplink,
): Promise<void> {
  const file = await open(path);
  try {
    const buffers = [0, 1].map(() =>
      Buffer.allocUnsafeSlow(Math.min(uplink.chunkLength, Math.max(1, to - from))),
    );
    let isFirst = true;
    let written: Promise<void> = Promise.resolve();
    for (let at = from; at < to; ) {
      const buffer = buffers[isFirst ? 0 : 1] ?? Buffer.alloc(0);
      isFirst = !isFirst;
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, to - at), at);
      await written;
      // It became shorter: the client sees that something is missing.
      if (bytesRead === 0 || response.destroyed) {
        response.destroy();
        return;
      }
      at += bytesRead;
      await uplink.take(bytesRead);
      written = write(response, buffer.subarray(0, bytesRead));
      written.catch(() => {});
    }
    await written;
    response.end();
  } finally {
    await file.close();
  }
}

/** Resolves when the system has it, and the buffer may be filled again. */
function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

type Encoding = 'br' | 'gzip';

async function sendCompressed(
  response: ServerResponse,
  path: string,
  encoding: Encoding,
  uplink: Uplink,
): Promise<void> {
  const file = await open(path);
  // The level that is worth its time where each request pays for it.
  const packer =
    encoding === 'br'
      ? createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })
      : createGzip({ level: 5 });
  async function* paced(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const bytes of packed) {
      await uplink.take(bytes.length);
      yield bytes;
    }
  }
  await pipeline(file.createReadStream(), packer, paced, response);
}

function encodingFor(accepted: string | undefined, type: string, length: number): Encoding | undefined {
  if (!isCompressible(type) || length < shortestCompressed || length > longestCompressed) return undefined;
  const takes = (name: string) =>
    new RegExp(
      `(?:^|[,\\s])${name}\\s*(?:;\\s*q\\s*=\\s*(?!0(?:\\.0*)?\\s*(?:,|$))[\\d.]+\\s*)?(?:,|$)`,
      'i',
    ).test((accepted ?? '').slice(0, 1000));
  return takes('br') ? 'br' : takes('gzip') ? 'gzip' : undefined;
}

function isCompressible(type: string): boolean {
  return /^text\/|json|javascript|xml|mpegurl/.test(type);
}

function isUnchanged(headers: IncomingMessage['headers'], tag: string, modifiedMs: number): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined)
    return tags.split(',').some((one) => ['*', tag].includes(one.trim().replace(/^W\//, '')));
  const since = Date.parse(headers['if-modified-since'] ?? '');
  return Math.floor(modifiedMs / 1000) * 1000 <= since;
}
