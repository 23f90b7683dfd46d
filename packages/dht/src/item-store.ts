// The items (BEP 44) that others put on us. Invariant: an item stored here was genuine when it came, and a mutable
// one is only replaced by a newer sequence number, or by what its own compare-and-swap asks for.

import { equalBytes, type Hashing } from '@shoal/base';
import { itemLifeMs, maxItems, maxItemsPerAddress } from './bounds.ts';
import { errorCodes, type PutItem, sizeErrorOf } from './codec/krpc.ts';
import { type Item, immutableTarget, isSigned, mutableTarget } from './items.ts';
import { idKey } from './node-id.ts';

interface Stored {
  readonly item: Item;
  readonly by: string;
  readonly putMs: number;
}

export interface PutError {
  readonly code: number;
  readonly message: string;
}

export class ItemStore {
  readonly #hashing: Hashing;
  /** In the order of their last put. */
  readonly #items = new Map<string, Stored>();
  readonly #countByAddress = new Map<string, number>();

  constructor(hashing: Hashing) {
    this.#hashing = hashing;
  }

  get count(): number {
    return this.#items.size;
  }

  get(target: Uint8Array, nowMs: number): Item | undefined {
    if (this.#items.size === 0) return undefined;
    const key = idKey(target);
    const stored = this.#items.get(key);
    if (stored === undefined) return undefined;
    if (nowMs - stored.putMs < itemLifeMs) return stored.item;
    this.#remove(key, stored);
    return undefined;
  }

  /** `by` is whoever put it: an address, or an IPv6 network. */
  put(offered: PutItem, by: string, nowMs: number): PutError | undefined {
    const tooLong = sizeErrorOf(offered);
    if (tooLong !== undefined) return tooLong;
    const { raw, mutable } = offered;
    if (mutable === undefined)
      return this.#store(idKey(immutableTarget(this.#hashing, raw)), { raw: raw.slice() }, by, nowMs);
    const { key, salt, sequence, signature, cas } = mutable;
    const target = mutableTarget(this.#hashing, key, salt);
    const old = this.get(target, nowMs);
    const oldSequence = old?.sequence;
    if (old !== undefined && oldSequence !== undefined) {
      if (cas !== undefined && cas !== oldSequence)
        return { code: errorCodes.casMismatch, message: 'The CAS hash mismatched, re-read and try again' };
      const isSame = sequence === oldSequence && equalBytes(old.raw, raw);
      if (sequence < oldSequence || (sequence === oldSequence && !isSame))
        return { code: errorCodes.oldSequence, message: 'Sequence number less than current' };
    }
    if (!isSigned({ raw, key, salt, sequence, signature }))
      return { code: errorCodes.badSignature, message: 'Invalid signature' };
    const item = { raw: raw.slice(), key: key.slice(), sequence, signature: signature.slice() };
    return this.#store(idKey(target), item, by, nowMs);
  }

  #store(key: string, item: Item, by: string, nowMs: number): PutError | undefined {
    const old = this.#items.get(key);
    const owner = old?.by ?? by;
    const count = this.#countByAddress.get(owner) ?? 0;
    if (old === undefined) {
      this.#expire(nowMs);
      if (count >= maxItemsPerAddress)
        return { code: errorCodes.server, message: 'Too many items from your address' };
      this.#countByAddress.set(owner, count + 1);
    }
    this.#items.delete(key);
    this.#items.set(key, { item, by: owner, putMs: nowMs });
    if (this.#items.size > maxItems) this.#removeOldest();
    return undefined;
  }

  #expire(nowMs: number): void {
    for (const [key, stored] of this.#items) {
      if (nowMs - stored.putMs < itemLifeMs) return;
      this.#remove(key, stored);
    }
  }

  #removeOldest(): void {
    for (const [key, stored] of this.#items) {
      this.#remove(key, stored);
      return;
    }
  }

  #remove(key: string, stored: Stored): void {
    this.#items.delete(key);
    const count = (this.#countByAddress.get(stored.by) ?? 1) - 1;
    if (count > 0) this.#countByAddress.set(stored.by, count);
    else this.#countByAddress.delete(stored.by);
  }
}
