// Hash requests and their answers (BEP 52), as pure functions: which hashes a request asks for, how they are put
// together from rows of a tree, and how an answer folds up to one node that can be compared with a trusted one.
// An answer is `length` hashes of the base layer, then one uncle for each proof layer that cannot be computed from them.

import { concatBytes } from '@shoal/base';
import { maxHashesPerRequest } from './bounds.ts';
import { hashLength, log2, paddingHash, parentLayer, subtreeRoot } from './merkle.ts';
import type { Digest } from './types.ts';

export interface HashRequest {
  /** Root of the file's tree: says which file is meant. */
  readonly piecesRoot: Uint8Array;
  /** 0 is the layer of leaves. */
  readonly baseLayer: number;
  /** Of the first hash in that layer: a multiple of `length`. */
  readonly index: number;
  /** A power of two, at least two. */
  readonly length: number;
  /** Layers above the base layer that are proved; the lowest ones need no hash. */
  readonly proofLayers: number;
}

/** Whether a tree with this many leaves (a power of two) has what is asked for. */
export function isValidRequest(request: HashRequest, leafCount: number): boolean {
  const { baseLayer, index, length, proofLayers } = request;
  if (![baseLayer, index, length, proofLayers].every((n) => Number.isInteger(n) && n >= 0)) return false;
  const height = log2(leafCount);
  const width = leafCount / 2 ** baseLayer;
  return (
    baseLayer < height &&
    length >= 2 &&
    length <= maxHashesPerRequest &&
    (length & (length - 1)) === 0 &&
    index % length === 0 &&
    index + length <= width &&
    proofLayers < height - baseLayer
  );
}

/** How many uncles answer a request. */
function uncleCount(request: HashRequest): number {
  return Math.max(0, request.proofLayers - (log2(request.length) - 1));
}

/**
 * The hashes that answer a valid request. `base` has the base layer from hash `firstOfBase` on, as far as the file goes;
 * `uncleAt` gives a node of a higher layer, or undefined where it is not known, and then there is no answer.
 */
export function answerRequest(
  digest: Digest,
  request: HashRequest,
  base: Uint8Array,
  firstOfBase: number,
  uncleAt: (layer: number, index: number) => Uint8Array | undefined,
): Uint8Array | undefined {
  const start = (request.index - firstOfBase) * hashLength;
  const hashes = new Uint8Array((request.length + uncleCount(request)) * hashLength);
  const found = base.subarray(start, start + request.length * hashLength);
  hashes.set(found);
  const padding = paddingHash(digest, request.baseLayer);
  for (let at = found.length; at < request.length * hashLength; at += hashLength) hashes.set(padding, at);
  let layer = request.baseLayer + log2(request.length);
  let index = request.index / request.length;
  for (let at = request.length * hashLength; at < hashes.length; at += hashLength) {
    const uncle = uncleAt(layer, index ^ 1);
    if (uncle === undefined) return undefined;
    hashes.set(uncle, at);
    layer++;
    index >>>= 1;
  }
  return hashes;
}

/** The node that an answer proves: if it is the one that is trusted at that place, all hashes of the answer are right. */
export function foldAnswer(
  digest: Digest,
  request: HashRequest,
  hashes: Uint8Array,
): { readonly layer: number; readonly index: number; readonly hash: Uint8Array } | undefined {
  const uncles = uncleCount(request);
  if (hashes.length !== (request.length + uncles) * hashLength) return undefined;
  const height = log2(request.length);
  let layer = request.baseLayer + height;
  let index = request.index / request.length;
  let hash = subtreeRoot(digest, hashes.subarray(0, request.length * hashLength), request.baseLayer, height);
  for (let n = 0; n < uncles; n++) {
    const at = (request.length + n) * hashLength;
    const uncle = hashes.subarray(at, at + hashLength);
    hash = digest('sha256', index % 2 === 0 ? concatBytes(hash, uncle) : concatBytes(uncle, hash));
    layer++;
    index >>>= 1;
  }
  return { layer, index, hash };
}

/** A layer and all above it, so that uncles can be looked up. Nodes past the end of the file are padding. */
export class TreeRows {
  readonly #digest: Digest;
  readonly #firstLayer: number;
  readonly #rows: Uint8Array[];

  constructor(digest: Digest, row: Uint8Array, layer: number, root: number) {
    this.#digest = digest;
    this.#firstLayer = layer;
    this.#rows = [row];
    for (let next = layer; next < root; next++) {
      row = parentLayer(digest, row, next);
      this.#rows.push(row);
    }
  }

  /** Undefined below the first layer. */
  at(layer: number, index: number): Uint8Array | undefined {
    const row = this.#rows[layer - this.#firstLayer];
    if (row === undefined) return undefined;
    const start = index * hashLength;
    return start < row.length ? row.subarray(start, start + hashLength) : paddingHash(this.#digest, layer);
  }
}
