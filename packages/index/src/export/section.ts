// The export over HTTP: the torrent with this index as its tracker and web seed, the signed manifest, and both files of
// the torrent with ranges (BEP 19), for any BitTorrent client and for indexes that follow.

import type { Timer } from '@shoal/base';
import { encodeTorrent } from '@shoal/metainfo';
import { every } from '../every.ts';
import { Origins } from '../http/origin.ts';
import {
  errorResponse,
  type IndexRequest,
  type IndexResponse,
  jsonResponse,
  type Route,
} from '../http/routes.ts';
import type { Section } from '../section.ts';
import { partOf } from '../store/ranges.ts';
import { isOperator, requireOperator } from '../tracker/section.ts';
import { chunkBytes, maxTakers } from './bounds.ts';
import { type Exported, type ExportParts, findExport, makeExport, removeExport } from './exporting.ts';

export interface ExportOptions extends ExportParts {
  readonly operatorToken: string | undefined;
  /** "/announce"; undefined where that needs a key. */
  readonly announcePath: string | undefined;
  /** How often an export is made, where something changed. 0: only when the operator asks. */
  readonly everyMs: number;
  readonly proxies?: readonly string[];
  readonly failed: (error: unknown) => void;
}

/** The first export waits for the start to be over. */
const firstAfterMs = 1_000;

export async function openExport(options: ExportOptions): Promise<Section> {
  const { clock, disk, catalogue, operatorToken, announcePath, everyMs, failed } = options;
  const origins = new Origins(options.proxies ?? []);
  let current: Exported | undefined = await findExport(options);
  let making: Promise<void> | undefined;
  const stop = new AbortController();
  let takers = 0;
  let first: Timer | undefined;

  /** One at a time; who asks meanwhile waits for the one that is made. */
  function make(): Promise<void> {
    making ??= makeOne().finally(() => {
      making = undefined;
    });
    return making;
  }

  async function makeOne(): Promise<void> {
    const { revision } = await catalogue.totals();
    if (revision === current?.manifest.revision) return;
    const before = current;
    current = (await makeExport(options, stop.signal)) ?? before;
    // Who takes the one before finds it gone in the middle, and begins again with the new one.
    if (before !== undefined && current !== before) await removeExport(disk, before.folder);
  }

  const background = (): void =>
    void make().catch((error: unknown) => {
      if (!stop.signal.aborted) failed(error);
    });
  const timers = everyMs === 0 ? [] : [every(clock, everyMs, background)];
  const isOld = current === undefined || clock.wallTimeMs() - current.manifest.madeAtMs > everyMs;
  if (everyMs > 0 && isOld) first = clock.setTimer(firstAfterMs, background);

  const headers = { 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': "default-src 'none'" };

  function torrentFile(request: IndexRequest): IndexResponse {
    if (current === undefined) return noExport;
    const origin = origins.of(request);
    const { torrent } = current;
    const trackers = announcePath === undefined ? [] : [[origin + announcePath]];
    const body = encodeTorrent({ ...torrent, trackers, webSeeds: [`${origin}/export/files/`] });
    return {
      status: 200,
      headers: {
        ...headers,
        'Content-Type': 'application/x-bittorrent',
        'Content-Disposition': `attachment; filename="${torrent.name}.torrent"`,
      },
      body,
    };
  }

  async function file(request: IndexRequest): Promise<IndexResponse> {
    const { name = '', folder: wanted } = request.params;
    if (current === undefined || wanted !== current.torrent.name || !['manifest', 'records'].includes(name))
      return noExport;
    if (takers >= maxTakers)
      return errorResponse(503, 'unavailable', 'Too many take the export at the moment.');
    const opened = await disk.open(`${current.folder}/${name}`);
    const { length } = await opened.stat();
    const part = partOf(request.head.header('range'), length);
    const { start, end } =
      part.kind === 'part' ? part : { start: 0, end: part.kind === 'whole' ? length : 0 };
    const ofFile = { ...headers, 'Content-Type': 'application/octet-stream', 'Accept-Ranges': 'bytes' };
    if (part.kind === 'outside' || request.head.method === 'HEAD') {
      await opened.close();
      if (part.kind !== 'outside')
        return { status: 200, headers: ofFile, body: { length, chunks: nothing() } };
      return { status: 416, headers: { ...ofFile, 'Content-Range': `bytes */${length}` }, body: '' };
    }
    takers++;
    let isOpen = true;
    const leave = (): void => {
      if (!isOpen) return;
      isOpen = false;
      takers--;
      void opened.close().catch(failed);
    };
    request.signal.addEventListener('abort', leave, { once: true });
    async function* chunks(): AsyncGenerator<Uint8Array> {
      try {
        for (let at = start; at < end && isOpen; ) {
          const chunk = new Uint8Array(Math.min(chunkBytes, end - at));
          const read = await opened.read([chunk], at);
          if (read === 0) return;
          at += read;
          yield chunk.subarray(0, read);
        }
      } finally {
        leave();
      }
    }
    const ranged = part.kind === 'part' && { 'Content-Range': `bytes ${start}-${end - 1}/${length}` };
    return {
      status: part.kind === 'part' ? 206 : 200,
      headers: { ...ofFile, ...ranged },
      body: { length: end - start, chunks: chunks() },
    };
  }

  const routes: Route[] = [
    {
      method: 'GET',
      path: '/export',
      handle() {
        if (current === undefined) return noExport;
        const { manifest, infoHash, torrent } = current;
        return jsonResponse({
          key: manifest.key,
          revision: manifest.revision,
          records: manifest.count,
          bytes: manifest.length,
          made: new Date(manifest.madeAtMs).toISOString(),
          infoHash,
          name: torrent.name,
          torrent: '/export/catalogue.torrent',
          manifest: `/export/files/${torrent.name}/manifest`,
          files: `/export/files/${torrent.name}/records`,
        });
      },
    },
    { method: 'GET', path: '/export/catalogue.torrent', handle: torrentFile },
    { method: 'GET', path: '/export/files/:folder/:name', handle: file },
    {
      method: 'POST',
      path: '/export',
      admits: (head) => isOperator(head, operatorToken),
      async handle(request) {
        requireOperator(request, operatorToken);
        await make();
        if (current === undefined) return noExport;
        const { revision, count, length } = current.manifest;
        return jsonResponse({ revision, records: count, bytes: length, infoHash: current.infoHash });
      },
    },
  ];
  return {
    routes,
    metrics: () => [
      {
        name: 'export_revision',
        help: 'Up to which revision of the catalogue the export goes.',
        kind: 'gauge',
        values: [{ value: current?.manifest.revision ?? 0 }],
      },
    ],
    async close() {
      stop.abort();
      first?.cancel();
      for (const timer of timers) timer.cancel();
      await making?.catch(() => {});
    },
  };
}

const noExport = errorResponse(404, 'not-found', 'This index has made no export of its catalogue yet.');

async function* nothing(): AsyncGenerator<Uint8Array> {}
