// A file of records: each as a bencoded byte string, one after the other. Invariant: whatever a file holds, reading it
// takes the memory of a batch, and what is no record ends it with an error.

import { concatBytes, type Disk, type DiskFile, type Hashing, toLatin1, toUtf8 } from '@shoal/base';
import { longestPublication } from '@shoal/directory';
import { leafCountOf } from '@shoal/metainfo';
import { maxChanges } from '../catalogue/bounds.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { IndexError } from '../errors.ts';
import { chunkBytes } from './bounds.ts';

const leafLength = 16_384;
const colon = 0x3a;

/** All that stands up to a revision. */
export async function writeRecords(
  file: DiskFile,
  catalogue: Catalogue,
  revision: number,
  signal: AbortSignal,
): Promise<{ readonly count: number; readonly length: number }> {
  let after = 0;
  let count = 0;
  let length = 0;
  for (;;) {
    signal.throwIfAborted();
    const { changes, next = revision } = await catalogue.changes(after, maxChanges);
    const wanted = changes.filter((change) => change.revision <= revision);
    const bytes = concatBytes(...wanted.flatMap(({ record }) => [toUtf8(`${record.length}:`), record]));
    await file.write([bytes], length);
    length += bytes.length;
    count += wanted.length;
    after = next;
    if (wanted.length < changes.length || after >= revision) return { count, length };
  }
}

/** The root of the merkle tree over it. */
export async function rootOf(
  hashing: Pick<Hashing, 'run'>,
  path: string,
  length: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const { root, bytesRead } = await hashing.run(
    {
      source: { kind: 'file', ranges: [{ path, offset: 0, length }] },
      merkle: { leafLength, leafCount: leafCountOf(length, leafLength) },
    },
    signal,
  );
  return bytesRead === length ? root : undefined;
}

/** Each is checked by the catalogue, which leaves out what is forged. */
export function takeRecords(
  disk: Disk,
  path: string,
  catalogue: Catalogue,
  signal: AbortSignal,
): Promise<{ readonly taken: number; readonly refused: number }> {
  return catalogue.takeAll(recordsIn(disk, path, signal));
}

async function* recordsIn(disk: Disk, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const file = await disk.open(path);
  try {
    let rest = new Uint8Array(0);
    let position = 0;
    for (;;) {
      signal.throwIfAborted();
      const chunk = new Uint8Array(chunkBytes);
      const read = await file.read([chunk], position);
      position += read;
      const bytes = concatBytes(rest, chunk.subarray(0, read));
      let at = 0;
      for (;;) {
        const end = recordEnd(bytes, at);
        if (end === undefined) break;
        yield bytes.slice(end.start, end.end);
        at = end.end;
      }
      rest = bytes.slice(at);
      if (read > 0) continue;
      if (rest.length > 0) throw noRecord();
      return;
    }
  } finally {
    await file.close();
  }
}

/** Undefined where more bytes are needed. */
function recordEnd(bytes: Uint8Array, at: number): { start: number; end: number } | undefined {
  const digits = bytes.subarray(at, at + 6);
  const length = digits.indexOf(colon);
  if (length < 0) {
    if (digits.length === 6) throw noRecord();
    return undefined;
  }
  const text = toLatin1(digits.subarray(0, length));
  if (!/^[1-9]\d*$/.test(text) || Number(text) > longestPublication) throw noRecord();
  const start = at + length + 1;
  const end = start + Number(text);
  return end <= bytes.length ? { start, end } : undefined;
}

function noRecord(): IndexError {
  return new IndexError('damaged', 'The file of records holds something else than records.');
}
