// BEP 44: what an item's target is, what its signature covers, and whether what somebody sent is what was asked for.

import { concatBytes, equalBytes, type Hashing, noBytes, toUtf8 } from '@shoal/base';
import { verifySignature } from '@shoal/identity';
import type { FoundItem } from './codec/answer.ts';

/** `raw` is the encoded value. */
export function immutableTarget(hashing: Hashing, raw: Uint8Array): Uint8Array {
  return hashing.digest('sha1', raw);
}

export function mutableTarget(hashing: Hashing, key: Uint8Array, salt: Uint8Array = noBytes): Uint8Array {
  return hashing.digest('sha1', concatBytes(key, salt));
}

/** What the key signs. */
export function signedBytes(salt: Uint8Array, sequence: number, raw: Uint8Array): Uint8Array {
  const saltPart =
    salt.length === 0 ? noBytes : concatBytes(toUtf8('4:salt'), toUtf8(`${salt.length}:`), salt);
  return concatBytes(saltPart, toUtf8(`3:seqi${sequence}e1:v`), raw);
}

export interface SignedItem {
  readonly raw: Uint8Array;
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
  readonly sequence: number;
  readonly signature: Uint8Array;
}

export function isSigned({ raw, key, salt, sequence, signature }: SignedItem): boolean {
  return verifySignature(key, signedBytes(salt, sequence, raw), signature);
}

/** What an item is when it is genuine. */
export interface Item {
  /** The encoded value. */
  readonly raw: Uint8Array;
  /** Of a mutable item. */
  readonly key?: Uint8Array;
  readonly sequence?: number;
  readonly signature?: Uint8Array;
}

/** `forged` can only be a lie; `unrelated` may be the item of another salt than ours. */
export function judgeItem(
  hashing: Hashing,
  target: Uint8Array,
  salt: Uint8Array,
  found: FoundItem,
): Item | 'forged' | 'unrelated' {
  const { raw, key, signature, sequence } = found;
  if (key === undefined) return equalBytes(immutableTarget(hashing, raw), target) ? { raw } : 'forged';
  if (!equalBytes(mutableTarget(hashing, key, salt), target)) return 'unrelated';
  if (signature === undefined || sequence === undefined) return 'forged';
  return isSigned({ raw, key, salt, sequence, signature }) ? { raw, key, sequence, signature } : 'forged';
}
