// One row for each message but the block: how long it may be, and which handler it becomes.

import type { HashRequest } from '@shoal/metainfo';
import * as bound from './bounds.ts';
import { readU16, readU32 } from './bytes.ts';
import type { PeerHandlers } from './handlers.ts';
import { messageId } from './messages.ts';

export interface MessageRow {
  /** Bounds of the length on the wire, which counts the id. */
  readonly shortest: number;
  readonly longest: number;
  /** The body is `bytes[at, at + length)`, and at least as long as `shortest` says. */
  call(handlers: PeerHandlers, bytes: Uint8Array, at: number, length: number): void;
}

const id = messageId;

/** By id; undefined for those that we do not know. */
export const messageRows: readonly (MessageRow | undefined)[] = table([
  [id.choke, fixed(1, (to) => to.choke())],
  [id.unchoke, fixed(1, (to) => to.unchoke())],
  [id.interested, fixed(1, (to) => to.interested())],
  [id.notInterested, fixed(1, (to) => to.notInterested())],
  [id.have, fixed(5, (to, bytes, at) => to.have(readU32(bytes, at)))],
  [
    id.bitfield,
    bounded(1, 1 + bound.longestBitfield, (to, bytes, at, length) =>
      to.bitfield(bytes.subarray(at, at + length)),
    ),
  ],
  [
    id.request,
    fixed(13, (to, bytes, at) =>
      to.request(readU32(bytes, at), readU32(bytes, at + 4), readU32(bytes, at + 8)),
    ),
  ],
  [
    id.cancel,
    fixed(13, (to, bytes, at) =>
      to.cancel(readU32(bytes, at), readU32(bytes, at + 4), readU32(bytes, at + 8)),
    ),
  ],
  [id.port, fixed(3, (to, bytes, at) => to.port(readU16(bytes, at)))],
  [id.suggest, fixed(5, (to, bytes, at) => to.suggest(readU32(bytes, at)))],
  [id.haveAll, fixed(1, (to) => to.haveAll())],
  [id.haveNone, fixed(1, (to) => to.haveNone())],
  [
    id.reject,
    fixed(13, (to, bytes, at) =>
      to.reject(readU32(bytes, at), readU32(bytes, at + 4), readU32(bytes, at + 8)),
    ),
  ],
  [id.allowedFast, fixed(5, (to, bytes, at) => to.allowedFast(readU32(bytes, at)))],
  [
    id.extended,
    bounded(2, bound.longestExtended, (to, bytes, at, length) =>
      to.extended(bytes[at] ?? 0, bytes.subarray(at + 1, at + length)),
    ),
  ],
  [id.hashRequest, fixed(49, (to, bytes, at) => to.hashRequest(readHashRequest(bytes, at)))],
  [
    id.hashes,
    bounded(49, bound.longestHashes, (to, bytes, at, length) =>
      to.hashes(readHashRequest(bytes, at), bytes.subarray(at + 48, at + length)),
    ),
  ],
  [id.hashReject, fixed(49, (to, bytes, at) => to.hashReject(readHashRequest(bytes, at)))],
]);

function table(rows: readonly (readonly [number, MessageRow])[]): (MessageRow | undefined)[] {
  const byId = new Array<MessageRow | undefined>(256).fill(undefined);
  for (const [messageId, row] of rows) byId[messageId] = row;
  return byId;
}

function fixed(length: number, call: MessageRow['call']): MessageRow {
  return { shortest: length, longest: length, call };
}

function bounded(shortest: number, longest: number, call: MessageRow['call']): MessageRow {
  return { shortest, longest, call };
}

function readHashRequest(bytes: Uint8Array, at: number): HashRequest {
  return {
    piecesRoot: bytes.slice(at, at + 32),
    baseLayer: readU32(bytes, at + 32),
    index: readU32(bytes, at + 36),
    length: readU32(bytes, at + 40),
    proofLayers: readU32(bytes, at + 44),
  };
}
