// One mutated peer connection a seed: handshake, messages and extension payloads, in a split of its own.
// What must hold: an error is a WireError, nothing is read behind its bytes, and no more is kept than has come.

import { encodeBencode } from '@shoal/base';
import {
  BlockLedger,
  Conduct,
  type ContentShape,
  createHandshakeReader,
  createPeerParser,
  decodeDontHave,
  decodeExtendedHandshake,
  decodeHolepunch,
  decodeMetadataMessage,
  decodePex,
  decodeUploadOnly,
  encodeHolepunch,
  encodeMetadataMessage,
  encodePex,
  MetadataAsker,
  MetadataGiver,
  type PeerHandlers,
  WireError,
  writeAllowedFast,
  writeBitfield,
  writeExtended,
  writeHandshake,
  writeHashes,
  writeHashRequest,
  writeHave,
  writeHaveAll,
  writeKeepAlive,
  writePieceHeader,
  writePort,
  writeReject,
  writeRequest,
  writeUnchoke,
} from '@shoal/wire';

const shape: ContentShape = {
  pieceCount: 20,
  pieceLength: 65_536,
  lengthOfPiece: (piece) => (piece === 19 ? 999 : 65_536),
};

/** Deterministic in `seed`; true when everything was taken without an error. Throws when a promise is broken. */
export function mutateConnection(seed: number): boolean {
  const below = randomBelow(seed);
  let stream = writeConnection(below);
  for (let edits = below(4); edits > 0; edits--) stream = edit(stream, below);
  try {
    readConnection(stream, below);
    return true;
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

function writeConnection(below: (bound: number) => number): Uint8Array {
  const buffer = new Uint8Array(200_000);
  const capabilities = { extensions: true, fast: true, dht: true, v2: true };
  let at = writeHandshake(buffer, 0, {
    capabilities,
    infoHash: new Uint8Array(20),
    peerId: new Uint8Array(20),
  });
  const range = { piecesRoot: new Uint8Array(32), baseLayer: 0, index: 0, length: 4, proofLayers: 2 };
  const endpoint = { address: '192.0.2.1', port: 5 };
  const writers = [
    () => writeBitfield(buffer, at, new Uint8Array(3)),
    () => writeHaveAll(buffer, at),
    () => writeKeepAlive(buffer, at),
    () => writeUnchoke(buffer, at),
    () => writeHave(buffer, at, below(20)),
    () => writeRequest(buffer, at, below(20), 0, 999),
    () => writeReject(buffer, at, 1, 0, 16_384),
    () => writePieceHeader(buffer, at, 0, 16_384 * below(4), 16_384) + 16_384,
    () => writePort(buffer, at, 1),
    () => writeAllowedFast(buffer, at, below(20)),
    () => writeHashRequest(buffer, at, range),
    () => writeHashes(buffer, at, range, new Uint8Array(32 * below(5))),
    () =>
      writeExtended(
        buffer,
        at,
        0,
        encodeBencode({ m: { ut_pex: 1, ut_metadata: 2 }, metadata_size: 20_000, v: 'x' }),
      ),
    () => writeExtended(buffer, at, 1, encodePex({ added: [{ endpoint, flags: 1 }], dropped: [endpoint] })),
    () => writeExtended(buffer, at, 2, encodeMetadataMessage({ kind: 'request', piece: below(3) })),
    () =>
      writeExtended(
        buffer,
        at,
        2,
        encodeMetadataMessage({ kind: 'data', piece: 1, totalSize: 20_000, bytes: new Uint8Array(3616) }),
      ),
    () => writeExtended(buffer, at, 4, encodeHolepunch({ kind: 'connect', endpoint })),
    () => writeExtended(buffer, at, 5, new Uint8Array(4)),
  ];
  for (let count = below(12); count > 0; count--) at = writers[below(writers.length)]?.() ?? at;
  return buffer.slice(0, at);
}

function edit(stream: Uint8Array, below: (bound: number) => number): Uint8Array {
  const at = below(stream.length + 1);
  const kind = below(5);
  if (kind === 0) return stream.slice(0, at);
  if (kind === 1) return splice(stream, at, 1 + below(6), new Uint8Array());
  if (kind === 2)
    return splice(
      stream,
      at,
      0,
      Uint8Array.from({ length: 1 + below(6) }, () => below(256)),
    );
  if (kind === 3) return splice(stream, at, 1, Uint8Array.of(below(256)));
  return splice(stream, at, 0, stream.slice(below(stream.length + 1), at + below(100)));
}

function readConnection(stream: Uint8Array, below: (bound: number) => number): void {
  const reader = createHandshakeReader();
  const parser = createPeerParser(judgingHandlers());
  let at = 0;
  while (at < stream.length) {
    // A copy, so that reading behind it cannot go unnoticed.
    const part = stream.slice(at, at + 1 + below(below(3) === 0 ? 20_000 : 40));
    at += part.length;
    parser.push(part.subarray(reader.handshake === undefined ? reader.push(part) : 0));
  }
}

/** Everything that this room would do with the messages. */
function judgingHandlers(): PeerHandlers {
  const conduct = new Conduct({ fast: true, extensions: true, shape });
  const ledger = new BlockLedger(shape);
  const giver = new MetadataGiver(new Uint8Array(20_000));
  const asker = new MetadataAsker(20_000);
  for (let begin = 0; begin < 65_536; begin += 16_384) ledger.asked(0, begin);
  asker.next();
  asker.next();
  const slab = new Uint8Array(new SharedArrayBuffer(16_384));
  const check = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`broken promise: ${what}`);
  };
  return {
    keepAlive() {},
    choke() {},
    unchoke() {},
    interested() {},
    notInterested() {},
    have(piece) {
      conduct.have(piece);
      check(piece < shape.pieceCount, 'a piece that exists');
    },
    bitfield(bits) {
      conduct.bitfield(bits);
      check(bits.length === 3 && ((bits[2] ?? 0) & 0x0f) === 0, 'a bitfield that fits');
    },
    request(piece, begin, length) {
      conduct.request(piece, begin, length);
      check(length > 0 && begin + length <= shape.lengthOfPiece(piece), 'a request that can be served');
    },
    cancel() {},
    blockStart(piece, begin, length) {
      return ledger.answered(piece, begin, length) === 'wanted' ? slab : null;
    },
    blockEnd(_piece, _begin, length) {
      check(length === 16_384, 'a block of its length');
    },
    port() {},
    suggest: (piece) => conduct.hint(piece),
    haveAll: () => conduct.haveAllOrNone(),
    haveNone: () => conduct.haveAllOrNone(),
    reject(piece, begin, length) {
      conduct.reject();
      ledger.rejected(piece, begin, length);
    },
    allowedFast: (piece) => conduct.hint(piece),
    extended(id, payload) {
      conduct.extended();
      if (id === 0) decodeExtendedHandshake(payload);
      if (id === 1) check(decodePex(payload).added.length <= 200, 'two hundred peers at most');
      if (id === 2) {
        const message = decodeMetadataMessage(payload);
        if (message?.kind === 'request') giver.answer(message.piece);
        if (message?.kind === 'data') asker.take(message);
        if (message?.kind === 'reject') asker.refused(message.piece);
      }
      if (id === 3) decodeUploadOnly(payload);
      if (id === 4) decodeHolepunch(payload);
      if (id === 5) conduct.dontHave(decodeDontHave(payload));
    },
    hashRequest() {},
    hashes(_range, hashes) {
      check(hashes.length % 32 === 0, 'whole hashes');
    },
    hashReject() {},
  };
}

function splice(input: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  const output = new Uint8Array(at + added.length + Math.max(0, input.length - at - removed));
  output.set(input.subarray(0, at));
  output.set(added, at);
  output.set(input.subarray(at + removed), at + added.length);
  return output;
}

function randomBelow(seed: number): (bound: number) => number {
  let state = seed | 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * bound);
  };
}
