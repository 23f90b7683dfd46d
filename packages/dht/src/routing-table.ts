// The routing table of one family (BEP 5): buckets by how many leading bits an id shares with ours; the last bucket
// holds all that share more, and splits when it is full. Behind each bucket waits a replacement cache.
// Invariant: every contact answered us once, its id fits its address (BEP 42), no public address is in twice, no
// network (/24, /64) has more than its share, and no bucket more than eight.

import { type Endpoint, equalBytes, type Random } from '@shoal/base';
import {
  bucketSize,
  maxFailures,
  maxPerPrefixInBucket,
  maxPerPrefixInTable,
  questionableAfterMs,
  replacementsPerBucket,
} from './bounds.ts';
import type { NodeInfo } from './codec/nodes.ts';
import { type Contact, compactContacts, makeContact, placeKey, prefixOf } from './contact.ts';
import { compareDistance, idBits, sharedPrefix } from './node-id.ts';
import { isIdAllowed } from './secure-id.ts';

interface Bucket {
  contacts: Contact[];
  /** Newest last. */
  replacements: Contact[];
  /** When a contact last came or answered. */
  changedMs: number;
  /** Its contacts as a reply carries them. */
  compact: Uint8Array | undefined;
}

export interface TableOptions {
  readonly own: Uint8Array;
  /** BEP 42 for public addresses. */
  readonly enforcesIds: boolean;
  readonly nowMs: number;
}

export class RoutingTable {
  readonly #enforcesIds: boolean;
  #own: Uint8Array;
  #buckets: Bucket[];
  /** Contacts, not replacements. */
  readonly #places = new Map<string, Contact>();
  readonly #prefixes = new Map<string, number>();
  #allCompact: Uint8Array | undefined;

  constructor({ own, enforcesIds, nowMs }: TableOptions) {
    this.#own = own;
    this.#enforcesIds = enforcesIds;
    this.#buckets = [emptyBucket(nowMs)];
  }

  get own(): Uint8Array {
    return this.#own;
  }

  get size(): number {
    return this.#places.size;
  }

  get bucketCount(): number {
    return this.#buckets.length;
  }

  get replacementCount(): number {
    return this.#buckets.reduce((sum, { replacements }) => sum + replacements.length, 0);
  }

  contacts(): Contact[] {
    return this.#buckets.flatMap(({ contacts }) => contacts);
  }

  find(endpoint: Endpoint): Contact | undefined {
    const contact = this.#places.get(placeKey(endpoint, prefixOf(endpoint)));
    return contact !== undefined && contact.endpoint.port === endpoint.port ? contact : undefined;
  }

  /** A stranger is worth a ping: it could come in, or wait. */
  wants(id: Uint8Array, endpoint: Endpoint): boolean {
    const bits = sharedPrefix(this.#own, id);
    if (bits === idBits || this.#places.has(placeKey(endpoint, prefixOf(endpoint)))) return false;
    const { contacts, replacements } = this.#bucketAt(bits);
    if (contacts.length >= bucketSize && replacements.length >= replacementsPerBucket) return false;
    return !this.#enforcesIds || isIdAllowed(id, endpoint);
  }

  /** A node answered a question of ours. True when it is in the table now. */
  answered(node: NodeInfo, nowMs: number, rttMs?: number): boolean {
    const prefix = prefixOf(node.endpoint);
    const key = placeKey(node.endpoint, prefix);
    const known = this.#places.get(key);
    if (known !== undefined) {
      if (known.endpoint.port === node.endpoint.port && equalBytes(known.id, node.id)) {
        this.#renew(known, nowMs, rttMs);
        return true;
      }
      // Another node at the place of one that still answers has to wait until that one is gone.
      if (known.endpoint.port !== node.endpoint.port && known.failures === 0) return false;
      this.#remove(known);
    }
    if (this.#enforcesIds && !isIdAllowed(node.id, node.endpoint)) return false;
    const contact = makeContact(node, nowMs, rttMs);
    return contact !== undefined && this.#insert(contact, key, nowMs);
  }

  /** A node that we know asked us something. */
  heard(id: Uint8Array, endpoint: Endpoint, nowMs: number): void {
    const contact = this.find(endpoint);
    if (contact !== undefined && equalBytes(id, contact.id)) contact.lastHeardMs = nowMs;
  }

  /** A node did not answer. Bad ones leave when somebody waits for the place, or at once when nobody needs them. */
  failed(endpoint: Endpoint): void {
    const contact = this.find(endpoint);
    if (contact === undefined) return;
    contact.failures++;
    const bucket = this.#bucketOf(contact.id);
    this.#changed(bucket);
    if (contact.failures < maxFailures) return;
    this.#remove(contact);
    this.#promote(bucket);
  }

  /** A node that lies is not kept. */
  drop(endpoint: Endpoint): void {
    const contact = this.find(endpoint);
    if (contact === undefined) return;
    const bucket = this.#bucketOf(contact.id);
    this.#remove(contact);
    this.#promote(bucket);
  }

  /** From anywhere; those that did not fail lately. */
  sample(count: number, random: Random): Contact[] {
    const drawn = this.contacts().filter(({ failures }) => failures === 0);
    for (let i = 0; i < Math.min(count, drawn.length); i++) {
      const at = i + random.below(drawn.length - i);
      const [one, other] = [drawn[i], drawn[at]];
      if (one === undefined || other === undefined) break;
      drawn[i] = other;
      drawn[at] = one;
    }
    return drawn.slice(0, count);
  }

  /** Nearest first; those that did not fail lately. */
  closest(target: Uint8Array, count: number): Contact[] {
    const at = this.#indexAt(sharedPrefix(this.#own, target));
    const found: Contact[] = [];
    const take = (bucket: Bucket | undefined): void => {
      for (const contact of bucket?.contacts ?? []) if (contact.failures === 0) found.push(contact);
    };
    take(this.#buckets[at]);
    // All buckets behind share the same bits with the target, and one less than this bucket's own.
    if (found.length < count) for (let i = at + 1; i < this.#buckets.length; i++) take(this.#buckets[i]);
    for (let i = at - 1; i >= 0 && found.length < count; i--) take(this.#buckets[i]);
    found.sort((a, b) => compareDistance(target, a.id, b.id));
    return found.length > count ? found.slice(0, count) : found;
  }

  /** The eight nearest as a reply carries them. What was answered before is mostly at hand. */
  compactClosest(target: Uint8Array): Uint8Array {
    if (this.size <= bucketSize) {
      this.#allCompact ??= compactContacts(this.closest(target, bucketSize));
      return this.#allCompact;
    }
    const at = this.#indexAt(sharedPrefix(this.#own, target));
    const bucket = this.#buckets[at];
    if (bucket?.compact !== undefined) return bucket.compact;
    const nearest = this.closest(target, bucketSize);
    const bytes = compactContacts(nearest);
    // A bucket with eight good contacts answers for every target that falls into it, whatever the order.
    const isWhole =
      bucket !== undefined &&
      nearest.length === bucketSize &&
      nearest.every((one) => bucket.contacts.includes(one));
    if (isWhole && at < this.#buckets.length - 1) bucket.compact = bytes;
    return bytes;
  }

  /** Ours has changed (BEP 42): everybody finds a new place. */
  adoptId(own: Uint8Array, nowMs: number): void {
    const contacts = this.#buckets.flatMap((bucket) => [...bucket.contacts, ...bucket.replacements]);
    this.#own = own;
    this.#buckets = [emptyBucket(nowMs)];
    this.#places.clear();
    this.#prefixes.clear();
    this.#allCompact = undefined;
    for (const contact of contacts) {
      const key = placeKey(contact.endpoint, contact.prefix);
      if (!this.#places.has(key)) this.#insert(contact, key, contact.lastHeardMs);
    }
  }

  /** Contacts of one bucket that were not heard of since `sinceMs`. */
  staleIn(bucketIndex: number, sinceMs: number): Contact[] {
    const { contacts = [] } = this.#buckets[bucketIndex] ?? {};
    return contacts.filter(({ lastHeardMs, failures }) => lastHeardMs < sinceMs || failures > 0);
  }

  /** The first bucket that wants a refresh, as the bits it shares with ours. It is not named again soon. */
  takeUnchanged(nowMs: number): number | undefined {
    const at = this.#buckets.findIndex(({ changedMs }) => nowMs - changedMs >= questionableAfterMs);
    const bucket = this.#buckets[at];
    if (bucket === undefined) return undefined;
    bucket.changedMs = nowMs;
    return at;
  }

  #indexAt(bits: number): number {
    return Math.min(bits, this.#buckets.length - 1);
  }

  #bucketAt(bits: number): Bucket {
    const bucket = this.#buckets[this.#indexAt(bits)];
    if (bucket === undefined) throw new RangeError('a table has at least one bucket');
    return bucket;
  }

  #bucketOf(id: Uint8Array): Bucket {
    return this.#bucketAt(sharedPrefix(this.#own, id));
  }

  #renew(contact: Contact, nowMs: number, rttMs: number | undefined): void {
    const bucket = this.#bucketOf(contact.id);
    contact.lastHeardMs = nowMs;
    contact.rttMs = rttMs ?? contact.rttMs;
    bucket.changedMs = nowMs;
    if (contact.failures === 0) return;
    contact.failures = 0;
    this.#changed(bucket);
  }

  #insert(contact: Contact, key: string, nowMs: number): boolean {
    const bits = sharedPrefix(this.#own, contact.id);
    if (bits === idBits) return false;
    const bucket = this.#bucketAt(bits);
    if (!this.#hasRoomFor(contact, bucket)) return false;
    if (bucket.contacts.length >= bucketSize) {
      const failing = bucket.contacts.find(({ failures }) => failures > 0);
      if (failing !== undefined) this.#remove(failing);
      else if (this.#split(bucket, nowMs)) return this.#insert(contact, key, nowMs);
      else {
        this.#wait(contact, bucket);
        return false;
      }
    }
    bucket.replacements = bucket.replacements.filter((one) => placeKey(one.endpoint, one.prefix) !== key);
    bucket.contacts.push(contact);
    bucket.changedMs = nowMs;
    this.#places.set(key, contact);
    if (contact.prefix !== '')
      this.#prefixes.set(contact.prefix, (this.#prefixes.get(contact.prefix) ?? 0) + 1);
    this.#changed(bucket);
    return true;
  }

  #hasRoomFor({ prefix }: Contact, { contacts }: Bucket): boolean {
    if (prefix === '') return true;
    if ((this.#prefixes.get(prefix) ?? 0) >= maxPerPrefixInTable) return false;
    let neighbours = 0;
    for (const other of contacts) if (other.prefix === prefix) neighbours++;
    return neighbours < maxPerPrefixInBucket;
  }

  #wait(contact: Contact, bucket: Bucket): void {
    const key = placeKey(contact.endpoint, contact.prefix);
    bucket.replacements = bucket.replacements.filter((one) => placeKey(one.endpoint, one.prefix) !== key);
    bucket.replacements.push(contact);
    if (bucket.replacements.length > replacementsPerBucket) bucket.replacements.shift();
  }

  /** Only the last bucket, where our own id belongs, splits. */
  #split(bucket: Bucket, nowMs: number): boolean {
    const bits = this.#buckets.length - 1;
    if (bucket !== this.#buckets[bits] || bits >= idBits - 1) return false;
    const staysIn = ({ id }: Contact): boolean => sharedPrefix(this.#own, id) === bits;
    const next = emptyBucket(nowMs);
    next.contacts = bucket.contacts.filter((contact) => !staysIn(contact));
    next.replacements = bucket.replacements.filter((contact) => !staysIn(contact));
    bucket.contacts = bucket.contacts.filter(staysIn);
    bucket.replacements = bucket.replacements.filter(staysIn);
    this.#buckets.push(next);
    this.#changed(bucket);
    for (const half of [bucket, next]) while (half.contacts.length < bucketSize && this.#promote(half));
    return true;
  }

  #remove(contact: Contact): void {
    const bucket = this.#bucketOf(contact.id);
    bucket.contacts = bucket.contacts.filter((one) => one !== contact);
    this.#places.delete(placeKey(contact.endpoint, contact.prefix));
    if (contact.prefix !== '') {
      const left = (this.#prefixes.get(contact.prefix) ?? 1) - 1;
      if (left === 0) this.#prefixes.delete(contact.prefix);
      else this.#prefixes.set(contact.prefix, left);
    }
    this.#changed(bucket);
  }

  /** The newest that waits and may come in does. */
  #promote(bucket: Bucket): boolean {
    for (;;) {
      const contact = bucket.replacements.pop();
      if (contact === undefined) return false;
      const key = placeKey(contact.endpoint, contact.prefix);
      if (!this.#places.has(key) && this.#insert(contact, key, contact.lastHeardMs)) return true;
    }
  }

  #changed(bucket: Bucket): void {
    bucket.compact = undefined;
    this.#allCompact = undefined;
  }
}

function emptyBucket(nowMs: number): Bucket {
  return { contacts: [], replacements: [], changedMs: nowMs, compact: undefined };
}
