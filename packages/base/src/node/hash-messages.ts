// What the hash pool and its workers say to each other. One message carries many jobs, or many results.

import type { FileRange } from '../world/hashing.ts';

export interface WorkerJob {
  /** Where the bytes are, as triples: index into `memories`, offset, length. */
  readonly blocks?: readonly number[];
  readonly ranges?: readonly FileRange[];
  readonly sha1: boolean;
  readonly leafLength: number;
  readonly leafCount: number;
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
  readonly error?: {
    readonly code: string;
    readonly errno: number;
    readonly message: string;
    readonly path: string;
  };
}
