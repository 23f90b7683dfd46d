// SHA-256 of files, each worked out when it is first asked for, one after the other, and kept while the file is the same.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { mostChecksums, readLength } from './bounds.ts';
import type { Place } from './paths.ts';

export class Checksums {
  readonly #known = new Map<string, Promise<string>>();
  #turn: Promise<unknown> = Promise.resolve();

  /** In hexadecimal. */
  of({ path, tag }: Place): Promise<string> {
    const key = `${tag} ${path}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#known.keys();
    if (this.#known.size >= mostChecksums && oldest !== undefined) this.#known.delete(oldest);
    const made = this.#turn.then(() => hashOf(path));
    this.#turn = made.catch(() => this.#known.delete(key));
    this.#known.set(key, made);
    return made;
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: readLength }), hash);
  return hash.digest('hex');
}
