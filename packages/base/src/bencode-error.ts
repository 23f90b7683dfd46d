// What can be wrong with bencoded bytes, and with a value that is to be encoded.

import { RoomError } from './errors.ts';

export type BencodeErrorCode =
  | 'truncated'
  | 'unexpected-byte'
  | 'bad-integer'
  | 'leading-zero'
  | 'negative-zero'
  | 'too-many-digits'
  | 'key-not-string'
  | 'missing-value'
  | 'unsorted-keys'
  | 'duplicate-key'
  | 'trailing-bytes'
  | 'too-deep'
  | 'too-long'
  | 'not-encodable';

export class BencodeError extends RoomError<BencodeErrorCode> {}
