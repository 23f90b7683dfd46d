import { RoomError } from '@shoal/base';

export type SimErrorCode =
  /** The run's virtual time was used up before its condition held. */
  | 'limit'
  /** Nothing was left to happen, so the condition can never hold. */
  | 'stuck'
  /** A run was started inside another. */
  | 'busy'
  /** A simulation was set up in a way that cannot be. */
  | 'invalid';

export class SimError extends RoomError<SimErrorCode> {}
