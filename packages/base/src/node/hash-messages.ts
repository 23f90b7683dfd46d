// What the worker pool and its threads say to each other. One message carries many jobs, or many results.

import type { FileRange } from '../world/hashing.ts';

export interface WorkerJob {
  /** Where the bytes are, as triples: index into `memories`, offset, length. */
  readonly blocks?: readonly number[];
  readonly ranges?: readonly FileRange[];
  readonly sha1: boolean;
  readonly leafLength: number;
  readonly leafCount: number;
  readonly store?: StoreJob;
}

/** A file's number holds for all threads of a process; whoever opened it keeps it open until the answer came. */
export interface StoreJob {
  readonly fd: number;
  readonly position: number;
  readonly length: number;
  /** Nothing is written unless this is the digest of the bytes: SHA-1 if it was asked for, else the root. */
  readonly digest?: Uint8Array;
}

export interface WorkerBatch {
  readonly memories: readonly (SharedArrayBuffer | ArrayBuffer)[];
  readonly jobs: readonly WorkerJob[];
}

export interface WorkerResult {
  readonly bytesRead: number;
  readonly sha1?: Uint8Array;
  readonly leaves?: Uint8Array;
  readonly root?: Uint8Array;
  readonly isStored?: boolean;
  readonly error?: {
    readonly code: string;
    readonly errno: number;
    readonly message: string;
    readonly path: string;
  };
}
