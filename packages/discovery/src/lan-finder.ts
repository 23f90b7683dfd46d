// The local network as a finder.

import type { Clock, Finder, NetworkInterface } from '@shoal/base';
import { LocalSearch } from '@shoal/lan';
import { lanPatienceMs } from './bounds.ts';
import { onAbort, PeerSearch } from './search.ts';

type LanParts = ConstructorParameters<typeof LocalSearch>[0] & { readonly clock: Clock };

export function createLanFinder(
  parts: LanParts,
  uses: ((candidate: NetworkInterface) => boolean) | undefined,
): Finder {
  let local: LocalSearch | undefined;
  return {
    kind: 'lan',
    find(infoHashes, { port, signal, once }) {
      local ??= new LocalSearch(parts, uses === undefined ? {} : { uses });
      const search = new PeerSearch({ renew: () => following.renew() });
      const following = local.follow({
        infoHashes,
        port,
        found: (address) => search.push({ address, teller: address.address }),
      });
      const patience = once === true ? parts.clock.setTimer(lanPatienceMs, end) : undefined;
      function end(): void {
        patience?.cancel();
        following.stop();
        search.end();
      }
      onAbort(signal, end);
      return search;
    },
    async close() {
      await local?.close();
    },
  };
}
