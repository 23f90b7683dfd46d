import { RoomError } from '@shoal/base';

export type IdentityErrorCode =
  /** The key file is there and is not a whole Ed25519 private key. It is left as it is. */
  'damaged-key';

export class IdentityError extends RoomError<IdentityErrorCode> {}
