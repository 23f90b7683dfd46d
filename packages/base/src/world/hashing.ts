// Hashing: short inputs at once on this thread, content in jobs on other threads.
// A job reads its bytes once and yields every digest that was asked of it; and the thread that has them at hand writes
// them where they belong.

import type { DiskFile } from './disk.ts';

export type HashName = 'sha1' | 'sha256';

export interface FileRange {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

export type HashSource =
  /** Blocks over shared memory (see SlabPool) are not copied; they must not change until the job ends. */
  | { readonly kind: 'memory'; readonly blocks: readonly Uint8Array[] }
  /** Read by the worker itself; ranges are concatenated. A range with an empty path stands for zeros. */
  | { readonly kind: 'file'; readonly ranges: readonly FileRange[] };

export interface HashJob {
  readonly source: HashSource;
  /** The SHA-1 of all bytes. */
  readonly sha1?: boolean;
  /** SHA-256 of each run of this many bytes, and the merkle root over them (BEP 52). */
  readonly merkle?: { readonly leafLength: number; readonly leafCount: number };
  /** For bytes in memory. */
  readonly store?: HashStore;
}

/** Bytes that have the right digest are written at once, and others are not. */
export interface HashStore {
  /** The SHA-1; where no SHA-1 is asked for, the root. */
  readonly digest: Uint8Array;
  /** Open for writing, in the same World. */
  readonly file: DiskFile;
  readonly position: number;
  /** So many of the bytes are written: padding behind them is hashed only. */
  readonly length: number;
}

export interface HashResult {
  /** Less than what the source named when a file ended early; then no digest is given. */
  readonly bytesRead: number;
  readonly sha1?: Uint8Array;
  /** Leaf hashes, 32 bytes each, without padding. */
  readonly leaves?: Uint8Array;
  /** Root over the leaves, padded with zero hashes to `leafCount` (a power of two). */
  readonly root?: Uint8Array;
  /** Of a job with `store`: the digest was right, and the bytes are written. */
  readonly isStored?: boolean;
}

export interface Hashing {
  /** For keys, tokens and handshakes: short inputs, answered at once. */
  digest(name: HashName, bytes: Uint8Array): Uint8Array;
  /**
   * Runs on other threads, batched with the jobs around it. Rejects with a WorldError when a file cannot be read or
   * written. A job that stores is not aborted once it was begun.
   */
  run(job: HashJob, signal?: AbortSignal): Promise<HashResult>;
}
