// Which connections to prefer where there are too many (BEP 40): a number that both ends compute alike and nobody can choose,
// so that the connections of a swarm are spread evenly, and one that is dropped is the one that both would drop.

import { compareBytes, crc32c, ipToBytes, type PeerAddress } from '@shoal/base';

/** Of the two ends of a connection; 0 where they have nothing in common, such as IPv4 and IPv6. */
export function canonicalPriority(
  ours: Pick<PeerAddress, 'address' | 'port'>,
  theirs: Pick<PeerAddress, 'address' | 'port'>,
): number {
  const a = ipToBytes(ours.address);
  const b = ipToBytes(theirs.address);
  if (a === undefined || b === undefined || a.length !== b.length) return 0;
  const isSameHost = compareBytes(a, b) === 0;
  const [first, second] = isSameHost ? [portBytes(ours.port), portBytes(theirs.port)] : masked(a, b);
  const isInOrder = compareBytes(first, second) <= 0;
  const both = new Uint8Array(2 * first.length);
  both.set(isInOrder ? first : second);
  both.set(isInOrder ? second : first, first.length);
  return crc32c(both);
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >>> 8, port);
}

/** Half of the bits behind the network count, so that a network's owner gets few different priorities. */
function masked(a: Uint8Array, b: Uint8Array): [Uint8Array, Uint8Array] {
  // All bits of the first two bytes (six of IPv6), and of one byte more than both have in common, up to two.
  const least = a.length === 4 ? 2 : 6;
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const whole = same < least ? least : Math.min(same + 1, least + 2);
  const mask = (bytes: Uint8Array) => bytes.map((byte, at) => (at < whole ? byte : byte & 0x55));
  return [mask(a), mask(b)];
}
