// Metadata between peers (BEP 9): the messages, the side that gives and the side that asks.
// One asker fetches from one peer, so that bytes which do not match the info hash are that peer's fault;
// an engine runs a few of them at once.

import { encodeBencode, noBytes } from '@shoal/base';
import { longestMetadata, metadataPieceLength, metadataRequestsInFlight } from '../bounds.ts';
import { WireError } from '../errors.ts';
import { decodeDictionary, integerWithin } from './handshake.ts';

export type MetadataMessage =
  | { readonly kind: 'request'; readonly piece: number }
  | { readonly kind: 'data'; readonly piece: number; readonly totalSize: number; readonly bytes: Uint8Array }
  | { readonly kind: 'reject'; readonly piece: number };

const types = { request: 0, data: 1, reject: 2 } as const;

export function encodeMetadataMessage(message: MetadataMessage): Uint8Array {
  const isData = message.kind === 'data';
  const head = encodeBencode({
    msg_type: types[message.kind],
    piece: message.piece,
    total_size: isData ? message.totalSize : undefined,
  });
  if (!isData) return head;
  const payload = new Uint8Array(head.length + message.bytes.length);
  payload.set(head);
  payload.set(message.bytes, head.length);
  return payload;
}

/**
 * Undefined for a kind that we do not know, which BEP 9 asks to ignore. Throws `extended-malformed`.
 * `bytes` are a view of the payload.
 */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage | undefined {
  const root = decodeDictionary(payload);
  const type = root.get('msg_type')?.asInteger();
  if (type !== types.request && type !== types.data && type !== types.reject) return undefined;
  const piece = integerWithin(root.get('piece'), 0, 2 ** 31);
  if (piece === undefined) throw new WireError('extended-malformed', 'A metadata message names no piece.');
  if (type === types.request) return { kind: 'request', piece };
  if (type === types.reject) return { kind: 'reject', piece };
  const totalSize = integerWithin(root.get('total_size'), 1, Number.MAX_SAFE_INTEGER);
  if (totalSize === undefined) throw new WireError('extended-malformed', 'Metadata came without its size.');
  return { kind: 'data', piece, totalSize, bytes: payload.subarray(root.end) };
}

/** Answers one peer. It gives each piece twice over and a little more; a peer that asks for more is rejected. */
export class MetadataGiver {
  readonly #metadata: Uint8Array;
  #answersLeft: number;

  /** Empty `metadata` rejects everything: it has not come yet, or is private to those who have it. */
  constructor(metadata: Uint8Array) {
    this.#metadata = metadata;
    this.#answersLeft = 2 * pieceCountOf(metadata.length) + metadataRequestsInFlight;
  }

  answer(piece: number): MetadataMessage {
    const { length } = this.#metadata;
    if (piece >= pieceCountOf(length) || this.#answersLeft === 0) return { kind: 'reject', piece };
    this.#answersLeft--;
    const at = piece * metadataPieceLength;
    const bytes = this.#metadata.subarray(at, at + metadataPieceLength);
    return { kind: 'data', piece, totalSize: length, bytes };
  }
}

/** Fetches all of it from one peer. What it yields is unverified: compare it with the info hash. */
export class MetadataAsker {
  readonly size: number;
  readonly #pieces: (Uint8Array | undefined)[] = [];
  readonly #asked = new Set<number>();
  #nextPiece = 0;
  #received = 0;
  #isRefused = false;

  /** `size` is what the peer's extended handshake said. Throws `metadata-size`. */
  constructor(size: number) {
    if (!Number.isSafeInteger(size) || size < 1 || size > longestMetadata) {
      throw new WireError('metadata-size', `Metadata of ${size} bytes is not accepted.`);
    }
    this.size = size;
  }

  /** The piece to request now; undefined while enough are on their way, and when there is no more to ask. */
  next(): number | undefined {
    const isAllAsked = this.#nextPiece >= pieceCountOf(this.size);
    if (isAllAsked || this.#isRefused || this.#asked.size >= metadataRequestsInFlight) return undefined;
    this.#asked.add(this.#nextPiece);
    return this.#nextPiece++;
  }

  /** Keeps a copy. Throws `metadata-unrequested` or `metadata-wrong-length`. */
  take(message: MetadataMessage & { readonly kind: 'data' }): void {
    const { piece, totalSize, bytes } = message;
    if (!this.#asked.delete(piece)) {
      throw new WireError('metadata-unrequested', `The peer sent metadata piece ${piece} unasked.`);
    }
    const expected = Math.min(metadataPieceLength, this.size - piece * metadataPieceLength);
    if (totalSize !== this.size || bytes.length !== expected) {
      throw new WireError(
        'metadata-wrong-length',
        `The peer sent ${bytes.length} of ${totalSize} bytes instead of ${expected} of ${this.size}.`,
      );
    }
    this.#pieces[piece] = bytes.slice();
    this.#received += bytes.length;
  }

  /** The peer has it not, or gives no more: ask another one. */
  refused(piece: number): void {
    if (this.#asked.delete(piece)) this.#isRefused = true;
  }

  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** All of it, once it is there. */
  get metadata(): Uint8Array | undefined {
    if (this.#received < this.size) return undefined;
    const whole = new Uint8Array(this.size);
    for (const [piece, bytes] of this.#pieces.entries())
      whole.set(bytes ?? noBytes, piece * metadataPieceLength);
    return whole;
  }
}

function pieceCountOf(size: number): number {
  return Math.ceil(size / metadataPieceLength);
}
