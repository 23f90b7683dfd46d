// Which pieces a peer may ask for while it is choked (BEP 6, "allowed fast set generation").

import { concatBytes, type Hashing, ipToBytes } from '@shoal/base';
import { readU32 } from './bytes.ts';

/** Follows from the peer's IPv4 address, so that asking again under another port gains nothing. Empty for IPv6. */
export function allowedFastSet(
  hashing: Pick<Hashing, 'digest'>,
  options: {
    readonly address: string;
    readonly infoHash: Uint8Array;
    readonly pieceCount: number;
    readonly size: number;
  },
): number[] {
  const address = ipToBytes(options.address);
  if (address === undefined || address.length !== 4) return [];
  address[3] = 0;
  const pieces = new Set<number>();
  const size = Math.min(options.size, options.pieceCount);
  let x = concatBytes(address, options.infoHash);
  while (pieces.size < size) {
    x = hashing.digest('sha1', x);
    for (let at = 0; at < 20 && pieces.size < size; at += 4) pieces.add(readU32(x, at) % options.pieceCount);
  }
  return [...pieces];
}
