// Whether a piece is what the torrent says: v2 where its root is known, else v1.
// Invariant: `good` is only ever said of bytes that were hashed.

import { equalBytes, type Hashing, type HashJob, type HashSource, WorldError } from '@shoal/base';
import { storageError } from './errors.ts';
import type { Judgement, KnownHashes } from './types.ts';

/** BEP 52. */
const leafLength = 16384;

/** `source` answers the bytes of the piece with its padding (v1) or without (v2). */
export async function judgePiece(
  hashing: Hashing,
  hashes: KnownHashes,
  piece: number,
  source: (withPadding: boolean) => HashSource | undefined,
  signal?: AbortSignal,
): Promise<Judgement> {
  const v2 = hashes.v2(piece);
  const v1 = v2 === undefined ? hashes.v1(piece) : undefined;
  if (v2 === undefined && v1 === undefined) return { verdict: 'unknown' };
  const bytes = source(v2 === undefined);
  if (bytes === undefined) return { verdict: 'missing' };
  const job: HashJob =
    v2 === undefined
      ? { source: bytes, sha1: true }
      : { source: bytes, merkle: { leafLength, leafCount: v2.leafCount } };
  let result: Awaited<ReturnType<Hashing['run']>>;
  try {
    result = await hashing.run(job, signal);
  } catch (error) {
    if (error instanceof WorldError && error.code === 'not-found') return { verdict: 'missing' };
    throw storageError(error, `piece ${piece}`);
  }
  const digest = v2 === undefined ? result.sha1 : result.root;
  if (digest === undefined) return { verdict: 'missing' };
  const expected = v2?.root ?? v1;
  const verdict = expected !== undefined && equalBytes(digest, expected) ? 'good' : 'bad';
  return result.leaves === undefined ? { verdict } : { verdict, leaves: result.leaves };
}
