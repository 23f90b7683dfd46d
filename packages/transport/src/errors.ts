// Why there is no channel, or no longer one.

import { RoomError } from '@shoal/base';

export type TransportErrorCode =
  /** This transport cannot carry that kind of address. */
  | 'unsupported-address'
  /** The network said no: the cause is a WorldError. */
  | 'network'
  /** Nobody there, or nobody who answers in time. */
  | 'timeout'
  /** The peer closed the connection before the encrypted handshake was through. */
  | 'handshake-closed'
  /** The encrypted handshake failed: the cause is a WireError. */
  | 'handshake-failed'
  | 'aborted'
  | 'closed';

export class TransportError extends RoomError<TransportErrorCode> {}
