// Content, stored once however many files on however many disks hold it. A chunk is up to `chunkLength` bytes that
// never change; whoever refers to it counts. Equal content is found by a sampled key and proven by comparison.

import { longestBucket } from '../bounds.ts';

export interface Chunk {
  readonly bytes: Uint8Array;
  readonly key: number;
  references: number;
}

const samples = 64;

export class ChunkStore {
  readonly #byKey = new Map<number, Chunk[]>();
  #storedBytes = 0;

  /** Bytes of content in memory, each kept once. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** A reference to this content, which is copied if it is new. */
  hold(bytes: Uint8Array): Chunk {
    const key = keyOf(bytes);
    const bucket = this.#byKey.get(key);
    const known = bucket?.slice(0, longestBucket).find((chunk) => equal(chunk.bytes, bytes));
    if (known !== undefined) {
      known.references++;
      return known;
    }
    const chunk = { bytes: bytes.slice(), key, references: 1 };
    if (bucket === undefined) this.#byKey.set(key, [chunk]);
    else bucket.push(chunk);
    this.#storedBytes += bytes.length;
    return chunk;
  }

  release(chunk: Chunk | undefined): void {
    if (chunk === undefined || --chunk.references > 0) return;
    this.#storedBytes -= chunk.bytes.length;
    const left = (this.#byKey.get(chunk.key) ?? []).filter((other) => other !== chunk);
    if (left.length === 0) this.#byKey.delete(chunk.key);
    else this.#byKey.set(chunk.key, left);
  }
}

/** Looks at the first and last bytes and at some between: real content that differs, differs there. */
function keyOf(bytes: Uint8Array): number {
  let key = bytes.length;
  const step = Math.max(1, Math.floor(bytes.length / samples));
  for (let i = 0; i < bytes.length; i += step) key = Math.imul(key ^ (bytes[i] ?? 0), 0x01000193);
  const last = Math.max(0, bytes.length - 16);
  for (let i = last; i < bytes.length; i++) key = Math.imul(key ^ (bytes[i] ?? 0), 0x01000193);
  return key;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
