// The network interfaces that are up now; in a bound world, those with its addresses.

import { networkInterfaces } from 'node:os';
import type { Interfaces, NetworkInterface } from '../world/network.ts';
import { parseAddress } from './addresses.ts';
import type { Bindings } from './bindings.ts';

export function createInterfaces({ own }: Bindings): Interfaces {
  const bound = new Set([...own.values()].map((address) => parseAddress(address)?.address));
  return {
    list: () => listInterfaces().filter(({ address }) => bound.size === 0 || bound.has(address)),
  };
}

/** Of the whole machine. */
export function listInterfaces(): NetworkInterface[] {
  const found: NetworkInterface[] = [];
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { address: text, cidr, internal, scopeid } of addresses ?? []) {
      const parsed = parseAddress(text);
      if (parsed === undefined) continue;
      const { address, family } = parsed;
      const prefixLength = Number(cidr?.split('/')[1] ?? (family === 4 ? 32 : 128));
      const entry = { name, address, family, prefixLength, isLoopback: internal };
      // Windows knows zones by number, all others by name.
      const zone = process.platform === 'win32' ? String(scopeid) : name;
      found.push(scopeid ? { ...entry, zone } : entry);
    }
  }
  return found;
}
