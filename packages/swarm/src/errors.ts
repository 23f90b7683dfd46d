// What can go wrong with a session or a transfer; and why a peer was let go.

import { RoomError } from '@shoal/base';

export type SwarmErrorCode =
  | 'closed'
  /** The torrent is in this session already. */
  | 'duplicate'
  /** The disk failed, refused, or holds something else. */
  | 'storage'
  | 'invalid';

export class SwarmError extends RoomError<SwarmErrorCode> {}

export type LeaveCode =
  /** It or the network ended the connection. */
  | 'closed'
  | 'not-bittorrent'
  | 'unknown-torrent'
  | 'self'
  | 'duplicate'
  | 'silent'
  | 'snubbed'
  /** It broke a rule of the protocol; the message says which. */
  | 'breach'
  /** It sent data that is not what the torrent says. */
  | 'lied'
  | 'flood'
  | 'slow-reader'
  /** Neither side has anything for the other. */
  | 'nothing-to-trade'
  | 'too-many'
  /** Nobody is to talk to its address. */
  | 'blocked'
  | 'stopped';

export interface Leave {
  readonly code: LeaveCode;
  readonly message: string;
  /** Its address is not talked to again in this session. */
  readonly isBan: boolean;
}
