// What can go wrong when we ask the DHT, for people and programs.

import { RoomError } from '@shoal/base';

export type DhtErrorCode =
  /** What the caller gave is not what it should be: an id of 20 bytes, a value of at most 1,000. */
  | 'invalid'
  /** Nobody to ask: no node is known, or none answers. */
  | 'no-nodes'
  /** The node that was asked did not answer in time. */
  | 'timeout'
  /** The node that was asked said no, in its own words. */
  | 'refused'
  | 'aborted'
  | 'closed';

export class DhtError extends RoomError<DhtErrorCode> {}
