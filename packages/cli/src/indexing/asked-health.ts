// Who an index asks about health elsewhere: trackers at public addresses, and the DHT where a way in was given.

import { filterNetwork, ipScope } from '@shoal/base';
import type { Section } from '@shoal/index';
import type { Catalogue } from '@shoal/index/sections';
import type { SectionParts } from './sections.ts';

export async function openAskedHealth({
  world,
  flags,
  catalogue,
  failed,
}: Pick<SectionParts, 'world' | 'flags' | 'failed'> & {
  readonly catalogue: Catalogue;
}): Promise<Section | undefined> {
  if (flags.askHealth !== true) return undefined;
  const [{ askedHealthSection }, { createTrackers }] = await Promise.all([
    import('@shoal/index/sections'),
    import('@shoal/tracker'),
  ]);
  const network = filterNetwork(world, (address) => !mayAsk(address, flags.address));
  const trackers = createTrackers({ ...world, ...network });
  const dht = await openDht(world, flags.dhtBootstrap ?? [], failed);
  const section = askedHealthSection({
    clock: world.clock,
    catalogue,
    trackers,
    dht,
    unlimited: flags.unlimited === true,
    proxies: flags.proxy ?? [],
  });
  return {
    ...section,
    async close() {
      await section.close?.();
      await trackers.close();
      await dht?.close();
    },
  };
}

/** An index that its own machine alone reaches may ask that; no other is sent into its own network by strangers. */
export function mayAsk(address: string, listening: readonly string[] | undefined): boolean {
  const scope = ipScope(address);
  return (
    scope === 'public' ||
    (listening?.every((one) => ipScope(one) === 'loopback') === true && scope === 'loopback')
  );
}

async function openDht(
  world: SectionParts['world'],
  entrances: readonly string[],
  failed: (error: unknown) => void,
) {
  if (entrances.length === 0) return undefined;
  const [{ createDht }, { parsePeer, resolvePeers }] = await Promise.all([
    import('@shoal/dht'),
    import('@shoal/node/addresses'),
  ]);
  const bootstrap = await resolvePeers(world, entrances.map(parsePeer), (_, error) => failed(error));
  return createDht({ ...world, bind: [{ address: '0.0.0.0', port: 0 }], bootstrap, isReadOnly: true });
}
