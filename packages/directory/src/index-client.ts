// One index by its URL. Registrations go over every address family that its name resolves to, since it names a node to
// others only under addresses that the node came from. What it says of others is checked: signatures, times, and
// addresses, of which a public index may name public ones alone.

import { type Endpoint, type IpFamily, ipScope, type Names, WorldError } from '@shoal/base';
import { checkTimes, clockToleranceSeconds } from '@shoal/identity';
import { parseHolders, parsePeers, parseRegistered, type ReadLease } from './answers.ts';
import { type Answer, type AskParts, ask } from './ask.ts';
import { DirectoryError } from './errors.ts';
import { type Lease, verifyLease } from './lease.ts';
import { encodeRegistration, type RegistrationBody } from './registration-body.ts';

export interface IndexClientParts extends AskParts {
  readonly names: Names;
}

export interface IndexClientOptions {
  readonly url: string;
  readonly userAgent?: string;
  /** PEM certificates to trust beside the system's. */
  readonly trusted?: readonly string[];
}

export interface Registered {
  /** The starts of the index that took it: one, unless its families are several machines. */
  readonly starts: readonly string[];
  readonly seconds: number;
  /** One of each family that it could be reached over. */
  readonly observed: readonly string[];
}

/** A node that an index names, with a lease that its key signed. */
export interface NamedNode {
  readonly lease: Lease;
  /** Where it can be reached, as far as the index confirmed. */
  readonly addresses: readonly Endpoint[];
  /** How much it has of what was asked for, 0 to 1; the index's word. */
  readonly have: number;
}

export interface Holders {
  readonly index: string;
  readonly holders: readonly NamedNode[];
  /** Leases that were left out: forged, or out of time by our clock. */
  readonly refused: number;
  /** The index's own copy. */
  readonly store: { readonly address: Endpoint; readonly have: number } | undefined;
}

export interface KnownNodes {
  readonly nodes: readonly NamedNode[];
  readonly refused: number;
  readonly total: number;
  readonly next: string | undefined;
}

export interface IndexClient {
  /** In the form that the URL parser has, ending with a slash. */
  readonly url: string;
  /** Rejects with a DirectoryError when no family took it. */
  register(body: RegistrationBody, signal?: AbortSignal): Promise<Registered>;
  end(record: Uint8Array, signal?: AbortSignal): Promise<void>;
  holders(infoHash: Uint8Array, signal?: AbortSignal): Promise<Holders>;
  /** Whom it knows, a page at a time. */
  peers(after?: string, signal?: AbortSignal): Promise<KnownNodes>;
}

/** Throws a DirectoryError `unsupported` for what can be no index. The path may be that of a proxy. */
export function parseIndexUrl(text: string): URL {
  const url = URL.parse(text.trim());
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    throw new DirectoryError('unsupported', 'An index is an address like http://index.example:6969/.', {
      value: text,
    });
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** An index is a tracker, too: this is where it takes announces. */
export function announceUrlOf(indexUrl: string): string {
  return new URL('announce', parseIndexUrl(indexUrl)).href;
}

export function createIndexClient(parts: IndexClientParts, options: IndexClientOptions): IndexClient {
  const base = parseIndexUrl(options.url);
  const userAgent = options.userAgent ?? 'Shoal';

  function question(path: string, signal: AbortSignal | undefined) {
    return {
      url: new URL(path, base).href,
      headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': userAgent },
      ...(signal === undefined ? {} : { signal }),
      ...(options.trusted === undefined ? {} : { trusted: options.trusted }),
    };
  }

  async function families(signal: AbortSignal | undefined): Promise<IpFamily[]> {
    const host = base.hostname.startsWith('[') ? base.hostname.slice(1, -1) : base.hostname;
    try {
      const found = await parts.names.resolve(host, signal === undefined ? {} : { signal });
      return [...new Set(found.map(familyOf))];
    } catch (cause) {
      const reason = cause instanceof WorldError ? cause.message : String(cause);
      throw new DirectoryError('unreachable', `The index ${host} cannot be found: ${reason}`, { cause });
    }
  }

  async function post(body: Uint8Array, signal?: AbortSignal): Promise<Answer[]> {
    const { headers, ...rest } = question('api/leases', signal);
    const asked = (await families(signal)).map((family) =>
      ask(parts, {
        ...rest,
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/octet-stream' },
        body,
        allowAddress: (address) => familyOf(address) === family,
      }),
    );
    const results = await Promise.allSettled(asked);
    const answers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (answers.length > 0) return answers;
    // What the index said tells more than that one of the families leads nowhere.
    const failures: unknown[] = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason] : [],
    );
    throw (
      failures.find((error) => error instanceof DirectoryError && error.code === 'refused') ?? failures[0]
    );
  }

  function checked(read: readonly ReadLease[], index: string): { nodes: NamedNode[]; refused: number } {
    const nowSeconds = parts.clock.wallTimeMs() / 1000;
    const nodes: NamedNode[] = [];
    for (const { lease: unverified, confirmed, have } of read) {
      try {
        checkTimes(unverified.record, nowSeconds, clockToleranceSeconds);
        const lease = verifyLease(unverified);
        const addresses = confirmed.flatMap((at) => lease.addresses[at] ?? []);
        nodes.push({ lease, have, addresses: addresses.filter((one) => mayName(index, one.address)) });
      } catch {
        // One that is forged hides no others.
      }
    }
    return { nodes, refused: read.length - nodes.length };
  }

  return {
    url: base.href,
    async register(body, signal) {
      const answers = await post(encodeRegistration(body), signal);
      const read = answers.map(({ bytes, remoteAddress }) => ({ ...parseRegistered(bytes), remoteAddress }));
      const observed = read.filter((one) => mayName(one.remoteAddress, one.observed));
      return {
        starts: read.map(({ index }) => index),
        seconds: Math.min(...read.map(({ seconds }) => seconds)),
        observed: [...new Set(observed.map((one) => one.observed))],
      };
    },
    async end(record, signal) {
      await post(encodeRegistration({ kind: 'end', end: record }), signal);
    },
    async holders(infoHash, signal) {
      const path = `api/content/${Buffer.from(infoHash).toString('hex')}/holders`;
      const { bytes, remoteAddress } = await ask(parts, question(path, signal));
      const answer = parseHolders(bytes);
      const { nodes, refused } = checked(answer.holders, remoteAddress);
      const port = answer.store?.port ?? 0;
      const store = answer.store && { address: { address: remoteAddress, port }, have: answer.store.have };
      return { index: answer.index, holders: nodes, refused, store };
    },
    async peers(after, signal) {
      const path = after === undefined ? 'api/peers' : `api/peers?after=${encodeURIComponent(after)}`;
      const { bytes, remoteAddress } = await ask(parts, question(path, signal));
      const { peers, total, next } = parsePeers(bytes);
      return { ...checked(peers, remoteAddress), total, next };
    },
  };
}

/** An index on the public internet has no business naming addresses that the internet does not have. */
function mayName(indexAddress: string, address: string): boolean {
  const scope = ipScope(address);
  return (
    scope !== undefined && scope !== 'special' && (scope === 'public' || ipScope(indexAddress) !== 'public')
  );
}

function familyOf(address: string): IpFamily {
  return address.includes(':') ? 6 : 4;
}
