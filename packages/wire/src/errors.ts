// What a peer can do wrong, as codes. The engine decides from the code whether it closes, bans, or shrugs.

import { RoomError } from '@shoal/base';

export type WireErrorCode =
  // framing: the byte stream cannot be read any further
  | 'not-bittorrent'
  | 'message-too-long'
  | 'message-length'
  // conduct: each message is well-formed, but may not stand here
  | 'bitfield-length'
  | 'bitfield-spare-bits'
  | 'fast-not-negotiated'
  | 'extension-not-negotiated'
  | 'piece-out-of-range'
  | 'request-out-of-range'
  | 'request-too-long'
  | 'block-unrequested'
  | 'reject-unrequested'
  | 'hashes-unrequested'
  // extension messages
  | 'extended-malformed'
  | 'metadata-size'
  | 'metadata-unrequested'
  | 'metadata-wrong-length'
  // encrypted handshake
  | 'encryption-out-of-sync'
  | 'encryption-unknown-torrent'
  | 'encryption-no-common-method'
  | 'encryption-malformed';

export class WireError extends RoomError<WireErrorCode> {}
