// Who makes room when there are too many connections. One host can open any number of them, so room is made by host:
// a crowd from one address crowds out itself, and not who comes after it.

import { ipToBytes, type PeerAddress, toHex } from '@shoal/base';

/** What one machine, or one home, has to itself: an IPv4 address, or an IPv6 network of 64 bits. */
export function hostOf({ address }: PeerAddress): string {
  const bytes = ipToBytes(address);
  return bytes?.length === 16 ? toHex(bytes.subarray(0, 8)) : address;
}

/** The first connection of the host that has most of them; undefined where none has as many as `least`. */
export function oldestOfBusiest<Connection>(
  connections: Iterable<Connection>,
  addressOf: (connection: Connection) => PeerAddress,
  least = 1,
): Connection | undefined {
  const counts = new Map<string, { readonly oldest: Connection; count: number }>();
  let busiest: { readonly oldest: Connection; count: number } | undefined;
  for (const connection of connections) {
    const host = hostOf(addressOf(connection));
    let entry = counts.get(host);
    if (entry === undefined) {
      entry = { oldest: connection, count: 0 };
      counts.set(host, entry);
    }
    entry.count++;
    if (entry.count > (busiest?.count ?? 0)) busiest = entry;
  }
  return (busiest?.count ?? 0) >= least ? busiest?.oldest : undefined;
}
