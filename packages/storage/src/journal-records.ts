// The journal's bytes: a header that says which content it is of, then records, each with a checksum.
//   record = length of the body (u32), kind (u8), body, the first 8 bytes of SHA-1 over kind and body
//   kinds: 1 header (digest of the content), 2 stamps, 3 good pieces, 4 lost pieces, 5 clean stop
// Invariant: parsing never throws and stops at the first record that is torn or wrong; what stands before it counts.

import { type Bitfield, equalBytes, fromUtf8, type Hashing, toUtf8 } from '@shoal/base';
import { longestFileId, longestRecord } from './bounds.ts';
import type { FileStamp } from './types.ts';

const headerKind = 1;
const stampsKind = 2;
const goodKind = 3;
const lostKind = 4;
const cleanKind = 5;

const frameLength = 4 + 1 + 8;
/** Both stay below `longestRecord`. */
const stampsInRecord = 3000;
const runsInRecord = 60_000;

type Digest = Hashing['digest'];

export interface JournalState {
  /** The last stamp of each file. */
  readonly stamps: Map<number, FileStamp>;
  /** Written and synced: there after a power cut, too. */
  readonly synced: Bitfield;
  /** Written during `bootId`: there as long as the machine has not started again. */
  readonly written: Bitfield;
  /** Written, but the machine has started again since: perhaps there. */
  readonly doubtful: Bitfield;
  bootId: string;
  /** The last record was that of a clean stop: what is not recorded is not there. */
  isClean: boolean;
}

export function headerRecord(digest: Digest, contentDigest: Uint8Array): Uint8Array {
  return record(digest, headerKind, contentDigest);
}

export function stampRecords(digest: Digest, stamps: readonly FileStamp[]): Uint8Array[] {
  return inParts(stamps, stampsInRecord, (part) => {
    const ids = part.map(({ id }) => toUtf8(id).subarray(0, longestFileId));
    const body = new Uint8Array(ids.reduce((total, id) => total + 21 + id.length, 0));
    const view = new DataView(body.buffer);
    let at = 0;
    part.forEach((stamp, i) => {
      const id = ids[i] ?? new Uint8Array(0);
      view.setUint32(at, stamp.file);
      view.setFloat64(at + 4, stamp.length);
      view.setFloat64(at + 12, stamp.modifiedMs);
      view.setUint8(at + 20, id.length);
      body.set(id, at + 21);
      at += 21 + id.length;
    });
    return record(digest, stampsKind, body);
  });
}

/** `bootId` empty: the pieces were synced. */
export function goodRecords(digest: Digest, pieces: Iterable<number>, bootId: string): Uint8Array[] {
  const boot = toUtf8(bootId).subarray(0, 255);
  return inParts(runsOf(pieces), runsInRecord, (runs) => {
    const body = new Uint8Array(1 + boot.length + runs.length * 8);
    body[0] = boot.length;
    body.set(boot, 1);
    writeRuns(body, 1 + boot.length, runs);
    return record(digest, goodKind, body);
  });
}

export function lostRecords(digest: Digest, pieces: Iterable<number>): Uint8Array[] {
  return inParts(runsOf(pieces), runsInRecord, (runs) => {
    const body = new Uint8Array(runs.length * 8);
    writeRuns(body, 0, runs);
    return record(digest, lostKind, body);
  });
}

export function cleanRecord(digest: Digest): Uint8Array {
  return record(digest, cleanKind, new Uint8Array(0));
}

/**
 * Brings `state` up to what the records say, and answers the length of the sound part: 0 when the header is not that
 * of this content.
 */
export function parseJournal(
  digest: Digest,
  bytes: Uint8Array,
  contentDigest: Uint8Array,
  fileCount: number,
  state: JournalState,
): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (;;) {
    if (bytes.length - at < frameLength) return at;
    const length = view.getUint32(at);
    if (length > longestRecord || bytes.length - at < frameLength + length) return at;
    const checked = bytes.subarray(at + 4, at + 5 + length);
    const sum = bytes.subarray(at + 5 + length, at + frameLength + length);
    if (!equalBytes(digest('sha1', checked).subarray(0, 8), sum)) return at;
    const body = checked.subarray(1);
    const isHeader = at === 0;
    if (isHeader !== (checked[0] === headerKind)) return at;
    if (isHeader ? !equalBytes(body, contentDigest) : !apply(checked[0] ?? 0, body, fileCount, state))
      return at;
    at += frameLength + length;
  }
}

/** False for a record that makes no sense although its checksum is right. */
function apply(kind: number, body: Uint8Array, fileCount: number, state: JournalState): boolean {
  state.isClean = kind === cleanKind;
  switch (kind) {
    case stampsKind:
      return applyStamps(body, fileCount, state.stamps);
    case goodKind:
      return applyGood(body, state);
    case lostKind:
      return eachPiece(body, state.synced.length, (piece) => {
        state.synced.clear(piece);
        state.written.clear(piece);
        state.doubtful.clear(piece);
      });
    case cleanKind:
      return true;
    default:
      return false;
  }
}

/** The machine has started since: what was only written before may be lost. */
export function doubtWritten(state: JournalState, bootId: string): void {
  for (const piece of state.written.indices()) state.doubtful.set(piece);
  state.written.clearAll();
  state.bootId = bootId;
}

function applyStamps(body: Uint8Array, fileCount: number, stamps: Map<number, FileStamp>): boolean {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  for (let at = 0; at < body.length; ) {
    if (body.length - at < 21) return false;
    const file = view.getUint32(at);
    const end = at + 21 + view.getUint8(at + 20);
    const id = end <= body.length ? fromUtf8(body.subarray(at + 21, end)) : undefined;
    if (file >= fileCount || id === undefined) return false;
    stamps.set(file, { file, id, length: view.getFloat64(at + 4), modifiedMs: view.getFloat64(at + 12) });
    at = end;
  }
  return true;
}

function applyGood(body: Uint8Array, state: JournalState): boolean {
  const bootLength = body[0] ?? 0;
  if (body.length < 1 + bootLength) return false;
  const bootId = fromUtf8(body.subarray(1, 1 + bootLength));
  if (bootId === undefined) return false;
  if (bootId !== '' && bootId !== state.bootId) {
    doubtWritten(state, bootId);
  }
  const field = bootId === '' ? state.synced : state.written;
  return eachPiece(body.subarray(1 + bootLength), field.length, (piece) => field.set(piece));
}

function eachPiece(runs: Uint8Array, pieceCount: number, use: (piece: number) => void): boolean {
  const view = new DataView(runs.buffer, runs.byteOffset, runs.byteLength);
  if (runs.length % 8 !== 0) return false;
  let next = 0;
  for (let at = 0; at < runs.length; at += 8) {
    const start = view.getUint32(at);
    const count = view.getUint32(at + 4);
    // Runs ascend, so that a record costs no more than the pieces there are.
    if (start < next || count === 0 || start + count > pieceCount) return false;
    next = start + count;
    for (let piece = start; piece < next; piece++) use(piece);
  }
  return true;
}

function record(digest: Digest, kind: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(frameLength + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes[4] = kind;
  bytes.set(body, 5);
  bytes.set(digest('sha1', bytes.subarray(4, 5 + body.length)).subarray(0, 8), 5 + body.length);
  return bytes;
}

type Run = [start: number, count: number];

function runsOf(pieces: Iterable<number>): Run[] {
  const runs: Run[] = [];
  let last: Run | undefined;
  for (const piece of [...pieces].sort((a, b) => a - b)) {
    if (last !== undefined && piece === last[0] + last[1]) last[1]++;
    else if (last === undefined || piece > last[0] + last[1]) {
      last = [piece, 1];
      runs.push(last);
    }
  }
  return runs;
}

function writeRuns(into: Uint8Array, at: number, runs: readonly Run[]): void {
  const view = new DataView(into.buffer);
  runs.forEach(([start, count], i) => {
    view.setUint32(at + i * 8, start);
    view.setUint32(at + i * 8 + 4, count);
  });
}

function inParts<Item>(
  items: readonly Item[],
  most: number,
  make: (part: readonly Item[]) => Uint8Array,
): Uint8Array[] {
  const made: Uint8Array[] = [];
  for (let at = 0; at < items.length; at += most) made.push(make(items.slice(at, at + most)));
  return made;
}
