// Hashing at a virtual cost: real digests, a fixed number of workers, and an order that depends on nothing but the
// order of asking.

import { createHash, type Hash } from 'node:crypto';
import {
  equalBytes,
  type Hashing,
  type HashJob,
  type HashName,
  type HashResult,
  WorldError,
} from '@shoal/base';
import { firstBytes, type SimDisk } from './disk/disk.ts';
import type { Tree } from './disk/tree.ts';
import type { Timeline } from './timeline.ts';

export interface HashSpeed {
  /** How fast one worker is. Default 1e9. */
  readonly bytesPerSecond?: number;
  /** Default 2. */
  readonly workers?: number;
}

const hashLength = 32;
/** What a worker reads at once. */
const readLength = 1024 * 1024;

export class SimHashing implements Hashing {
  readonly #timeline: Timeline;
  readonly #bytesPerSecond: number;
  /** When each worker is free again. */
  readonly #workers: Float64Array;
  readonly #disk: SimDisk;
  readonly #tree: Tree;
  readonly #isAlive: () => boolean;

  constructor(
    timeline: Timeline,
    speed: HashSpeed,
    files: { readonly disk: SimDisk; readonly tree: Tree },
    isAlive: () => boolean,
  ) {
    this.#timeline = timeline;
    this.#bytesPerSecond = speed.bytesPerSecond ?? 1e9;
    this.#workers = new Float64Array(Math.max(1, speed.workers ?? 2));
    this.#disk = files.disk;
    this.#tree = files.tree;
    this.#isAlive = isAlive;
  }

  digest(name: HashName, bytes: Uint8Array): Uint8Array {
    return new Uint8Array(createHash(name).update(bytes).digest());
  }

  run(job: HashJob, signal?: AbortSignal): Promise<HashResult> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void =>
        reject(new WorldError('aborted', 'Cannot hash: aborted', { cause: signal?.reason }));
      if (signal?.aborted) return onAbort();
      check(job);
      // What is being stored is not let go of before it is there.
      if (job.store === undefined) signal?.addEventListener('abort', onAbort, { once: true });
      const own = withOwnBytes(job);
      this.#work(own)
        .then((result) => store(own, result))
        .then(resolve, reject)
        .finally(() => signal?.removeEventListener('abort', onAbort));
    });
  }

  async #work(job: HashJob): Promise<HashResult> {
    const expected = lengthOf(job);
    const digests = new Digests(job);
    if (job.source.kind === 'file') {
      for (const { path, offset, length } of job.source.ranges) {
        for (let done = 0; done < length; ) {
          const bytes = await this.#read(path, offset + done, Math.min(readLength, length - done));
          if (bytes.length === 0) return { bytesRead: digests.byteLength };
          digests.update(bytes);
          done += bytes.length;
        }
      }
      await this.#pass(expected);
    } else {
      await this.#pass(expected);
      for (const block of job.source.blocks) digests.update(block);
    }
    return digests.result();
  }

  async #read(path: string, position: number, length: number): Promise<Uint8Array> {
    if (path === '') return new Uint8Array(length);
    return this.#disk.perform({ kind: 'read', path, position, length }, () =>
      this.#tree.readAt(path, position, length),
    );
  }

  /** The time that the first free worker takes for so many bytes. */
  #pass(bytes: number): Promise<void> {
    const workers = this.#workers;
    const first = workers.indexOf(Math.min(...workers));
    const startMs = Math.max(workers[first] ?? 0, this.#timeline.nowMs);
    const endMs = startMs + (bytes * 1000) / this.#bytesPerSecond;
    workers[first] = endMs;
    return new Promise((resolve) => {
      this.#timeline.at(endMs, {
        isOff: false,
        happen: () => {
          if (this.#isAlive()) resolve();
        },
      });
    });
  }
}

async function store({ source, store, sha1 }: HashJob, result: HashResult): Promise<HashResult> {
  if (store === undefined || source.kind !== 'memory') return result;
  const digest = sha1 === true ? result.sha1 : result.root;
  const isStored = digest !== undefined && equalBytes(digest, store.digest);
  if (isStored) await store.file.write(firstBytes(source.blocks, store.length), store.position);
  return { ...result, isStored };
}

/** All digests that a job asked for, over one passage of its bytes. */
class Digests {
  byteLength = 0;
  readonly #sha1: Hash | undefined;
  readonly #merkle: { readonly leafLength: number; readonly leafCount: number } | undefined;
  readonly #leaves: Uint8Array[] = [];
  #leaf: Hash | undefined;
  #leafBytes = 0;

  constructor(job: HashJob) {
    this.#sha1 = job.sha1 === true ? createHash('sha1') : undefined;
    this.#merkle = job.merkle;
  }

  update(bytes: Uint8Array): void {
    this.byteLength += bytes.length;
    this.#sha1?.update(bytes);
    if (this.#merkle === undefined) return;
    const { leafLength } = this.#merkle;
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + leafLength - this.#leafBytes);
      this.#leaf ??= createHash('sha256');
      this.#leaf.update(part);
      this.#leafBytes += part.length;
      at += part.length;
      if (this.#leafBytes === leafLength) this.#endLeaf();
    }
  }

  #endLeaf(): void {
    if (this.#leaf === undefined) return;
    this.#leaves.push(new Uint8Array(this.#leaf.digest()));
    this.#leaf = undefined;
    this.#leafBytes = 0;
  }

  result(): HashResult {
    const sha1 = this.#sha1 === undefined ? {} : { sha1: new Uint8Array(this.#sha1.digest()) };
    if (this.#merkle === undefined) return { bytesRead: this.byteLength, ...sha1 };
    this.#endLeaf();
    const leaves = new Uint8Array(Buffer.concat(this.#leaves));
    return {
      bytesRead: this.byteLength,
      ...sha1,
      leaves,
      root: rootOf(this.#leaves, this.#merkle.leafCount),
    };
  }
}

/** BEP 52: missing leaves count as zeros. */
function rootOf(leaves: readonly Uint8Array[], leafCount: number): Uint8Array {
  let layer = leaves;
  let padding: Uint8Array = new Uint8Array(hashLength);
  for (let width = leafCount; width > 1; width /= 2) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < layer.length; i += 2) next.push(pairOf(layer[i] ?? padding, layer[i + 1] ?? padding));
    layer = next;
    padding = pairOf(padding, padding);
  }
  return layer[0] ?? padding;
}

function pairOf(left: Uint8Array, right: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(left).update(right).digest());
}

function check(job: HashJob): void {
  if (job.merkle !== undefined) {
    const { leafLength, leafCount } = job.merkle;
    const isPowerOfTwo = Number.isSafeInteger(leafCount) && leafCount > 0 && Math.log2(leafCount) % 1 === 0;
    if (!isPowerOfTwo || !Number.isSafeInteger(leafLength) || leafLength < 1)
      throw new WorldError('invalid', 'Leaves come in powers of two, each of a length', { value: leafCount });
    if (lengthOf(job) > leafLength * leafCount)
      throw new WorldError('invalid', 'More bytes than leaves', { value: leafCount });
  }
  if (job.source.kind !== 'file') {
    if (job.store !== undefined && !(job.store.length >= 0 && job.store.length <= lengthOf(job)))
      throw new WorldError('invalid', 'Not a part of the bytes to store', { value: job.store.length });
    return;
  }
  if (job.store !== undefined) throw new WorldError('invalid', 'What is read from files is not stored');
  for (const { offset, length } of job.source.ranges)
    if (![offset, length].every((value) => Number.isSafeInteger(value) && value >= 0))
      throw new WorldError('invalid', 'Not a range of a file', { value: `${offset}+${length}` });
}

function lengthOf({ source }: HashJob): number {
  const parts = source.kind === 'file' ? source.ranges : source.blocks;
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** Memory that is not shared may change once `run` has returned, so it is copied. */
function withOwnBytes(job: HashJob): HashJob {
  if (job.source.kind === 'file') return job;
  const blocks = job.source.blocks.map((block) =>
    block.buffer instanceof SharedArrayBuffer ? block : block.slice(),
  );
  return { ...job, source: { kind: 'memory', blocks } };
}
