// The store as a web seed (BEP 19): `/files/HASH/NAME` for one file, `/files/HASH/NAME/PATH…` for several. Invariants: a
// path is looked up among those of the torrent and never on the disk, and only verified bytes are sent.

import type { RangeReader, Transfer } from '@shoal/swarm';
import type { BodyStream, IndexRequest, IndexResponse, Route } from '../http/routes.ts';
import { errorResponse } from '../http/routes.ts';
import { networkOf } from '../network.ts';
import { maxSending, maxSendingToNetwork, retryAfterSeconds } from './bounds.ts';
import { partOf } from './ranges.ts';

export interface FileRoutesOptions {
  /** Undefined for what the store does not keep. */
  transferOf(infoHash: string): Transfer | undefined;
  readonly isLimited: boolean;
  /** Told of each byte that goes out. */
  sent(bytes: number): void;
}

export function fileRoutes(options: FileRoutesOptions): Route[] {
  const sendingTo = new Map<string, number>();
  let sending = 0;

  async function serve(request: IndexRequest): Promise<IndexResponse> {
    const { params, head, signal } = request;
    const transfer = options.transferOf(params.infoHash?.toLowerCase().slice(0, 40) ?? '');
    const { torrent } = transfer ?? {};
    const file = torrent?.layout.files.findIndex(
      ({ path, isPad }) =>
        !isPad && [torrent.folder, ...path].filter((name) => name !== undefined).join('/') === params.path,
    );
    const length = file === undefined ? undefined : torrent?.layout.files[file]?.length;
    if (transfer === undefined || file === undefined || length === undefined)
      return errorResponse(404, 'not-found', 'This is not in the store.');
    if (!transfer.isComplete) return notNow('The store does not have all of this yet.');
    const tag = `"${params.infoHash?.toLowerCase().slice(0, 40)}-${file}"`;
    const headers = headersOf(tag);
    if (matches(head.header('if-none-match'), tag)) return { status: 304, headers };
    const ifRange = head.header('if-range');
    const part =
      ifRange === undefined || ifRange === tag
        ? partOf(head.header('range'), length)
        : ({ kind: 'whole' } as const);
    if (part.kind === 'outside')
      return { status: 416, headers: { ...headers, 'Content-Range': `bytes */${length}` }, body: '' };
    const { start, end } = part.kind === 'part' ? part : { start: 0, end: length };
    const ranged = part.kind === 'part' && { 'Content-Range': `bytes ${start}-${end - 1}/${length}` };
    const status = part.kind === 'part' ? 206 : 200;
    if (head.method === 'HEAD' || start === end)
      return { status, headers: { ...headers, ...ranged }, body: { length: end - start, chunks: nothing() } };
    const network = networkOf(request.remote.address);
    const ofNetwork = sendingTo.get(network) ?? 0;
    if (options.isLimited && (sending >= maxSending || ofNetwork >= maxSendingToNetwork))
      return notNow('Too much is being sent at the moment.');
    const leave = enter(network);
    let reader: RangeReader;
    try {
      reader = await transfer.openFile(file, signal);
    } catch {
      leave();
      return notNow('The store cannot read this at the moment.');
    }
    // Whoever is gone before the first chunk is asked for never asks for one.
    signal.addEventListener('abort', leave, { once: true });
    const body: BodyStream = { length: end - start, chunks: chunksOf(reader, start, end, signal, leave) };
    return { status, headers: { ...headers, ...ranged }, body };
  }

  function enter(network: string): () => void {
    sending++;
    sendingTo.set(network, (sendingTo.get(network) ?? 0) + 1);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      sending--;
      const left = (sendingTo.get(network) ?? 1) - 1;
      if (left === 0) sendingTo.delete(network);
      else sendingTo.set(network, left);
    };
  }

  async function* chunksOf(
    reader: RangeReader,
    start: number,
    end: number,
    signal: AbortSignal,
    leave: () => void,
  ): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of reader.read({ start, end }, signal)) {
        options.sent(chunk.length);
        yield chunk;
      }
    } finally {
      reader.close();
      leave();
    }
  }

  return [{ method: 'GET', path: '/files/:infoHash/*path', handle: serve }];
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** What others made is data here, whatever it says that it is: a page in it may not act in the name of the index. */
function headersOf(tag: string): Record<string, string> {
  return {
    'Content-Type': 'application/octet-stream',
    'Accept-Ranges': 'bytes',
    ETag: tag,
    'Cache-Control': 'public, max-age=31536000, immutable',
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; sandbox",
  };
}

function matches(header: string | undefined, tag: string): boolean {
  return (
    header?.split(',').some((one) => one.trim().replace(/^W\//, '') === tag || one.trim() === '*') === true
  );
}

function notNow(message: string): IndexResponse {
  const { headers, ...response } = errorResponse(503, 'unavailable', message);
  return { ...response, headers: { ...headers, 'Retry-After': String(retryAfterSeconds) } };
}
