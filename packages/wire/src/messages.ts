// Message ids and fixed lengths of the peer protocol (BEP 3, 5, 6, 10, 52).
// A message is a u32 length, an id and a body; the length counts the id and the body.

export const messageId = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  port: 9,
  suggest: 13,
  haveAll: 14,
  haveNone: 15,
  reject: 16,
  allowedFast: 17,
  extended: 20,
  hashRequest: 21,
  hashes: 22,
  hashReject: 23,
} as const;

/** What precedes the payload of a block on the wire: length, id, piece, begin. */
export const pieceHeaderLength = 13;

/** What names a run of hashes in a v2 file's merkle tree (BEP 52). */
export interface HashRange {
  /** SHA-256 root of the file's tree. */
  readonly piecesRoot: Uint8Array;
  /** 0 is the leaf layer. */
  readonly baseLayer: number;
  /** Of the first hash in that layer; a multiple of `length`. */
  readonly index: number;
  /** A power of two, at least two. */
  readonly length: number;
  readonly proofLayers: number;
}
