// The manifest of an export: what an index's key says of a file of records. Each record in the file is signed by its
// publisher; the manifest says that they are all that the index had, up to a revision.

import { type Identity, latestSeconds, readRecord, signRecord, verifyRecord } from '@shoal/identity';
import { IndexError } from '../errors.ts';
import { longestExport, longestManifest } from './bounds.ts';

export interface Manifest {
  /** Of the catalogue that was exported: what came later is in its changes after this. */
  readonly revision: number;
  readonly count: number;
  /** Bytes of the file of records. */
  readonly length: number;
  /** The root of that file's merkle tree, as in BEP 52. */
  readonly root: Uint8Array;
}

export interface VerifiedManifest extends Manifest {
  /** Of the index, 64 hexadecimal digits. */
  readonly key: string;
  readonly madeAtMs: number;
}

const kind = 'catalogue';

export function signManifest(identity: Identity, manifest: Manifest, madeAt: number): Uint8Array {
  const { revision, count, length, root } = manifest;
  return signRecord(identity, {
    kind,
    sequence: revision,
    madeAt,
    expiresAt: latestSeconds,
    body: { count, length, root },
  });
}

/** Throws IdentityError for what nobody signed, and IndexError `invalid` for what makes no sense. */
export function readManifest(bytes: Uint8Array): VerifiedManifest {
  const record = verifyRecord(readRecord(bytes, { kind, longest: longestManifest }));
  const count = record.body.get('count')?.asInteger() ?? -1;
  const length = record.body.get('length')?.asInteger() ?? -1;
  const root = record.body.get('root')?.asBytes(32);
  if (count < 0 || length < 0 || length > longestExport || root === undefined)
    throw new IndexError('invalid', 'The manifest says nothing that can be.');
  return {
    revision: record.sequence,
    count,
    length,
    root: root.slice(),
    key: Buffer.from(record.key).toString('hex'),
    madeAtMs: 1000 * record.madeAt,
  };
}
