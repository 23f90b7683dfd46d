// What a torrent or link can be refused for.

import { BencodeError, type BencodeErrorCode, RoomError } from '@shoal/base';

export type MetainfoErrorCode =
  | `bencode-${BencodeErrorCode}`
  // torrents
  | 'too-large'
  | 'not-a-torrent'
  | 'missing-info'
  | 'unsupported-version'
  | 'missing-meta-version'
  | 'missing-name'
  | 'bad-piece-length'
  | 'missing-files'
  | 'bad-file'
  | 'bad-file-length'
  | 'bad-path'
  | 'bad-file-tree'
  | 'bad-pad-file'
  | 'bad-pieces-root'
  | 'no-content'
  | 'too-many-files'
  | 'too-many-pieces'
  | 'missing-pieces'
  | 'bad-pieces'
  | 'piece-count-mismatch'
  | 'missing-piece-layer'
  | 'bad-piece-layer'
  | 'hybrid-mismatch'
  | 'info-hash-mismatch'
  // links
  | 'not-a-link'
  | 'missing-info-hash'
  | 'bad-info-hash'
  | 'conflicting-info-hashes'
  // resume files of other clients
  | 'not-a-resume-file'
  // what was to be made
  | 'invalid';

export class MetainfoError extends RoomError<MetainfoErrorCode> {}

/** Runs `read`; a BencodeError comes out in this room's words. */
export function withBencodeErrors<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    throw new MetainfoError(`bencode-${error.code}`, error.message, { value: error.value, cause: error });
  }
}

/** For what callers ask of us, as opposed to what came from outside. */
export function check(isRight: boolean, otherwise: string): void {
  if (!isRight) throw new MetainfoError('invalid', otherwise);
}
