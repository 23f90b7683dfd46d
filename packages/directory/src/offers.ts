// What a node holds: names of torrents, and how much of each. Written as 22 bytes an offer, in the order of the hashes,
// so that a list has one form, and its digest can stand in a lease in place of it.

import { compareBytes } from '@shoal/base';
import { maxOffers } from './bounds.ts';
import { DirectoryError } from './errors.ts';

export interface Offer {
  /** 20 bytes: v1, or the first 20 of v2. */
  readonly infoHash: Uint8Array;
  /** The share of it that is there, 0 to 1; 1 only when all is. */
  readonly have: number;
}

const hashLength = 20;
const offerLength = hashLength + 2;
const whole = 0xffff;

export function countOffers(bytes: Uint8Array): number {
  return Math.floor(bytes.length / offerLength);
}

/** Of several offers under one hash the last one counts; beyond the bound, the first ones. */
export function encodeOffers(offers: Iterable<Offer>): Uint8Array {
  const byHash = new Map<string, Offer>();
  for (const offer of offers) {
    const key = offer.infoHash.join();
    if (byHash.size < maxOffers || byHash.has(key)) byHash.set(key, offer);
  }
  const sorted = [...byHash.values()].sort((a, b) => compareBytes(a.infoHash, b.infoHash));
  const bytes = new Uint8Array(sorted.length * offerLength);
  for (const [i, { infoHash, have }] of sorted.entries()) {
    const at = i * offerLength;
    bytes.set(infoHash.subarray(0, hashLength), at);
    // All but whole is never said to be whole.
    const share = have >= 1 ? whole : Math.max(0, Math.min(whole - 1, Math.floor(have * whole) || 0));
    bytes[at + hashLength] = share >>> 8;
    bytes[at + hashLength + 1] = share;
  }
  return bytes;
}

/** Throws DirectoryError for what `encodeOffers` does not write. The hashes are views. */
export function parseOffers(bytes: Uint8Array): Offer[] {
  if (bytes.length % offerLength !== 0)
    throw new DirectoryError('bad-lease', `A list of offers has ${offerLength} bytes for each.`);
  const count = bytes.length / offerLength;
  if (count > maxOffers)
    throw new DirectoryError('too-many-offers', `A lease names up to ${maxOffers} torrents, not ${count}.`);
  let previous: Uint8Array | undefined;
  return Array.from({ length: count }, (_, i) => {
    const at = i * offerLength;
    const infoHash = bytes.subarray(at, at + hashLength);
    if (previous !== undefined && compareBytes(previous, infoHash) >= 0)
      throw new DirectoryError('bad-lease', 'Offers stand in the order of their hashes, each once.');
    previous = infoHash;
    const share = (bytes[at + hashLength] ?? 0) * 256 + (bytes[at + hashLength + 1] ?? 0);
    return { infoHash, have: share / whole };
  });
}
