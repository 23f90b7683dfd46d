// What the parser calls. Everything is called synchronously, in the order of the wire, and with plain numbers,
// so that a block or a request costs no allocation.

import type { HashRequest } from '@shoal/metainfo';

/** Byte arrays are only valid during the call. */
export interface PeerHandlers {
  keepAlive(): void;
  choke(): void;
  unchoke(): void;
  interested(): void;
  notInterested(): void;
  have(piece: number): void;
  bitfield(bits: Uint8Array): void;
  request(piece: number, begin: number, length: number): void;
  cancel(piece: number, begin: number, length: number): void;
  /**
   * The header of a block has come; says where its payload goes. The bytes are copied to `target`, from `place.offset`
   * (0 unless changed here) on, as they arrive, perhaps over many pushes. Null throws the payload away.
   */
  blockStart(piece: number, begin: number, length: number, place: BlockPlace): Uint8Array | null;
  /** The last byte of that block is in its place (or was thrown away). */
  blockEnd(piece: number, begin: number, length: number): void;
  port(port: number): void;
  suggest(piece: number): void;
  haveAll(): void;
  haveNone(): void;
  reject(piece: number, begin: number, length: number): void;
  allowedFast(piece: number): void;
  extended(id: number, payload: Uint8Array): void;
  hashRequest(request: HashRequest): void;
  hashes(request: HashRequest, hashes: Uint8Array): void;
  hashReject(request: HashRequest): void;
}

/** Reused for every block: do not keep it. */
export interface BlockPlace {
  offset: number;
}

function ignore(): void {}

/** Handlers that let everything pass and throw blocks away: spread them under those that matter. */
export const ignoringHandlers: PeerHandlers = {
  keepAlive: ignore,
  choke: ignore,
  unchoke: ignore,
  interested: ignore,
  notInterested: ignore,
  have: ignore,
  bitfield: ignore,
  request: ignore,
  cancel: ignore,
  blockStart: () => null,
  blockEnd: ignore,
  port: ignore,
  suggest: ignore,
  haveAll: ignore,
  haveNone: ignore,
  reject: ignore,
  allowedFast: ignore,
  extended: ignore,
  hashRequest: ignore,
  hashes: ignore,
  hashReject: ignore,
};
