// Which piece to begin next: rarest first among those of the highest priority, at random among equals, the very first
// ones at random altogether. Invariant: it looks at a bounded number of candidates, never at all pieces.

import type { Random } from '@shoal/base';
import type { PickerPeer } from './peer-pieces.ts';
import type { PieceTable } from './piece-table.ts';

/**
 * How a peer gets pieces, by how fast it is: blocks of pieces that others fetch too, pieces of its own, or pieces of its
 * own one after the other as they lie on the disk. A web server gets runs of pieces: from the first that is missing, or
 * where many are, away from what others with the same server begin with.
 */
export type Pace = 'shared' | 'whole' | 'sequential' | 'first-run' | 'any-run';

/** Until this many pieces are had, any piece will do: there is nothing to trade with yet (first pieces at random). */
const piecesBeforeRarest = 4;
/** How many candidates one pick looks at before it takes the byte-wise way (for peers that have little of what is rare). */
export const candidatesPerPick = 128;
/** A missing piece to begin for this peer; -1 when there is none. */
export function chooseMissing(table: PieceTable, random: Random, peer: PickerPeer, pace: Pace): number {
  const { buckets, have, missing } = table;
  let bucket = buckets.next(0);
  if (bucket < 0) return -1;
  const after = peer.lastPiece + 1;
  if (pace === 'sequential' && buckets.bucketOf(after) === bucket && peer.has(after)) return after;
  if (pace === 'first-run' || pace === 'any-run') {
    const piece = startOfRun(table, random, peer, pace);
    if (piece >= 0) return piece;
  }
  for (let piece = peer.suggested.pop(); piece !== undefined; piece = peer.suggested.pop())
    if (missing.has(piece) && peer.has(piece) && table.priority(piece) === buckets.bestPriority) return piece;
  if (have.count < piecesBeforeRarest && pace === 'shared') {
    const piece = anyMissing(table, random, peer);
    if (piece >= 0) return piece;
  }
  let looked = 0;
  for (; bucket >= 0; bucket = buckets.next(bucket + 1)) {
    const pieces = buckets.at(bucket);
    const start = random.below(pieces.length);
    for (let i = 0; i < pieces.length; i++) {
      const at = start + i;
      const piece = pieces[at < pieces.length ? at : at - pieces.length] ?? -1;
      if (peer.has(piece)) return piece;
      if (++looked >= candidatesPerPick) return rarestByBytes(table, random, peer);
    }
  }
  return -1;
}

function anyMissing(table: PieceTable, random: Random, peer: PickerPeer): number {
  const { buckets, missing, pieceCount } = table;
  for (let tries = 0; tries < 16; tries++) {
    const piece = random.below(pieceCount);
    if (missing.has(piece) && peer.has(piece) && table.priority(piece) === buckets.bestPriority) return piece;
  }
  return -1;
}

/** Places that are looked at for a long run, and how long one has to be. */
const runCandidates = 8;
const longEnough = 256;

function startOfRun(table: PieceTable, random: Random, peer: PickerPeer, pace: Pace): number {
  const { buckets, missing, pieceCount } = table;
  const fits = (piece: number) =>
    missing.has(piece) && peer.has(piece) && table.priority(piece) === buckets.bestPriority;
  const after = peer.lastPiece + 1;
  if (fits(after)) return after;
  if (pace === 'first-run') {
    // A byte of eight pieces at a time: rare, since a run mostly goes on after the last.
    const first = missing.bytes.findIndex((byte) => byte !== 0) * 8;
    for (let piece = first; piece >= 0 && piece < first + 8; piece++) if (fits(piece)) return piece;
  }
  let start = -1;
  let longest = 0;
  for (let tries = 0; tries < runCandidates && longest < longEnough; tries++) {
    const piece = random.below(pieceCount);
    let length = 0;
    while (length < longEnough && fits(piece + length)) length++;
    if (length > longest) {
      longest = length;
      start = piece;
    }
  }
  return start;
}

/** For a peer that has little of what is rare: both bitfields are laid over each other, eight pieces at a time. */
function rarestByBytes(table: PieceTable, random: Random, peer: PickerPeer): number {
  const { buckets, missing } = table;
  const theirs = peer.pieces?.bytes;
  if (theirs === undefined) return -1;
  const ours = missing.bytes;
  const start = random.below(ours.length);
  let best = -1;
  let found = 0;
  for (let i = 0; i < ours.length && found < candidatesPerPick; i++) {
    const byte = start + i < ours.length ? start + i : start + i - ours.length;
    const both = (ours[byte] ?? 0) & (theirs[byte] ?? 0);
    if (both === 0) continue;
    for (let bit = 0; bit < 8; bit++) {
      if ((both & (0x80 >>> bit)) === 0) continue;
      const piece = byte * 8 + bit;
      found++;
      if (best < 0 || buckets.bucketOf(piece) < buckets.bucketOf(best)) best = piece;
    }
  }
  return best;
}
