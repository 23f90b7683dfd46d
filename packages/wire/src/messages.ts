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
