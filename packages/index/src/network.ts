// Whom a limit is for: an IPv4 address, or an IPv6 /64, which one household has 2^64 addresses of.

import { ipToBytes, toHex } from '@shoal/base';

export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const bytes = ipToBytes(address);
  return bytes?.length === 16 ? toHex(bytes.subarray(0, 8)) : address;
}
