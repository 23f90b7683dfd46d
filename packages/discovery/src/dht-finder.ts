// The DHT as a finder. It starts when there is a way in (configured, saved, named by a torrent or a peer), and until
// then not one packet is sent. Each name of the torrent is looked up and announced, and again before nodes forget it.

import type { Endpoint, Finder, FindOptions, Names } from '@shoal/base';
import { createDht, type Dht, type DhtOptions } from '@shoal/dht';
import { dhtFirstRetryMs, dhtLongestRetryMs, dhtRenewMs, maxDhtHosts } from './bounds.ts';
import { endpointText, onAbort, PeerSearch } from './search.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface DhtFinderParts
  extends Pick<DhtOptions, 'clock' | 'random' | 'hashing' | 'datagrams' | 'interfaces'> {
  readonly names: Names;
}

export interface DhtFinderOptions {
  /** The UDP port; the next free one when it is taken. */
  readonly port: number;
  readonly saved?: Uint8Array | undefined;
}

export interface DhtFinder extends Finder {
  /** A way in: it is resolved, asked, and starts the node if none runs. */
  addNode(node: HostPort): void;
  /** Undefined while no node runs. */
  readonly node: Dht | undefined;
}

export function createDhtFinder(parts: DhtFinderParts, options: DhtFinderOptions): DhtFinder {
  const { clock, random, names } = parts;
  const { promise: started, resolve: hasStarted } = Promise.withResolvers<Dht | undefined>();
  const closing = new AbortController();
  let node: Dht | undefined;
  let starting: Promise<void> | undefined;
  const entrances = new Set<Promise<void>>();

  function start(bootstrap: readonly Endpoint[]): void {
    starting ??= bind(bootstrap).then(
      (made) => {
        node = made;
        hasStarted(made);
      },
      () => hasStarted(undefined),
    );
  }

  async function bind(bootstrap: readonly Endpoint[]): Promise<Dht> {
    const { saved } = options;
    const both = ['0.0.0.0', '::'];
    let failure: unknown;
    // Without IPv6, or with the port taken, there is still a way.
    for (const addresses of [both, ['0.0.0.0'], ['::']]) {
      for (const port of options.port === 0 ? [0] : [options.port, 0]) {
        try {
          const bind = addresses.map((address) => ({ address, port }));
          return await createDht({ ...parts, bind, bootstrap, saved });
        } catch (error) {
          failure = error;
        }
      }
    }
    throw failure;
  }

  async function lookUp(search: PeerSearch, infoHash: Uint8Array, options: FindOptions, rest: Rest) {
    const { signal, port, amounts, once } = options;
    const dht = await started;
    let retryMs = dhtFirstRetryMs;
    while (dht !== undefined && !signal.aborted && !closing.signal.aborted) {
      let found = 0;
      try {
        const announce = once === true ? {} : { announce: { port, isSeed: amounts().left === 0 } };
        for await (const event of dht.peers(infoHash, { signal, ...announce })) {
          if (event.kind !== 'peers') continue;
          found += event.peers.length;
          const teller = event.from === undefined ? 'here' : endpointText(event.from.endpoint);
          for (const peer of event.peers) search.push({ address: { kind: 'ip', ...peer }, teller });
        }
      } catch {
        // No node answers: later perhaps.
      }
      if (once === true) return;
      const waitMs = found > 0 ? dhtRenewMs : retryMs;
      retryMs = found > 0 ? dhtFirstRetryMs : Math.min(2 * retryMs, dhtLongestRetryMs);
      await rest(waitMs * (1 + random.below(100) / 1000));
    }
  }

  if (options.saved !== undefined && options.saved.length > 0) start([]);

  return {
    kind: 'dht',
    get node() {
      return node;
    },
    addNode({ host, port }) {
      if (closing.signal.aborted || entrances.size >= maxDhtHosts) return;
      const entrance = names.resolve(host, { signal: closing.signal }).then(
        (addresses) => {
          const endpoints = addresses.map((address) => ({ address, port }));
          const isFirst = starting === undefined;
          if (closing.signal.aborted) return;
          start(endpoints);
          if (!isFirst) void started.then((dht) => endpoints.map((endpoint) => dht?.addNode(endpoint)));
        },
        () => {},
      );
      entrances.add(entrance);
    },
    find(infoHashes, options) {
      const wakes = new Set<() => void>();
      const search = new PeerSearch({ renew: () => wake() });
      const wake = () => {
        for (const one of [...wakes]) one();
      };
      const rest: Rest = (ms) =>
        new Promise((resolve) => {
          const timer = clock.setTimer(ms, done);
          function done(): void {
            timer.cancel();
            wakes.delete(done);
            resolve();
          }
          wakes.add(done);
          if (options.signal.aborted || closing.signal.aborted) done();
        });
      // Somebody who asks once does not wait for a way in that may never be named.
      if (options.once === true)
        void Promise.all(entrances).then(() => {
          if (starting === undefined) search.end();
        });
      void Promise.all(infoHashes.map((hash) => lookUp(search, hash, options, rest))).then(() =>
        search.end(),
      );
      onAbort(options.signal, () => {
        wake();
        search.end();
      });
      onAbort(closing.signal, wake);
      return search;
    },
    async close() {
      closing.abort();
      await starting;
      hasStarted(undefined);
      await node?.close();
    },
  };
}

type Rest = (ms: number) => Promise<void>;
