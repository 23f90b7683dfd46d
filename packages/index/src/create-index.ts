// Puts the index together: one port for HTTP and UDP, the tracker, and the sections that hang on it.

import type { Clock, Datagrams, Random, Streams, TlsStreams } from '@shoal/base';
import { tickMs } from './bounds.ts';
import { RemoteOf } from './http/remote.ts';
import { errorResponse, jsonResponse, type Route } from './http/routes.ts';
import { HttpServer } from './http/server.ts';
import { listen } from './listening.ts';
import type { Section } from './section.ts';
import { Access, type AccessOptions } from './tracker/access.ts';
import { HttpTracker } from './tracker/http.ts';
import type { TrackerSettings } from './tracker/settings.ts';
import { Tracker } from './tracker/tracker.ts';
import { UdpTracker } from './tracker/udp.ts';

export interface IndexParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly streams: Streams;
  readonly tls: TlsStreams;
  readonly datagrams: Datagrams;
}

export interface IndexOptions extends IndexParts {
  /** Default: every IPv4 and IPv6 address of this machine. */
  readonly addresses?: readonly string[];
  /** HTTP and UDP; 0 picks a free one. */
  readonly port: number;
  /** PEM texts: HTTP becomes HTTPS. */
  readonly https?: { readonly certificate: string; readonly key: string };
  /** Lifts the limits per address. */
  readonly unlimited?: boolean;
  readonly settings?: Partial<Omit<TrackerSettings, 'isUnlimited'>>;
  /** Default: open to all. */
  readonly access?: AccessOptions;
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  readonly proxies?: readonly string[];
  readonly sections?: readonly Section[];
  /** Something went wrong inside that should not. */
  readonly failed?: (error: unknown) => void;
}

export interface Index {
  readonly port: number;
  /** The page, as this machine reaches it. */
  readonly url: string;
  /** Takes nothing new, ends what is under way, and keeps what has to be kept. */
  close(): Promise<void>;
}

/** Requests under way are waited for this long. */
const closeGraceMs = 3_000;

export async function createIndex(options: IndexOptions): Promise<Index> {
  const sections = options.sections ?? [];
  const remoteOf = new RemoteOf(options.proxies ?? []);
  const tracker = new Tracker(
    options,
    { ...options.settings, isUnlimited: options.unlimited === true },
    options.access === undefined ? undefined : new Access(options.access),
  );
  const http = new HttpTracker(tracker, remoteOf);
  const udp = new UdpTracker(tracker, options);
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
  const server = new HttpServer(options.clock, {
    routes: [health, ...http.routes, ...sections.flatMap((section) => section.routes)],
    isEncrypted: options.https !== undefined,
    unlimited: options.unlimited === true,
    ...(options.failed === undefined ? {} : { failed: options.failed }),
  });
  const listening = await listen(
    options,
    { addresses: options.addresses ?? ['0.0.0.0', '::'], port: options.port, https: options.https },
    (stream) => server.accept(stream),
    (socket) => udp.handlersFor(socket),
  );
  let sweeping = options.clock.setTimer(tickMs, sweep);
  function sweep(): void {
    tracker.sweep();
    sweeping = options.clock.setTimer(tickMs, sweep);
  }
  const scheme = options.https === undefined ? 'http' : 'https';
  return {
    port: listening.port,
    url: `${scheme}://${hostFor(listening.addresses[0] ?? '')}:${listening.port}/`,
    async close() {
      sweeping.cancel();
      await listening.close();
      await server.close(closeGraceMs);
      await Promise.all(sections.map((section) => section.close?.()));
    },
  };
}

function hostFor(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}
