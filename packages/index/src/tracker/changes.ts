// What threads that track the same swarms tell each other: announces that changed something, in records of 64 bytes,
// some thousand at a time. Whoever is told does as if it had heard the announce itself.

import { type AnnounceFields, announceEvents, readUint32, writeUint32 } from '@shoal/tracker/codec';
import type { AddressBytes } from './address-bytes.ts';

/** Event, family, blocks left, info hash, peer id, endpoint. */
const at = { event: 0, family: 1, left: 2, hash: 6, peerId: 26, endpoint: 46 } as const;
const recordBytes = 64;
const recordsInBatch = 1_024;
const blockBytes = 16_384;

/** Not an announce: how often the swarm was completed, in the place of blocks left. */
const downloadsEvent = 255;

export class ChangeLog {
  readonly #full: (batch: Uint8Array) => void;
  readonly #first: () => void;
  readonly #records = new Uint8Array(recordsInBatch * recordBytes);
  #length = 0;

  /** `first` is called when there is something to flush; `full` takes a batch, which is its own. */
  constructor(first: () => void, full: (batch: Uint8Array) => void) {
    this.#first = first;
    this.#full = full;
  }

  announce(fields: AnnounceFields, address: AddressBytes): void {
    const { left } = fields;
    this.#add(
      fields.event,
      address.family,
      left < 0 ? -1 : Math.min(0x7fff_ffff, Math.ceil(left / blockBytes)),
    );
    this.#put(at.hash, fields.bytes, fields.hashAt, 20);
    this.#put(at.peerId, fields.bytes, fields.peerIdAt, 20);
    this.#put(at.endpoint, address.bytes, 0, 18);
    this.#end();
  }

  downloads(hash: Uint8Array, count: number): void {
    this.#add(downloadsEvent, 4, count);
    this.#put(at.hash, hash, 0, 20);
    this.#end();
  }

  flush(): void {
    if (this.#length === 0) return;
    const batch = this.#records.slice(0, this.#length);
    this.#length = 0;
    this.#full(batch);
  }

  #add(event: number, family: number, left: number): void {
    if (this.#length === 0) this.#first();
    this.#records[this.#length + at.event] = event;
    this.#records[this.#length + at.family] = family;
    writeUint32(this.#records, this.#length + at.left, left);
  }

  #put(place: number, bytes: Uint8Array, from: number, length: number): void {
    for (let i = 0; i < length; i++) this.#records[this.#length + place + i] = bytes[from + i] ?? 0;
  }

  #end(): void {
    this.#length += recordBytes;
    if (this.#length === this.#records.length) this.flush();
  }
}

/** Reads a batch that another thread wrote. */
export function readChanges(
  batch: Uint8Array,
  fields: AnnounceFields,
  address: AddressBytes,
  told: { announce(): void; downloads(count: number): void },
): void {
  fields.bytes = batch;
  for (let start = 0; start + recordBytes <= batch.length; start += recordBytes) {
    const event = batch[start + at.event] ?? 0;
    const left = readUint32(batch, start + at.left) | 0;
    fields.hashAt = start + at.hash;
    fields.peerIdAt = start + at.peerId;
    if (event === downloadsEvent) {
      told.downloads(left);
      continue;
    }
    address.family = batch[start + at.family] === 6 ? 6 : 4;
    address.bytes.set(batch.subarray(start + at.endpoint, start + recordBytes));
    const port = start + at.endpoint + address.addressLength;
    fields.port = ((batch[port] ?? 0) << 8) | (batch[port + 1] ?? 0);
    fields.left = left < 0 ? -1 : left * blockBytes;
    fields.event = event <= announceEvents.paused ? event : announceEvents.none;
    told.announce();
  }
}
