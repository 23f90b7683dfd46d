// Whether a piece is what the torrent says: v2 where its root is known, else v1.
// Invariant: `good` is only ever said of bytes that were hashed.

import {
  equalBytes,
  type Hashing,
  type HashJob,
  type HashSource,
  type HashStore,
  WorldError,
} from '@shoal/base';
import { storageError } from './errors.ts';
import type { Judgement, KnownHashes } from './types.ts';

/** BEP 52. */
const leafLength = 16384;

export interface JudgeOptions {
  readonly signal?: AbortSignal;
  /** Where a good piece that is in memory is written, by the thread that hashes it. */
  readonly place?: Omit<HashStore, 'digest'>;
}

/** `source` answers the bytes of the piece with its padding (v1) or without (v2). */
export async function judgePiece(
  hashing: Hashing,
  hashes: KnownHashes,
  piece: number,
  source: (withPadding: boolean) => HashSource | undefined,
  options: JudgeOptions = {},
): Promise<Judgement> {
  const v2 = hashes.v2(piece);
  const v1 = v2 === undefined ? hashes.v1(piece) : undefined;
  if (v2 === undefined && v1 === undefined) return { verdict: 'unknown' };
  const bytes = source(v2 === undefined);
  if (bytes === undefined) return { verdict: 'missing' };
  const expected = v2?.root ?? v1;
  const job: HashJob = {
    source: bytes,
    ...(v2 === undefined ? { sha1: true } : { merkle: { leafLength, leafCount: v2.leafCount } }),
    ...(options.place === undefined || expected === undefined
      ? {}
      : { store: { ...options.place, digest: expected } }),
  };
  let result: Awaited<ReturnType<Hashing['run']>>;
  try {
    result = await hashing.run(job, options.signal);
  } catch (error) {
    if (error instanceof WorldError && error.code === 'not-found') return { verdict: 'missing' };
    throw storageError(error, `piece ${piece}`);
  }
  const digest = v2 === undefined ? result.sha1 : result.root;
  if (digest === undefined) return { verdict: 'missing' };
  const verdict = expected !== undefined && equalBytes(digest, expected) ? 'good' : 'bad';
  return result.leaves === undefined ? { verdict } : { verdict, leaves: result.leaves };
}
