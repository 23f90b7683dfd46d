// The info hashes that a tracker serves when it does not serve all: from a file, and by the API.

import { fromHex, toHex, toLatin1 } from '@shoal/base';
import { IndexError } from '../errors.ts';

/** A line each; 10 million take 1.5 GB, which no operator means. */
const maxHashes = 10_000_000;

export class HashList {
  #hashes = new Set<string>();

  get size(): number {
    return this.#hashes.size;
  }

  has(bytes: Uint8Array, at: number): boolean {
    return this.#hashes.has(toLatin1(bytes.subarray(at, at + 20)));
  }

  /** Of 20 bytes, or 32, of which a tracker sees the first 20 (BEP 52). */
  add(hash: Uint8Array): void {
    if (this.#hashes.size >= maxHashes)
      throw new IndexError('too-many', `A list has at most ${maxHashes} info hashes.`);
    this.#hashes.add(toLatin1(hash.subarray(0, 20)));
  }

  remove(hash: Uint8Array): boolean {
    return this.#hashes.delete(toLatin1(hash.subarray(0, 20)));
  }

  /** Its file was changed. */
  become(other: HashList): void {
    this.#hashes = other.#hashes;
  }

  *[Symbol.iterator](): Generator<string> {
    for (const hash of this.#hashes)
      yield toHex(Uint8Array.from(hash, (character) => character.charCodeAt(0)));
  }
}

/** An info hash in hexadecimal. Throws IndexError `invalid`. */
export function parseHash(text: string): Uint8Array {
  const hash = /^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(text) ? fromHex(text) : undefined;
  if (hash === undefined)
    throw new IndexError('invalid', 'An info hash has 40 or 64 hexadecimal digits.', { value: text });
  return hash;
}

/** A hash a line; what follows a # is a remark. Throws IndexError `settings` that names the line. */
export function parseHashList(text: string): HashList {
  const list = new HashList();
  for (const [i, line] of text.split('\n').entries()) {
    const [hash = ''] = line.split('#');
    if (hash.trim() === '') continue;
    try {
      list.add(parseHash(hash.trim()));
    } catch (cause) {
      throw new IndexError('settings', `Line ${i + 1} of the list of info hashes has no info hash.`, {
        value: line,
        cause,
      });
    }
  }
  return list;
}
