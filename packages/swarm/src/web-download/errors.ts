// What can end a download from web servers.

import { RoomError } from '@shoal/base';

export type WebDownloadErrorCode =
  | 'not-found'
  | 'timeout'
  /** Somebody's file is where this one would go. */
  | 'in-the-way'
  /** It is another file than when it was begun, or the servers have different ones. */
  | 'changed'
  | 'refused'
  /** All of it came, and it is not what it should be. */
  | 'wrong-checksum'
  /** No server is left. */
  | 'failed'
  | 'aborted'
  /** It is a torrent file, and wants to be treated as one. */
  | 'is-torrent';

export class WebDownloadError extends RoomError<WebDownloadErrorCode> {}
