// One tracker by its URL, asked over every address family that its name resolves to; answers are merged.
// Peers that a public tracker has no business naming (addresses that the internet does not have) are dropped; what a
// tracker on some inner network names may be in any.

import { type Endpoint, type IpFamily, ipScope, ipToBytes, type Names, toHex, WorldError } from '@shoal/base';
import { AnnounceGate } from './announce-gate.ts';
import { maxScrapeHashes } from './bounds.ts';
import { announceUrl, parseAnnounceAnswer } from './codec/http-announce.ts';
import { parseScrapeAnswer, scrapeUrl } from './codec/http-scrape.ts';
import type { AnnounceAnswer, AnnounceRequest, ScrapeEntry } from './codec/types.ts';
import { TrackerError } from './errors.ts';
import { askOverHttp, type HttpParts } from './http-client.ts';
import { type UdpParts, UdpTrackers } from './udp-client.ts';

export interface TrackerParts extends HttpParts, UdpParts {
  readonly names: Names;
}

export interface TrackerOptions {
  /** Sent to HTTP trackers. */
  readonly userAgent?: string;
  /** PEM certificates to trust beside the system's. */
  readonly trusted?: readonly string[];
}

export interface Trackers {
  /** Rejects with a TrackerError when no family got an answer. */
  announce(url: string, request: AnnounceRequest, signal?: AbortSignal): Promise<AnnounceAnswer>;
  /** Entries by hex info hash; what the tracker does not know is missing. Rejects with a TrackerError. */
  scrape(
    url: string,
    infoHashes: readonly Uint8Array[],
    signal?: AbortSignal,
  ): Promise<Map<string, ScrapeEntry>>;
  close(): Promise<void>;
}

/** Hosts that a tracker named in place of addresses and that we look up for one answer. */
const maxNamesLookedUp = 20;

export function createTrackers(parts: TrackerParts, options: TrackerOptions = {}): Trackers {
  const udp = new UdpTrackers(parts);
  const gate = new AnnounceGate();
  const asking = {
    userAgent: options.userAgent ?? 'Shoal',
    ...(options.trusted === undefined ? {} : { trusted: options.trusted }),
  };

  async function announceOver(
    family: IpFamily,
    address: string,
    url: URL,
    request: AnnounceRequest,
    signal?: AbortSignal,
  ) {
    if (url.protocol === 'udp:') {
      const urlData = url.pathname + url.search;
      const to = { address, port: portOf(url) };
      const asked = await udp.ask(
        'announce',
        to,
        family,
        (transaction, connectionId) => ({ kind: 'announce', transaction, connectionId, request, urlData }),
        signal,
      );
      return cleaned(asked.answer, address, request.port);
    }
    const allowAddress = (candidate: string) => familyOf(candidate) === family;
    const { bytes, remoteAddress } = await askOverHttp(parts, announceUrl(url.href, request), {
      ...asking,
      signal,
      allowAddress,
    });
    return cleaned(parseAnnounceAnswer(bytes), remoteAddress, request.port);
  }

  async function cleaned(
    answer: AnnounceAnswer,
    trackerAddress: string,
    ownPort: number,
  ): Promise<AnnounceAnswer> {
    const isPublic = ipScope(trackerAddress) === 'public';
    const peers: Endpoint[] = [];
    let namesLeft = maxNamesLookedUp;
    for (const peer of answer.peers) {
      let { address } = peer;
      if (ipScope(address) === undefined) {
        if (namesLeft-- <= 0) continue;
        const [found] = await parts.names.resolve(address).catch(() => []);
        if (found === undefined) continue;
        address = found;
      }
      const scope = ipScope(address);
      if (scope === undefined || (isPublic && scope !== 'public')) continue;
      if (address === answer.externalAddress && peer.port === ownPort) continue;
      peers.push({ address, port: peer.port });
    }
    return { ...answer, peers };
  }

  return {
    async announce(text, request, signal) {
      const url = parseTrackerUrl(text);
      const wantsPeers = request.left !== 0 || request.event === 'stopped';
      return gate.run(url.host, wantsPeers, signal, async () => {
        const addresses = await firstOfEachFamily(parts.names, url, signal);
        return mergeAnswers(
          await Promise.allSettled(
            [...addresses].map(([family, address]) => announceOver(family, address, url, request, signal)),
          ),
        );
      });
    },
    async scrape(text, infoHashes, signal) {
      const url = parseTrackerUrl(text);
      const asked = infoHashes.slice(0, maxScrapeHashes);
      if (url.protocol !== 'udp:') {
        const scrape = scrapeUrl(url.href, asked);
        if (scrape === undefined)
          throw new TrackerError('unsupported', 'This tracker has no scrape.', { value: text });
        return parseScrapeAnswer((await askOverHttp(parts, scrape, { ...asking, signal })).bytes);
      }
      const [first] = await firstOfEachFamily(parts.names, url, signal);
      if (first === undefined) throw new TrackerError('unreachable', `${url.host} has no address.`);
      const [family, address] = first;
      const { entries } = await udp.ask(
        'scrape',
        { address, port: portOf(url) },
        family,
        (transaction, connectionId) => ({ kind: 'scrape', transaction, connectionId, infoHashes: asked }),
        signal,
      );
      const pairs = asked.flatMap((hash, i): [string, ScrapeEntry][] => {
        const entry = entries[i];
        return entry === undefined ? [] : [[toHex(hash), entry]];
      });
      return new Map(pairs);
    },
    close: () => udp.close(),
  };
}

/** Which URLs a tracker may have. Anything else is refused before anybody is asked. */
export function parseTrackerUrl(text: string): URL {
  const url = URL.parse(text.trim());
  if (url === null || url.hostname === '') {
    throw new TrackerError('unsupported', 'A tracker is an http, https or udp address.', { value: text });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:' && url.protocol !== 'udp:') {
    throw new TrackerError('unsupported', `Trackers over ${url.protocol.slice(0, -1)} are not spoken to.`, {
      value: text,
    });
  }
  if (url.protocol === 'udp:' && url.port === '') {
    throw new TrackerError('unsupported', 'A tracker over UDP needs a port.', { value: text });
  }
  return url;
}

async function firstOfEachFamily(
  names: Names,
  url: URL,
  signal?: AbortSignal,
): Promise<Map<IpFamily, string>> {
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const first = new Map<IpFamily, string>();
  try {
    for (const address of await names.resolve(host, signal === undefined ? {} : { signal })) {
      const family = familyOf(address);
      if (!first.has(family)) first.set(family, address);
    }
  } catch (cause) {
    if (signal?.aborted) throw new TrackerError('aborted', 'The question was given up.', { cause });
    const reason = cause instanceof WorldError ? cause.message : String(cause);
    throw new TrackerError('unreachable', `${host} cannot be found: ${reason}`, { cause });
  }
  if (first.size === 0) throw new TrackerError('unreachable', `${host} has no address.`);
  return first;
}

function mergeAnswers(results: readonly PromiseSettledResult<AnnounceAnswer>[]): AnnounceAnswer {
  const answers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const [first, second] = answers;
  if (first === undefined) {
    const failed = results.find((result) => result.status === 'rejected');
    throw failed?.reason ?? new TrackerError('unreachable', 'The tracker has no address.');
  }
  if (second === undefined) return first;
  const most = (pick: (answer: AnnounceAnswer) => number | undefined) => {
    const known = answers.map(pick).filter((value) => value !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  };
  return {
    ...second,
    ...first,
    intervalSeconds: Math.min(first.intervalSeconds, second.intervalSeconds),
    minIntervalSeconds: most((answer) => answer.minIntervalSeconds),
    seeders: most((answer) => answer.seeders),
    leechers: most((answer) => answer.leechers),
    downloads: most((answer) => answer.downloads),
    peers: [...first.peers, ...second.peers],
    warning: first.warning ?? second.warning,
  };
}

function familyOf(address: string): IpFamily {
  return ipToBytes(address)?.length === 4 ? 4 : 6;
}

function portOf(url: URL): number {
  return Number(url.port);
}
