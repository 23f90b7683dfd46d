// Hashing over the worker pool, and short inputs on this thread.

import { hash } from 'node:crypto';
import type { DiskFile } from '../world/disk.ts';
import { WorldError } from '../world/errors.ts';
import type { Hashing, HashJob, HashName } from '../world/hashing.ts';
import { NodeFile } from './disk-file.ts';
import { abortedError } from './errors.ts';
import { byteLengthOf, type WorkerPool } from './worker-pool.ts';

export function createHashing(pool: WorkerPool): Hashing {
  return {
    digest,

    async run(job, signal) {
      check(job);
      const { source, sha1 = false, merkle, store } = job;
      const work = { source, sha1, ...(merkle === undefined ? {} : { merkle }) };
      if (store === undefined) return pool.run(work, signal);
      if (signal?.aborted) throw abortedError('Cannot hash', signal);
      const { digest: expected, position, length } = store;
      return nodeFile(store.file).useToWrite(position, (fd, what) =>
        pool.run({ ...work, store: { fd, position, length, digest: expected }, what }),
      );
    },
  };
}

function nodeFile(file: DiskFile): NodeFile {
  if (file instanceof NodeFile) return file;
  throw new WorldError('invalid', 'Not a file of this world');
}

function check({ merkle, source, store }: HashJob): void {
  if (merkle !== undefined) {
    const { leafLength, leafCount } = merkle;
    const isPowerOfTwo = Number.isInteger(leafCount) && leafCount > 0 && Math.log2(leafCount) % 1 === 0;
    if (!Number.isInteger(leafLength) || leafLength < 1 || !isPowerOfTwo)
      throw new WorldError('invalid', 'Leaves need a length and a count that is a power of two');
    if (byteLengthOf(source) > leafLength * leafCount)
      throw new WorldError('invalid', 'There are more bytes than leaves', { value: leafCount });
  }
  if (source.kind === 'memory') {
    if (store !== undefined && !(store.length >= 0 && store.length <= byteLengthOf(source)))
      throw new WorldError('invalid', 'Not a part of the bytes to store', { value: store.length });
    return;
  }
  if (store !== undefined) throw new WorldError('invalid', 'What is read from files is not stored');
  for (const { offset, length } of source.ranges) {
    if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(length) || length < 0)
      throw new WorldError('invalid', 'Not a range of a file', { value: `${offset}+${length}` });
  }
}

/** As text and back: half the time of a Buffer, whose making takes longer than hashing 64 bytes. */
function digest(name: HashName, bytes: Uint8Array): Uint8Array {
  const text = hash(name, bytes, 'latin1');
  const result = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) result[i] = text.charCodeAt(i);
  return result;
}
