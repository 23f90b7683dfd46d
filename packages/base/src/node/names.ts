// Name resolution through the system (hosts file, mDNS, DNS, as it is set up).
// The system call cannot be taken back, so an abort only stops the waiting.

import { type LookupAddress, lookup } from 'node:dns';
import { WorldError } from '../world/errors.ts';
import type { Names } from '../world/network.ts';
import { parseAddress } from './addresses.ts';
import { abortedError, toWorldError } from './errors.ts';

export function createNames(): Names {
  return {
    async resolve(name, { family, signal } = {}) {
      const what = `Cannot resolve ${name}`;
      if (signal?.aborted) throw abortedError(what, signal);
      const numeric = parseAddress(name);
      if (numeric !== undefined) {
        if (family !== undefined && family !== numeric.family)
          throw new WorldError('name-not-found', `${what} to an IPv${family} address`, { value: name });
        return [numeric.zone === undefined ? numeric.address : `${numeric.address}%${numeric.zone}`];
      }
      if (name === '' || name.includes('\0')) throw new WorldError('invalid', 'Not a name', { value: name });
      const found = await new Promise<LookupAddress[]>((resolve, reject) => {
        const onAbort = (): void => reject(abortedError(what, signal));
        signal?.addEventListener('abort', onAbort, { once: true });
        lookup(name, { all: true, order: 'verbatim', family: family ?? 0 }, (error, addresses) => {
          signal?.removeEventListener('abort', onAbort);
          if (error === null) resolve(addresses);
          else reject(toWorldError(error, what, { fallback: 'name-not-found', value: name }));
        });
      });
      const addresses = new Set<string>();
      for (const { address } of found) {
        const parsed = parseAddress(address);
        if (parsed !== undefined) addresses.add(address.includes('%') ? address : parsed.address);
      }
      if (addresses.size === 0)
        throw new WorldError('name-not-found', `${what}: no address`, { value: name });
      return [...addresses];
    },
  };
}
