// Merkle trees of BEP 52: SHA-256, two children a node, leaves over 16 KiB of one file. Nodes beyond the end of the
// file are not stored: a leaf there is 32 zero bytes, a node above is the hash over two such nodes.
// Layers are counted from the leaves (0) to the root, and kept as concatenated hashes.

import type { Digest } from './types.ts';

export const hashLength = 32;

/** Leaves of a tree over so many bytes: a power of two. */
export function leafCountOf(length: number, leafLength: number): number {
  return nextPowerOfTwo(Math.ceil(length / leafLength));
}

export function nextPowerOfTwo(count: number): number {
  let power = 1;
  while (power < count) power *= 2;
  return power;
}

/** Layers above one node of a row of `width` (a power of two). */
export function log2(width: number): number {
  return Math.round(Math.log2(width));
}

const paddingOf = new WeakMap<Digest, Uint8Array[]>();

/** The node of this layer that covers nothing but padding. */
export function paddingHash(digest: Digest, layer: number): Uint8Array {
  let known = paddingOf.get(digest);
  if (known === undefined) {
    known = [new Uint8Array(hashLength)];
    paddingOf.set(digest, known);
  }
  for (let next = known.length; next <= layer; next++) {
    const below = known[next - 1] ?? new Uint8Array(hashLength);
    const pair = new Uint8Array(2 * hashLength);
    pair.set(below);
    pair.set(below, hashLength);
    known.push(digest('sha256', pair));
  }
  return known[layer] ?? new Uint8Array(hashLength);
}

/** The layer above `hashes`, which are the first of layer `layer`; an odd one is paired with padding. */
export function parentLayer(digest: Digest, hashes: Uint8Array, layer: number): Uint8Array {
  const pairLength = 2 * hashLength;
  const parents = new Uint8Array(Math.ceil(hashes.length / pairLength) * hashLength);
  let at = 0;
  for (let start = 0; start < hashes.length; start += pairLength) {
    let pair = hashes.subarray(start, start + pairLength);
    if (pair.length < pairLength) {
      const padded = new Uint8Array(pairLength);
      padded.set(pair);
      padded.set(paddingHash(digest, layer), hashLength);
      pair = padded;
    }
    parents.set(digest('sha256', pair), at);
    at += hashLength;
  }
  return parents;
}

/**
 * The node `height` layers above the first of `hashes`, which are of layer `layer`. With the right height this is
 * the root over a whole layer; no hashes make a node of padding.
 */
export function subtreeRoot(digest: Digest, hashes: Uint8Array, layer: number, height: number): Uint8Array {
  if (hashes.length === 0) return paddingHash(digest, layer + height);
  let row = hashes;
  for (let step = 0; step < height; step++) row = parentLayer(digest, row, layer + step);
  return row.subarray(0, hashLength);
}

/** A file's root and piece layer from the hashes of its 16 KiB blocks, or its root from a piece layer alone. */
export function fileTree(
  digest: Digest,
  leaves: Uint8Array,
  leavesPerPiece: number,
): { readonly root: Uint8Array; readonly pieceLayer: Uint8Array } {
  let row = leaves;
  const pieceHeight = log2(leavesPerPiece);
  for (let layer = 0; layer < pieceHeight; layer++) row = parentLayer(digest, row, layer);
  const leafCount = leaves.length / hashLength;
  return {
    root:
      leafCount <= leavesPerPiece
        ? subtreeRoot(digest, leaves, 0, log2(nextPowerOfTwo(leafCount)))
        : pieceLayerRoot(digest, row, leavesPerPiece),
    pieceLayer: row,
  };
}

/** The root of a file of more than one piece. */
export function pieceLayerRoot(digest: Digest, pieceLayer: Uint8Array, leavesPerPiece: number): Uint8Array {
  const height = log2(nextPowerOfTwo(pieceLayer.length / hashLength));
  return subtreeRoot(digest, pieceLayer, log2(leavesPerPiece), height);
}
