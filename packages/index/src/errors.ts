// What the index refuses, for programs and people, and the HTTP status that says so.

import { RoomError } from '@shoal/base';

export type IndexErrorCode =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'too-large'
  | 'too-many'
  | 'unavailable'
  /** Settings that cannot be. */
  | 'settings'
  /** What is in the state folder or the database cannot be read. */
  | 'damaged';

export class IndexError extends RoomError<IndexErrorCode> {}

export const statusOfCode: Readonly<Record<IndexErrorCode, number>> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  'too-many': 429,
  unavailable: 503,
  settings: 500,
  damaged: 500,
};
