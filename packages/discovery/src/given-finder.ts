// Peers that somebody named: with a flag, or in a link.

import type { Finder, Names } from '@shoal/base';
import type { HostPort } from './dht-finder.ts';
import { onAbort, PeerSearch } from './search.ts';

export function createGivenFinder({ names }: { readonly names: Names }, given: readonly HostPort[]): Finder {
  return {
    kind: 'given',
    find(_infoHashes, { signal, once }) {
      const search = new PeerSearch({ renew: () => void tell() });
      async function tell(): Promise<void> {
        await Promise.allSettled(
          given.map(async ({ host, port }) => {
            for (const address of await names.resolve(host, { signal }))
              search.push({ address: { kind: 'ip', address, port }, teller: 'given' });
          }),
        );
        if (once === true) search.end();
      }
      void tell();
      onAbort(signal, () => search.end());
      return search;
    },
    async close() {},
  };
}
