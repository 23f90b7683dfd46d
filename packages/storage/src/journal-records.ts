// The journal's bytes: a header that says which content it is of, then records, each with a checksum.
//   record = length of the body (u32), kind (u8), body, the first 8 bytes of SHA-1 over kind and body
//   kinds: 1 header (digest of the content), 2 stamps, 3 good pieces, 4 lost pieces, 5 nothing else, 6 a home (or a part
//   of one), 7 all files are in the last home, 8 a copy of a file is begun
// Invariant: parsing never throws and stops at the first record that is torn or wrong; what stands before it counts.

import { type Bitfield, concatBytes, equalBytes, fromUtf8, type Hashing, toUtf8 } from '@shoal/base';
import { longestFileId, longestRecord, mostFormerHomes } from './bounds.ts';
import { decodeHome, encodeHome, isSameHome, parseJson } from './home.ts';
import type { FileStamp, Home } from './types.ts';

const headerKind = 1;
const stampsKind = 2;
const goodKind = 3;
const lostKind = 4;
const cleanKind = 5;
const homeKind = 6;
const settledKind = 7;
const copyKind = 8;

const frameLength = 4 + 1 + 8;
/** Both stay below `longestRecord`. */
const stampsInRecord = 3000;
const runsInRecord = 60_000;
const homeBytesInRecord = 512 * 1024;

type Digest = Hashing['digest'];

/**
 * The last file that was copied to another disk. Until its stamp has the copy's id, what has that id there is nothing but
 * a part of a copy; from then on, what has the other id is what was to be removed.
 */
export interface CopyRecord {
  readonly file: number;
  /** What it is a copy of. A power cut may bring it back under either of its names. */
  readonly from: { readonly id: string; readonly paths: readonly string[] };
  /** Empty as long as it may not even be made. */
  readonly id: string;
  /** Where it may stand, in the order in which it gets there. */
  readonly paths: readonly string[];
}

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
  /** Where the files are or were; the last one is where they belong. */
  homes: Home[];
  /** Some may still be in an earlier home than the last. */
  isMoving: boolean;
  copy: CopyRecord | undefined;
  /** Of a home whose last part is still to come. */
  homeParts: Uint8Array[];
  /** The last record says so: what is not recorded is not there. */
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

export function homeRecords(digest: Digest, home: Home): Uint8Array[] {
  const bytes = encodeHome(home);
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += homeBytesInRecord) {
    const part = bytes.subarray(at, at + homeBytesInRecord);
    const isLast = at + part.length === bytes.length;
    records.push(record(digest, homeKind, Uint8Array.from([isLast ? 0 : 1, ...part])));
  }
  return records;
}

export function settledRecord(digest: Digest): Uint8Array {
  return record(digest, settledKind, new Uint8Array(0));
}

export function copyRecord(digest: Digest, copy: CopyRecord): Uint8Array {
  return record(
    digest,
    copyKind,
    toUtf8(JSON.stringify([copy.file, copy.from.id, copy.from.paths, copy.id, copy.paths])),
  );
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
    case homeKind:
      return applyHome(body, fileCount, state);
    case settledKind:
      state.isMoving = false;
      return true;
    case copyKind:
      return applyCopy(body, fileCount, state);
    default:
      return false;
  }
}

function applyHome(body: Uint8Array, fileCount: number, state: JournalState): boolean {
  state.homeParts.push(body.subarray(1));
  if (body[0] !== 0) return true;
  const home = decodeHome(concatBytes(...state.homeParts), fileCount);
  state.homeParts = [];
  if (home === undefined) return false;
  enterHome(state, home);
  return true;
}

/** Files move there from now on. */
export function enterHome(state: JournalState, home: Home): void {
  // Homes that were left are remembered for callers who did not hear of it.
  const before = state.isMoving ? state.homes : state.homes.slice(-mostFormerHomes);
  state.homes = [...before.filter((other) => !isSameHome(other, home)), home];
  state.isMoving = state.homes.length > 1;
}

function applyCopy(body: Uint8Array, fileCount: number, state: JournalState): boolean {
  const value = parseJson(fromUtf8(body) ?? '');
  if (!Array.isArray(value)) return false;
  const [file, fromId, fromPaths, id, paths]: unknown[] = value;
  if (typeof file !== 'number' || file >= fileCount) return false;
  if (typeof fromId !== 'string' || typeof id !== 'string') return false;
  state.copy = { file, from: { id: fromId, paths: textsOf(fromPaths) }, id, paths: textsOf(paths) };
  return true;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
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
