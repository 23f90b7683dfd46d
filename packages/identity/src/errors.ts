import { RoomError } from '@shoal/base';

export type IdentityErrorCode =
  /** The key file is there and is not a whole Ed25519 private key. It is left as it is. */
  | 'damaged-key'
  /** The bytes are no signed record, or one of another kind, or too long. */
  | 'bad-record'
  | 'bad-signature'
  /** Dated further ahead, or further back, than clocks may be apart. */
  | 'clock-skew'
  | 'record-expired';

export class IdentityError extends RoomError<IdentityErrorCode> {}
