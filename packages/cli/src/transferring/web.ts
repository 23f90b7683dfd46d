// What `get` is given as the address of a web page: a torrent file is read and treated as one; any other file is fetched
// the client-server way, from one or several servers, and verified by a checksum where somebody says one.

import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { requestFollowing } from '@shoal/base';
import { MetainfoError, maxTorrentLength, parseTorrent, safeName } from '@shoal/metainfo';
import type { LimitSettings, NamedSource } from '@shoal/swarm';
import { CliError } from '../exit-codes.ts';
import { formatBytes } from '../numbers.ts';
import type { Context } from '../verb.ts';
import { askChecksum, type Checksum, checksumOf } from './checksums.ts';

export function isWebAddress(item: string): boolean {
  return /^https?:\/\//i.test(item);
}

export interface WebOptions {
  readonly mirrors: readonly string[];
  readonly folder: string;
  readonly overwrite: boolean;
  readonly limits: LimitSettings;
  readonly checksum: Checksum | undefined;
}

const progressMs = 500;
const mostRedirects = 5;
/** Servers may have to read their file for its checksum: before the download, so long is waited for those that know it. */
const knownChecksumsMs = 1_500;
/** And so long after it. */
const lateChecksumsMs = 5_000;

/** Resolves to a torrent that is to be fetched, or to nothing when the file is there. */
export async function getFromWeb(
  context: Context,
  url: string,
  options: WebOptions,
): Promise<NamedSource | undefined> {
  for (const address of [url, ...options.mirrors])
    if (!isWebAddress(address) || !URL.canParse(address))
      throw new CliError('usage', `${address} is no http: or https: address.`);
  if (/\.torrent$/i.test(new URL(url).pathname)) return await readTorrent();
  async function readTorrent(): Promise<NamedSource> {
    if (options.checksum !== undefined)
      throw new CliError(
        'usage',
        `${url} is a torrent file, which has checksums of its own: leave out --checksum.`,
      );
    return await readTorrentFromWeb(context, url);
  }
  const { WebDownload, WebDownloadError, withoutPassword } = await import('@shoal/swarm/web-download');
  const { output, signal } = context;
  const world = await context.world();
  const name = nameOf(url);
  const path = join(options.folder, name);
  await world.disk.makeFolder(options.folder);
  const onFailure = (server: string, reason: string, isOut: boolean): void =>
    output.event(
      { event: 'web-seed', name, url: server, state: isOut ? 'unusable' : 'resting', reason },
      `${server}: ${reason}`,
    );
  const userAgent = `Shoal/${context.version}`;
  const stated = new StatedChecksums(options.checksum);
  const asking = new AbortController();
  for (const server of [url, ...options.mirrors])
    stated.ask(server, askChecksum(world, server, userAgent, AbortSignal.any([signal, asking.signal])));
  if (options.mirrors.length > 0) await stated.wait(knownChecksumsMs);
  const others = stated.others();
  for (const server of others) onFailure(withoutPassword(server), 'its file has another checksum', true);
  let verifiedBy: string | undefined;
  const download = new WebDownload(
    { ...world, userAgent, limits: options.limits },
    {
      urls: [url, ...options.mirrors].filter((server) => !others.includes(server)),
      path,
      overwrite: options.overwrite,
      signal,
      refusesTorrents: true,
      onFailure,
      async judge(part) {
        if (options.checksum === undefined) await stated.wait(lateChecksumsMs);
        const { checksum, by } = stated.decisive() ?? {};
        if (checksum === undefined) return undefined;
        const { algorithm, hex } = checksum;
        const is = await checksumOf(part, algorithm, signal);
        verifiedBy = `${algorithm}, ${by === undefined ? 'as it was given' : `as ${new URL(by).host} says`}`;
        if (is === hex) return undefined;
        const mixed = options.mirrors.length > 0 ? ' One of the servers may have another file.' : '';
        return `What came for ${name} has not the checksum that it should have, and is thrown away: its ${algorithm} is ${is}, and not ${hex} (${verifiedBy}).${mixed}`;
      },
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
    if (error instanceof WebDownloadError && error.code === 'is-torrent') return await readTorrent();
    throw error;
  } finally {
    clearInterval(timer);
    asking.abort();
  }
  const { bytes } = download;
  const seconds = Math.round(world.clock.nowMs() - begunMs) / 1000;
  output.event(
    { event: 'complete', path, bytes, seconds, verified: verifiedBy !== undefined },
    `${path}: complete, ${formatBytes(bytes)} in ${seconds.toFixed(1)} s. ${verifiedBy === undefined ? 'There was nothing to verify it with.' : `Verified (${verifiedBy}).`}`,
  );
  return undefined;
}

/** What is said of one file: by somebody who was told, or by the servers, in the order in which they were named. */
class StatedChecksums {
  readonly #given: Checksum | undefined;
  readonly #said = new Map<string, Checksum | undefined>();
  readonly #asked: Promise<unknown>[] = [];

  constructor(given: Checksum | undefined) {
    this.#given = given;
  }

  ask(url: string, answer: Promise<Checksum | undefined>): void {
    this.#said.set(url, undefined);
    this.#asked.push(answer.then((checksum) => this.#said.set(url, checksum)));
  }

  /** For all answers, and no longer than that. */
  async wait(ms: number): Promise<void> {
    const timer = new AbortController();
    await Promise.race([
      Promise.all(this.#asked),
      setTimeout(ms, undefined, { signal: timer.signal, ref: false }),
    ]);
    timer.abort();
  }

  decisive(): { readonly checksum: Checksum; readonly by?: string } | undefined {
    if (this.#given !== undefined) return { checksum: this.#given };
    for (const [by, checksum] of this.#said) if (checksum !== undefined) return { checksum, by };
    return undefined;
  }

  /** Servers that say they have another file; never all of them. */
  others(): string[] {
    const { checksum } = this.decisive() ?? {};
    const others = [...this.#said].flatMap(([url, said]) =>
      said !== undefined && said.algorithm === checksum?.algorithm && said.hex !== checksum.hex ? [url] : [],
    );
    return others.length === this.#said.size ? [] : others;
  }
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
