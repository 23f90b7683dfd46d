// The local network as a finder. While it seeks it is also seen as a Shoal node there (DNS-SD).

import type { Clock, Finder, NetworkInterface, Random } from '@shoal/base';
import { LocalSearch, Neighbourhood } from '@shoal/lan';
import { lanPatienceMs } from './bounds.ts';
import { onAbort, PeerSearch } from './search.ts';

type LanParts = ConstructorParameters<typeof LocalSearch>[0] & {
  readonly clock: Clock;
  readonly random: Random;
};

export function createLanFinder(
  parts: LanParts,
  uses: ((candidate: NetworkInterface) => boolean) | undefined,
): Finder {
  const options = uses === undefined ? {} : { uses };
  let local: LocalSearch | undefined;
  let neighbourhood: Neighbourhood | undefined;

  function appear(port: number): Neighbourhood {
    const id = new Uint8Array(8);
    parts.random.fill(id);
    return new Neighbourhood(parts, { id, port, ...options });
  }

  return {
    kind: 'lan',
    find(infoHashes, { port, signal, once }) {
      local ??= new LocalSearch(parts, options);
      if (once !== true && !signal.aborted) neighbourhood ??= appear(port);
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
      await Promise.all([local?.close(), neighbourhood?.close()]);
    },
  };
}
