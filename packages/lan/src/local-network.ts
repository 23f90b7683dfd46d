// What counts as the local network: link-local and private addresses, and whatever shares a prefix with an
// interface of ours. Nothing is sent to anybody else, and nobody else is believed.

import { type Endpoint, ipScope, ipToBytes, type NetworkInterface } from '@shoal/base';
import { shortestPrefix } from './bounds.ts';

export function isLocal(
  { address }: Pick<Endpoint, 'address'>,
  interfaces: readonly NetworkInterface[],
): boolean {
  const scope = ipScope(address);
  if (scope === 'link-local' || scope === 'private') return true;
  return interfaces.some((own) => own.isLoopback === (scope === 'loopback') && shareNetwork(address, own));
}

export function shareNetwork(address: string, own: NetworkInterface): boolean {
  if (own.prefixLength < shortestPrefix[own.family]) return false;
  const [a, b] = [ipToBytes(address), ipToBytes(own.address)];
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (let bit = 0; bit < own.prefixLength; bit += 8) {
    const mask = 0xff & (0xff << Math.max(0, 8 - (own.prefixLength - bit)));
    if ((((a[bit >> 3] ?? 0) ^ (b[bit >> 3] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}
