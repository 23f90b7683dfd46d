// What each piece has to hash to. v1 hashes come with the torrent; v2 piece layers come with a .torrent file, or hash by
// hash from peers (BEP 52) when a link led here. Invariant: a hash is known only after a proof up to the file's root.

import { equalBytes, toLatin1 } from '@shoal/base';
import { leafLength } from './bounds.ts';
import { MetainfoError } from './errors.ts';
import { answerRequest, foldAnswer, type HashRequest, isValidRequest, TreeRows } from './hash-request.ts';
import type { Layout } from './layout.ts';
import { hashLength, leafCountOf, log2, nextPowerOfTwo, pieceLayerRoot } from './merkle.ts';
import type { Digest, TorrentFile } from './types.ts';

/** The hashes of one file's pieces, as far as they are known. Files with equal content share it. */
interface PieceLayer {
  readonly piecesRoot: Uint8Array;
  readonly pieceCount: number;
  /** Empty until something is known. */
  hashes: Uint8Array;
  /** One for each hash that is known; undefined when all are. */
  known: Uint8Array | undefined;
  knownCount: number;
  rows: TreeRows | undefined;
}

/** BEP 52: more than this many hashes should not be asked for at once. */
const hashesPerRequest = 512;

export class PieceHashes {
  readonly #digest: Digest;
  readonly #layout: Layout;
  readonly #v1: Uint8Array | undefined;
  readonly #leavesPerPiece: number;
  readonly #layers = new Map<string, PieceLayer>();
  readonly #layerOfFile: (PieceLayer | undefined)[] = [];
  /** Some file of each root, made when a peer first speaks of roots. */
  #filesByRoot: Map<string, TorrentFile> | undefined;

  constructor(digest: Digest, layout: Layout, v1: Uint8Array | undefined) {
    this.#digest = digest;
    this.#layout = layout;
    this.#v1 = v1;
    this.#leavesPerPiece = Math.max(1, layout.pieceLength / leafLength);
    for (const [index, file] of layout.files.entries()) {
      if (file.piecesRoot === undefined || file.length <= layout.pieceLength) continue;
      this.#layerOfFile[index] = this.#layerFor(file.piecesRoot, file);
    }
  }

  /** SHA-1 over the whole piece, padding included. */
  v1(piece: number): Uint8Array | undefined {
    return this.#v1?.subarray(piece * 20, piece * 20 + 20);
  }

  /** The hashes of all pieces, 20 bytes each, as the torrent has them. */
  get v1Pieces(): Uint8Array | undefined {
    return this.#v1;
  }

  /** Root over the piece's 16 KiB leaves, without padding files; undefined in v1, and where the layer is not known yet. */
  v2(piece: number): { readonly root: Uint8Array; readonly leafCount: number } | undefined {
    const index = this.#layout.fileOfPiece(piece);
    const file = this.#layout.files[index];
    if (file?.piecesRoot === undefined) return undefined;
    const layer = this.#layerOfFile[index];
    if (layer === undefined)
      return { root: file.piecesRoot, leafCount: leafCountOf(file.length, leafLength) };
    const inFile = piece - file.offset / this.#layout.pieceLength;
    if (layer.known !== undefined && layer.known[inFile] !== 1) return undefined;
    const root = layer.hashes.subarray(inFile * hashLength, (inFile + 1) * hashLength);
    return { root, leafCount: this.#leavesPerPiece };
  }

  /** No v2 hash is missing. */
  get isComplete(): boolean {
    for (const layer of this.#layers.values()) if (layer.known !== undefined) return false;
    return true;
  }

  /** The piece layers of all files that need one, for writing a .torrent file; only those that are known in full. */
  *pieceLayers(): Generator<{ readonly piecesRoot: Uint8Array; readonly hashes: Uint8Array }, void, void> {
    for (const layer of this.#layers.values()) {
      if (layer.known === undefined) yield { piecesRoot: layer.piecesRoot, hashes: layer.hashes };
    }
  }

  /** Takes a whole piece layer; false when no file needs it, its length is wrong, or it does not lead to the root. */
  addPieceLayer(piecesRoot: Uint8Array, hashes: Uint8Array): boolean {
    const layer = this.#layers.get(toLatin1(piecesRoot));
    if (layer === undefined || hashes.length !== layer.pieceCount * hashLength) return false;
    if (!equalBytes(pieceLayerRoot(this.#digest, hashes, this.#leavesPerPiece), piecesRoot)) return false;
    this.#complete(layer, hashes);
    return true;
  }

  /** What to ask peers for, so that the hashes of a piece become known; undefined when they are. */
  requestFor(piece: number): HashRequest | undefined {
    const index = this.#layout.fileOfPiece(piece);
    const file = this.#layout.files[index];
    const layer = this.#layerOfFile[index];
    if (file?.piecesRoot === undefined || layer?.known === undefined) return undefined;
    const inFile = piece - file.offset / this.#layout.pieceLength;
    if (layer.known[inFile] === 1) return undefined;
    const first = Math.floor(inFile / hashesPerRequest) * hashesPerRequest;
    const rest = nextPowerOfTwo(layer.pieceCount - first);
    const baseLayer = log2(this.#leavesPerPiece);
    return {
      piecesRoot: file.piecesRoot,
      baseLayer,
      index: first,
      length: Math.max(2, Math.min(hashesPerRequest, rest)),
      proofLayers: log2(leafCountOf(file.length, leafLength)) - baseLayer - 1,
    };
  }

  /** What to ask peers for to learn the leaves of a piece whose hash is known, so that a liar can be named. */
  leafRequestFor(piece: number): HashRequest | undefined {
    const index = this.#layout.fileOfPiece(piece);
    const file = this.#layout.files[index];
    const expected = this.v2(piece);
    if (file?.piecesRoot === undefined || expected === undefined || expected.leafCount < 2) return undefined;
    const inFile = piece - file.offset / this.#layout.pieceLength;
    return {
      piecesRoot: file.piecesRoot,
      baseLayer: 0,
      index: inFile * this.#leavesPerPiece,
      length: expected.leafCount,
      proofLayers: log2(expected.leafCount) - 1,
    };
  }

  /**
   * Checks an answer from a peer: true when it is proved up to the root or to a piece hash that is known. Hashes of
   * the piece layer are then kept; leaves are the first `length` hashes, and the caller's to use.
   */
  takeAnswer(request: HashRequest, hashes: Uint8Array): boolean {
    const key = toLatin1(request.piecesRoot);
    const file = this.#fileOfRoot(key);
    if (file === undefined || !isValidRequest(request, leafCountOf(file.length, leafLength))) return false;
    const proved = foldAnswer(this.#digest, request, hashes);
    if (proved === undefined) return false;
    const layer = this.#layers.get(key);
    const trusted = this.#trusted(file, layer, proved.layer, proved.index);
    if (trusted === undefined || !equalBytes(trusted, proved.hash)) return false;
    if (layer?.known !== undefined && request.baseLayer === log2(this.#leavesPerPiece)) {
      this.#keep(layer, request.index, hashes.subarray(0, request.length * hashLength));
    }
    return true;
  }

  /**
   * Answers a peer, or undefined: it has to be rejected. For requests of the leaf layer the caller hands in the leaves of the
   * pieces in question, from `firstLeaf` on.
   */
  answer(
    request: HashRequest,
    leaves?: { readonly hashes: Uint8Array; readonly firstLeaf: number },
  ): Uint8Array | undefined {
    const key = toLatin1(request.piecesRoot);
    const file = this.#fileOfRoot(key);
    if (file === undefined) return undefined;
    const leafCount = leafCountOf(file.length, leafLength);
    if (!isValidRequest(request, leafCount)) return undefined;
    const layer = this.#layers.get(key);
    const pieceLayer = log2(this.#leavesPerPiece);
    if (layer?.known === undefined && layer !== undefined) {
      layer.rows ??= new TreeRows(this.#digest, layer.hashes, pieceLayer, log2(leafCount));
    }
    const above = layer?.rows;
    if (request.baseLayer === pieceLayer && layer?.known === undefined && layer !== undefined) {
      return answerRequest(this.#digest, request, layer.hashes, 0, (row, index) => above?.at(row, index));
    }
    if (request.baseLayer !== 0 || leaves === undefined) return undefined;
    return this.#answerLeaves(request, file, leaves, above);
  }

  /** Which pieces' leaves `answer` needs: pieces of the torrent, `end` not included; undefined when it needs none. */
  leavesNeeded(request: HashRequest): { readonly first: number; readonly end: number } | undefined {
    const file = this.#fileOfRoot(toLatin1(request.piecesRoot));
    if (file === undefined || request.baseLayer !== 0) return undefined;
    if (!isValidRequest(request, leafCountOf(file.length, leafLength))) return undefined;
    const isWholePieceLayer = this.#leavesPerPiece === 1 && file.length > this.#layout.pieceLength;
    if (isWholePieceLayer) return undefined;
    const filePiece = file.offset / this.#layout.pieceLength;
    const first = filePiece + Math.floor(request.index / this.#leavesPerPiece);
    const last = filePiece + Math.floor((request.index + request.length - 1) / this.#leavesPerPiece);
    const end = filePiece + Math.ceil(file.length / this.#layout.pieceLength);
    return { first, end: Math.min(last + 1, end) };
  }

  #answerLeaves(
    request: HashRequest,
    file: TorrentFile,
    leaves: { readonly hashes: Uint8Array; readonly firstLeaf: number },
    above: TreeRows | undefined,
  ): Uint8Array | undefined {
    const { hashes, firstLeaf } = leaves;
    const perPiece = this.#leavesPerPiece;
    const endOfPieces = Math.ceil((request.index + request.length) / perPiece) * perPiece;
    const end = Math.min(endOfPieces, Math.ceil(file.length / leafLength));
    if (firstLeaf > request.index || firstLeaf % perPiece !== 0) return undefined;
    if (end > firstLeaf + hashes.length / hashLength) return undefined;
    const pieceLayer = log2(this.#leavesPerPiece);
    const rootLayer = log2(leafCountOf(file.length, leafLength));
    const rows = new TreeRows(this.#digest, hashes, 0, Math.min(pieceLayer, rootLayer));
    return answerRequest(this.#digest, request, hashes, firstLeaf, (layer, index) =>
      layer < pieceLayer ? rows.at(layer, index - firstLeaf / 2 ** layer) : above?.at(layer, index),
    );
  }

  #trusted(
    file: TorrentFile,
    pieces: PieceLayer | undefined,
    layer: number,
    index: number,
  ): Uint8Array | undefined {
    if (layer === log2(leafCountOf(file.length, leafLength))) return file.piecesRoot;
    if (pieces === undefined || layer !== log2(this.#leavesPerPiece)) return undefined;
    if (pieces.known !== undefined && pieces.known[index] !== 1) return undefined;
    return pieces.hashes.subarray(index * hashLength, (index + 1) * hashLength);
  }

  #keep(layer: PieceLayer, index: number, hashes: Uint8Array): void {
    if (layer.known?.length === 0) {
      layer.known = new Uint8Array(layer.pieceCount);
      layer.hashes = new Uint8Array(layer.pieceCount * hashLength);
    }
    const { known } = layer;
    if (known === undefined) return;
    // What lies past the end of the file is padding.
    const count = Math.max(0, Math.min(hashes.length / hashLength, layer.pieceCount - index));
    if (count === 0) return;
    layer.hashes.set(hashes.subarray(0, count * hashLength), index * hashLength);
    for (let piece = index; piece < index + count; piece++) {
      if (known[piece] !== 1) layer.knownCount++;
      known[piece] = 1;
    }
    if (layer.knownCount === layer.pieceCount) this.#complete(layer, layer.hashes);
  }

  #complete(layer: PieceLayer, hashes: Uint8Array): void {
    layer.hashes = hashes;
    layer.known = undefined;
    layer.knownCount = layer.pieceCount;
  }

  #layerFor(piecesRoot: Uint8Array, file: TorrentFile): PieceLayer {
    const pieceCount = Math.ceil(file.length / this.#layout.pieceLength);
    const key = toLatin1(piecesRoot);
    let layer = this.#layers.get(key);
    if (layer === undefined) {
      const nothing = new Uint8Array(0);
      layer = { piecesRoot, pieceCount, hashes: nothing, known: nothing, knownCount: 0, rows: undefined };
      this.#layers.set(key, layer);
    }
    if (layer.pieceCount !== pieceCount) {
      throw new MetainfoError('bad-pieces-root', 'Two files of different lengths claim the same content.');
    }
    return layer;
  }

  #fileOfRoot(key: string): TorrentFile | undefined {
    if (this.#filesByRoot === undefined) {
      this.#filesByRoot = new Map();
      for (const file of this.#layout.files) {
        if (file.piecesRoot !== undefined) this.#filesByRoot.set(toLatin1(file.piecesRoot), file);
      }
    }
    return this.#filesByRoot.get(key);
  }
}
