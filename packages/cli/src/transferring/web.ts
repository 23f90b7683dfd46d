// What `get` is given as the address of a web page: a torrent file is read and treated as one; any other file is fetched
// the client-server way, from one or several servers, and verified by nothing.

import { basename, join } from 'node:path';
import { requestFollowing } from '@shoal/base';
import { MetainfoError, maxTorrentLength, parseTorrent, safeName } from '@shoal/metainfo';
import type { LimitSettings, NamedSource } from '@shoal/swarm';
import { CliError } from '../exit-codes.ts';
import { formatBytes } from '../numbers.ts';
import type { Context } from '../verb.ts';

export function isWebAddress(item: string): boolean {
  return /^https?:\/\//i.test(item);
}

export interface WebOptions {
  readonly mirrors: readonly string[];
  readonly folder: string;
  readonly overwrite: boolean;
  readonly limits: LimitSettings;
}

const progressMs = 500;
const mostRedirects = 5;

/** Resolves to a torrent that is to be fetched, or to nothing when the file is there. */
export async function getFromWeb(
  context: Context,
  url: string,
  options: WebOptions,
): Promise<NamedSource | undefined> {
  for (const address of [url, ...options.mirrors])
    if (!isWebAddress(address) || !URL.canParse(address))
      throw new CliError('usage', `${address} is no http: or https: address.`);
  if (/\.torrent$/i.test(new URL(url).pathname)) return readTorrentFromWeb(context, url);
  const { WebDownload, WebDownloadError } = await import('@shoal/swarm/web-download');
  const { output, signal } = context;
  const world = await context.world();
  const name = nameOf(url);
  const path = join(options.folder, name);
  await world.disk.makeFolder(options.folder);
  const download = new WebDownload(
    { ...world, userAgent: `Shoal/${context.version}`, limits: options.limits },
    {
      urls: [url, ...options.mirrors],
      path,
      overwrite: options.overwrite,
      signal,
      refusesTorrents: true,
      onFailure: (server, reason, isOut) =>
        output.event(
          { event: 'web-seed', name, url: server, state: isOut ? 'unusable' : 'resting', reason },
          `${server}: ${reason}`,
        ),
    },
  );
  const begunMs = world.clock.nowMs();
  const timer = setInterval(() => {
    const { bytes, length: total } = download;
    const rate = Math.round(download.rate.bytesPerSecond);
    if (output.json) output.event({ event: 'progress', name, bytes, total: total ?? 0, rate, peers: 0 });
    const share = total === undefined ? '' : ` of ${formatBytes(total)}`;
    output.progress(`${name}: ${formatBytes(bytes)}${share}, ${formatBytes(rate)}/s`);
  }, progressMs);
  try {
    await download.run();
  } catch (error) {
    if (error instanceof WebDownloadError && error.code === 'is-torrent')
      return await readTorrentFromWeb(context, url);
    throw error;
  } finally {
    clearInterval(timer);
  }
  const { bytes } = download;
  const seconds = Math.round(world.clock.nowMs() - begunMs) / 1000;
  output.event(
    { event: 'complete', path, bytes, seconds, verified: false },
    `${path}: complete, ${formatBytes(bytes)} in ${seconds.toFixed(1)} s. There was nothing to verify it with.`,
  );
  return undefined;
}

/** The last name of the address, as a file may be called. */
function nameOf(url: string): string {
  const { pathname, hostname } = new URL(url);
  const last = basename(pathname);
  try {
    return safeName(decodeURIComponent(last) || hostname);
  } catch {
    return safeName(last);
  }
}

async function readTorrentFromWeb(context: Context, url: string): Promise<NamedSource> {
  const { http, hashing } = await context.world();
  const headers = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': `Shoal/${context.version}` };
  const { response } = await requestFollowing(
    http,
    { url, headers, signal: context.signal },
    { mostRedirects, localReach: 'own-host' },
  );
  if (response.status !== 200) {
    response.destroy();
    const code = response.status === 404 || response.status === 410 ? 'not-found' : 'failed';
    throw new CliError(code, `${url} cannot be had: HTTP status ${response.status}.`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  await new Promise<void>((resolve, reject) => {
    response.read({
      data(bytes) {
        length += bytes.length;
        if (length <= maxTorrentLength) chunks.push(bytes.slice());
        else {
          reject(new MetainfoError('too-large', `${url} has too many bytes for a torrent file.`));
          response.destroy();
        }
      },
      close: (error) => (error === undefined ? resolve() : reject(error)),
    });
  });
  const torrent = parseTorrent(new Uint8Array(Buffer.concat(chunks)), (name, bytes) =>
    hashing.digest(name, bytes),
  );
  return { kind: 'torrent', torrent };
}
