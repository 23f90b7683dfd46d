// Under which 20 bytes a torrent is known on the wire: its v1 hash, the first 20 of its v2 hash, or both (BEP 52).

import { equalBytes } from '@shoal/base';
import type { InfoHashes } from '@shoal/metainfo';
import type { Handshake } from '@shoal/wire';
import { SwarmError } from './errors.ts';

/** What we name to a peer that we dial: the v1 hash of a hybrid, and every second time the other one. */
export function hashToName({ v1, v2 }: InfoHashes, attempt: number): Uint8Array {
  const short = v2?.subarray(0, 20);
  const hash = (attempt % 2 === 1 ? short : undefined) ?? v1 ?? short;
  if (hash === undefined) throw new SwarmError('invalid', 'a transfer needs an info hash');
  return hash;
}

/** What we answer to a handshake: the v2 hash of a hybrid to those who asked for v1 and can both. */
export function hashToAnswer({ v1, v2 }: InfoHashes, theirs: Handshake): Uint8Array {
  return v1 !== undefined && v2 !== undefined && theirs.capabilities.v2 && equalBytes(theirs.infoHash, v1)
    ? v2.subarray(0, 20)
    : theirs.infoHash;
}

export function isV2Hash({ v2 }: InfoHashes, infoHash: Uint8Array): boolean {
  return v2 !== undefined && equalBytes(v2.subarray(0, 20), infoHash);
}

export function isNameOf(hashes: InfoHashes, infoHash: Uint8Array): boolean {
  return (hashes.v1 !== undefined && equalBytes(hashes.v1, infoHash)) || isV2Hash(hashes, infoHash);
}
