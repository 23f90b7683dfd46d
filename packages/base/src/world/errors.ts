// The one error class of every World: what the outside can do to us, in words that do not depend on the platform.

import { RoomError } from '../errors.ts';

export type WorldErrorCode =
  // networks
  | 'refused'
  | 'unreachable'
  | 'timeout'
  | 'reset'
  | 'address-in-use'
  | 'address-unavailable'
  | 'name-not-found'
  | 'tls'
  | 'http'
  // files
  | 'not-found'
  | 'exists'
  | 'no-space'
  | 'read-only'
  | 'is-folder'
  | 'not-folder'
  | 'not-empty'
  | 'other-disk'
  | 'too-many-files'
  | 'name-too-long'
  | 'io'
  // both
  | 'permission'
  | 'aborted'
  | 'closed'
  | 'invalid';

export class WorldError extends RoomError<WorldErrorCode> {}
