// Messages written into the caller's buffer: each function returns the offset behind what it wrote,
// so that a batch of small messages is one buffer and one write.

import type { HashRequest } from '@shoal/metainfo';
import { copyBytes, writeU16, writeU32 } from './bytes.ts';
import { messageId } from './messages.ts';

export function writeKeepAlive(buffer: Uint8Array, at: number): number {
  return writeU32(buffer, at, 0);
}

function writeHead(buffer: Uint8Array, at: number, bodyLength: number, id: number): number {
  const next = writeU32(buffer, at, bodyLength + 1);
  buffer[next] = id;
  return next + 1;
}

function writePiece(buffer: Uint8Array, at: number, id: number, piece: number): number {
  return writeU32(buffer, writeHead(buffer, at, 4, id), piece);
}

function writeBlock(
  buffer: Uint8Array,
  at: number,
  id: number,
  piece: number,
  begin: number,
  length: number,
): number {
  let next = writeHead(buffer, at, 12, id);
  next = writeU32(buffer, next, piece);
  next = writeU32(buffer, next, begin);
  return writeU32(buffer, next, length);
}

export function writeChoke(buffer: Uint8Array, at: number): number {
  return writeHead(buffer, at, 0, messageId.choke);
}

export function writeUnchoke(buffer: Uint8Array, at: number): number {
  return writeHead(buffer, at, 0, messageId.unchoke);
}

export function writeInterested(buffer: Uint8Array, at: number): number {
  return writeHead(buffer, at, 0, messageId.interested);
}

export function writeNotInterested(buffer: Uint8Array, at: number): number {
  return writeHead(buffer, at, 0, messageId.notInterested);
}

export function writeHaveAll(buffer: Uint8Array, at: number): number {
  return writeHead(buffer, at, 0, messageId.haveAll);
}

export function writeHaveNone(buffer: Uint8Array, at: number): number {
  return writeHead(buffer, at, 0, messageId.haveNone);
}

export function writeHave(buffer: Uint8Array, at: number, piece: number): number {
  return writePiece(buffer, at, messageId.have, piece);
}

export function writeSuggest(buffer: Uint8Array, at: number, piece: number): number {
  return writePiece(buffer, at, messageId.suggest, piece);
}

export function writeAllowedFast(buffer: Uint8Array, at: number, piece: number): number {
  return writePiece(buffer, at, messageId.allowedFast, piece);
}

export function writeRequest(
  buffer: Uint8Array,
  at: number,
  piece: number,
  begin: number,
  length: number,
): number {
  return writeBlock(buffer, at, messageId.request, piece, begin, length);
}

export function writeCancel(
  buffer: Uint8Array,
  at: number,
  piece: number,
  begin: number,
  length: number,
): number {
  return writeBlock(buffer, at, messageId.cancel, piece, begin, length);
}

export function writeReject(
  buffer: Uint8Array,
  at: number,
  piece: number,
  begin: number,
  length: number,
): number {
  return writeBlock(buffer, at, messageId.reject, piece, begin, length);
}

/** The `pieceHeaderLength` bytes before a block of `length` bytes, which the caller puts behind them. */
export function writePieceHeader(
  buffer: Uint8Array,
  at: number,
  piece: number,
  begin: number,
  length: number,
): number {
  const next = writeU32(buffer, writeHead(buffer, at, 8 + length, messageId.piece), piece);
  return writeU32(buffer, next, begin);
}

export function writePort(buffer: Uint8Array, at: number, port: number): number {
  return writeU16(buffer, writeHead(buffer, at, 2, messageId.port), port);
}

/** Takes 5 bytes more than `bits`. */
export function writeBitfield(buffer: Uint8Array, at: number, bits: Uint8Array): number {
  return writeBytes(buffer, writeHead(buffer, at, bits.length, messageId.bitfield), bits);
}

/** Takes 6 bytes more than `payload`. */
export function writeExtended(buffer: Uint8Array, at: number, id: number, payload: Uint8Array): number {
  const next = writeHead(buffer, at, payload.length + 1, messageId.extended);
  buffer[next] = id;
  return writeBytes(buffer, next + 1, payload);
}

/** Takes 53 bytes. */
export function writeHashRequest(buffer: Uint8Array, at: number, request: HashRequest): number {
  return writeNamedHashes(buffer, writeHead(buffer, at, 48, messageId.hashRequest), request);
}

/** Takes 53 bytes. */
export function writeHashReject(buffer: Uint8Array, at: number, request: HashRequest): number {
  return writeNamedHashes(buffer, writeHead(buffer, at, 48, messageId.hashReject), request);
}

/** Takes 53 bytes more than `hashes`. */
export function writeHashes(
  buffer: Uint8Array,
  at: number,
  request: HashRequest,
  hashes: Uint8Array,
): number {
  const next = writeHead(buffer, at, 48 + hashes.length, messageId.hashes);
  return writeBytes(buffer, writeNamedHashes(buffer, next, request), hashes);
}

function writeNamedHashes(buffer: Uint8Array, at: number, request: HashRequest): number {
  let next = writeBytes(buffer, at, request.piecesRoot);
  next = writeU32(buffer, next, request.baseLayer);
  next = writeU32(buffer, next, request.index);
  next = writeU32(buffer, next, request.length);
  return writeU32(buffer, next, request.proofLayers);
}

/** Throws rather than cut: a message shorter than its head says would garble all that follow. */
function writeBytes(buffer: Uint8Array, at: number, bytes: Uint8Array): number {
  if (at + bytes.length > buffer.length) throw new RangeError('the message does not fit into its buffer');
  copyBytes(bytes, buffer, at, 0, bytes.length);
  return at + bytes.length;
}
