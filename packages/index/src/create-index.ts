// Puts the index together: one port for HTTP and UDP, the tracker, and the sections that hang on it.

import type { Clock, Datagrams, Disk, Hashing, Interfaces, Random, Streams, TlsStreams } from '@shoal/base';
import { saveEveryMs, tickMs } from './bounds.ts';
import { every } from './every.ts';
import { RemoteOf } from './http/remote.ts';
import { errorResponse, jsonResponse, type Route } from './http/routes.ts';
import { HttpServer } from './http/server.ts';
import { listen } from './listening.ts';
import { metricsResponse } from './metrics.ts';
import { pageResponse } from './page.ts';
import type { Metric, Section } from './section.ts';
import { type Link, Sharing } from './sharing.ts';
import { Access, type AccessOptions } from './tracker/access.ts';
import { newConnectionKey } from './tracker/connection-ids.ts';
import { type Knowledge, knowledgeOf } from './tracker/knowledge.ts';
import { type LeasesSummary, loadLeases, saveLeases } from './tracker/leases-file.ts';
import { kindOf, trackerSection } from './tracker/section.ts';
import type { TrackerSettings } from './tracker/settings.ts';
import { Tracker } from './tracker/tracker.ts';
import { UdpTracker } from './tracker/udp.ts';
import { readText, writeText } from './tracker/whole-file.ts';
import type { HelperOrders } from './udp-helper.ts';

export interface IndexParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly streams: Streams;
  readonly tls: TlsStreams;
  readonly datagrams: Datagrams;
  /** Where a machine has several addresses, UDP answers from the one that was asked. */
  readonly interfaces?: Interfaces;
}

export interface IndexOptions extends IndexParts {
  /** Default: every IPv4 and IPv6 address of this machine. */
  readonly addresses?: readonly string[];
  /** HTTP and UDP; 0 picks a free one. */
  readonly port: number;
  /** PEM texts: HTTP becomes HTTPS. */
  readonly https?: { readonly certificate: string; readonly key: string };
  /** Other threads will answer at the UDP port, too (`share`). Open trackers only. */
  readonly balanced?: boolean;
  /** Lifts the limits per address. */
  readonly unlimited?: boolean;
  readonly settings?: Partial<Omit<TrackerSettings, 'isUnlimited'>>;
  /** Default: open to all. */
  readonly access?: AccessOptions;
  /** The list of what is served was changed by the API. */
  readonly listedChanged?: () => Promise<void>;
  /** Who shows it may use the operator's API. */
  readonly operatorToken?: string;
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  readonly proxies?: readonly string[];
  /** Where leases are kept over a restart. */
  readonly leases?: { readonly disk: Disk; readonly hashing: Pick<Hashing, 'digest'>; readonly path: string };
  /** What else this index does. Asked for once, before anybody is listened to. */
  readonly sections?:
    | readonly Section[]
    | ((knowledge: Knowledge) => readonly Section[] | Promise<readonly Section[]>);
  /** Something went wrong inside that should not. */
  readonly failed?: (error: unknown) => void;
}

export interface Index {
  readonly port: number;
  /** The page, as this machine reaches it. */
  readonly url: string;
  /** What was known from before, where leases are kept. */
  readonly recalled: LeasesSummary | undefined;
  readonly knowledge: Knowledge;
  /** For threads that share the UDP port: what to start one with, and how to tell each other of peers. */
  readonly helperOrders: HelperOrders;
  share(post: (batch: Uint8Array) => void): Link;
  /** What the helper with this number has counted so far. */
  addCounts(helper: number, counts: unknown): void;
  /** Takes nothing new, ends what is under way, and keeps what has to be kept. */
  close(): Promise<void>;
}

/** Requests under way are waited for this long. */
const closeGraceMs = 2_500;

export async function createIndex(options: IndexOptions): Promise<Index> {
  const { clock, leases, failed = () => {} } = options;
  const tracker = new Tracker(
    options,
    { ...options.settings, isUnlimited: options.unlimited === true },
    options.access === undefined ? undefined : new Access(options.access),
  );
  const leaseParts = leases && { ...leases, clock };
  const recalled = leaseParts && (await loadLeases(leaseParts, leaseParts.path, tracker));
  const users = options.access?.areUsersKept === true ? undefined : options.access?.users;
  if (leaseParts !== undefined)
    users?.recall((await readText(leaseParts.disk, `${leaseParts.path}.users`)) ?? '');
  const key = newConnectionKey(options.random);
  const udp = new UdpTracker(tracker, clock, key);
  const sharing = new Sharing(tracker, clock);
  const knowledge = knowledgeOf(tracker);
  const remoteOf = new RemoteOf(options.proxies ?? []);
  const { operatorToken, listedChanged } = options;
  const sections: readonly Section[] = [
    trackerSection({ tracker, udp, remoteOf, operatorToken, listedChanged }),
    ...(typeof options.sections === 'function'
      ? await options.sections(knowledge)
      : (options.sections ?? [])),
  ];
  const server = new HttpServer(clock, {
    routes: [...ownRoutes(), ...sections.flatMap((section) => section.routes)],
    isEncrypted: options.https !== undefined,
    unlimited: options.unlimited === true,
    failed,
  });

  function ownRoutes(): Route[] {
    const health: Route = {
      method: 'GET',
      path: '/health',
      handle() {
        const ailment = sections.map((section) => section.ailment?.()).find((text) => text !== undefined);
        return ailment === undefined
          ? jsonResponse({ status: 'ok' })
          : errorResponse(503, 'unavailable', ailment);
      },
    };
    const metrics: Route = {
      method: 'GET',
      path: '/metrics',
      handle: () =>
        metricsResponse([
          ...httpMetrics(server),
          ...sections.flatMap((section) => section.metrics?.() ?? []),
        ]),
    };
    const page: Route = {
      method: 'GET',
      path: '/',
      handle: ({ head, isEncrypted }) =>
        pageResponse({
          host: head.header('host') ?? '',
          isEncrypted,
          kind: kindOf(tracker),
          swarms: tracker.swarms.table.size,
          peers: tracker.swarms.peers4.size + tracker.swarms.peers6.size,
        }),
    };
    // A section may put another page in the first place.
    return [page, { ...page, path: '/about' }, health, metrics];
  }

  let saving = Promise.resolve();
  function save(): Promise<void> {
    if (leaseParts === undefined) return saving;
    saving = saving
      .then(async () => {
        await saveLeases(leaseParts, leaseParts.path, tracker);
        if (users !== undefined) await writeText(leaseParts.disk, `${leaseParts.path}.users`, users.totals());
      })
      .catch(failed);
    return saving;
  }

  const listening = await listen(
    options,
    {
      addresses: options.addresses ?? ['0.0.0.0', '::'],
      port: options.port,
      https: options.https,
      balanced: options.balanced,
    },
    (stream) => server.accept(stream),
    (socket) => udp.handlersFor(socket),
  );
  for (const section of sections) section.listens?.(listening.port);
  const { intervalSeconds } = tracker.settings;
  const timers = [
    every(clock, tickMs / 2, () => tracker.sweep()),
    every(clock, Math.min(saveEveryMs, 500 * intervalSeconds), () => void save()),
  ];
  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    for (const timer of timers) timer.cancel();
    await listening.close();
    await Promise.all([server.close(closeGraceMs), save()]);
    await Promise.all(sections.map((section) => section.close?.()));
  }
  const scheme = options.https === undefined ? 'http' : 'https';
  return {
    port: listening.port,
    url: `${scheme}://${hostFor(listening.addresses[0] ?? '')}:${listening.port}/`,
    recalled,
    knowledge,
    helperOrders: { addresses: listening.addresses, port: listening.port, settings: tracker.settings, key },
    share: (post) => sharing.link(post, true),
    addCounts: (helper, counts) => udp.addCounts(helper, counts),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function httpMetrics(server: HttpServer): Metric[] {
  return [
    {
      name: 'http_connections',
      help: 'Connections that are open.',
      kind: 'gauge',
      values: [{ value: server.connections }],
    },
    {
      name: 'http_connections_refused_total',
      help: 'Connections that were one too many.',
      kind: 'counter',
      values: [{ value: server.refusedConnections }],
    },
    {
      name: 'http_answers_total',
      help: 'Answers over HTTP, by status.',
      kind: 'counter',
      values: [...server.answers].map(([status, value]) => ({ labels: { status: `${status}` }, value })),
    },
  ];
}

function hostFor(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}
