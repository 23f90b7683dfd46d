// Extensions whose message is one number: lt_donthave (BEP 54) and upload_only (BEP 21, as libtorrent sends it).

import { readU32, writeU32 } from '../bytes.ts';
import { WireError } from '../errors.ts';

/** The sender no longer has this piece. */
export function encodeDontHave(piece: number): Uint8Array {
  const payload = new Uint8Array(4);
  writeU32(payload, 0, piece);
  return payload;
}

/** Throws `extended-malformed`. Whether there is such a piece is `Conduct.dontHave`'s to say. */
export function decodeDontHave(payload: Uint8Array): number {
  if (payload.length !== 4) throw new WireError('extended-malformed', 'A dont-have message names no piece.');
  return readU32(payload, 0);
}

/** The sender wants nothing any more, or something again. */
export function encodeUploadOnly(isUploadOnly: boolean): Uint8Array {
  return Uint8Array.of(Number(isUploadOnly));
}

/** Throws `extended-malformed`. */
export function decodeUploadOnly(payload: Uint8Array): boolean {
  if (payload.length !== 1) throw new WireError('extended-malformed', 'An upload-only message is one byte.');
  return payload[0] !== 0;
}
