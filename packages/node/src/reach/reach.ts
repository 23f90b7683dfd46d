// All of this for one running node: a world that does not talk to blocked addresses and counts who comes in, the ports
// that its router passes on, and the answer to who can reach it.

import { type FilteredNetwork, filterNetwork, ipScope, type World } from '@shoal/base';
import type { Config } from '../config/schema.ts';
import type { Log } from '../log.ts';
import { Blocklists } from './blocklists.ts';
import { findInside } from './mapping/gateway.ts';
import { createPortMapper, type MappingReport, type PortMapper } from './mapping/port-mapper.ts';
import { judgeReachability, type Reachability } from './reachability.ts';
import { systemOf } from './system.ts';

export interface Reach {
  /** For whatever talks to strangers. */
  readonly network: FilteredNetwork;
  readonly blocklists: Blocklists;
  isBlocked(address: string): boolean;
  /** Asks the router to pass this port on, unless the config says otherwise. */
  mapPort(port: number): void;
  readonly mapping: MappingReport | undefined;
  /** `seenAddress`: as others say. */
  judge(seenAddress?: string): Reachability;
  /** Takes back what the router was asked for. */
  close(): Promise<void>;
}

/** Rejects when a list of addresses to block cannot be read. */
export async function openReach(
  world: World,
  config: Pick<Config, 'filter.lists' | 'port-mapping'>,
  log: Log,
): Promise<Reach> {
  const blocklists = new Blocklists(world.disk);
  await blocklists.use(config['filter.lists']);
  const isBlocked = (address: string): boolean => blocklists.filter.isBlocked(address);
  const incoming = { fromInternet: 0, fromNearby: 0 };
  const filtered = filterNetwork(world, isBlocked);
  let mapper: PortMapper | undefined;

  return {
    network: {
      ...filtered,
      streams: {
        connect: (to, options) => filtered.streams.connect(to, options),
        listen: (options, accept) =>
          filtered.streams.listen(options, (stream) => {
            const scope = ipScope(stream.remote.address);
            if (scope === 'public') incoming.fromInternet++;
            else if (scope !== 'loopback') incoming.fromNearby++;
            accept(stream);
          }),
      },
    },
    blocklists,
    isBlocked,
    mapPort(port) {
      if (config['port-mapping'] === 'off' || mapper !== undefined) return;
      const system = systemOf(world);
      mapper = createPortMapper({
        ...world,
        findInside: () => findInside(system),
        // The DHT takes the same number.
        ports: [
          { protocol: 'tcp', port },
          { protocol: 'udp', port },
        ],
        changed: (report) =>
          log.info(report, report.state === 'mapped' ? 'the router lets peers in' : 'no port is mapped'),
      });
    },
    get mapping() {
      return mapper?.report;
    },
    judge: (seenAddress) =>
      judgeReachability({
        incoming,
        mapping: mapper?.report,
        seenAddress,
        addresses: world.interfaces
          .list()
          .filter(({ isLoopback }) => !isLoopback)
          .map(({ address }) => address),
      }),
    async close() {
      await mapper?.close();
    },
  };
}
