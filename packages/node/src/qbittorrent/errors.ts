// What the Web API says no with: a status and a line of words, as there.

import { RoomError } from '@shoal/base';
import { failureOf } from '../server/failures.ts';

export type WebApiErrorCode =
  | 'bad-request'
  | 'cross-site'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'too-large'
  | 'bad-data';

export class WebApiError extends RoomError<WebApiErrorCode> {}

const statuses: Readonly<Record<WebApiErrorCode, number>> = {
  'bad-request': 400,
  'cross-site': 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'too-large': 413,
  'bad-data': 415,
};

/** Undefined for what is a fault of our own. */
export function statusOf(error: unknown): number | undefined {
  if (error instanceof WebApiError) return statuses[error.code];
  const failure = failureOf(error);
  // What is neither missing nor meant wrongly is in the way.
  return failure && ([400, 404, 413].includes(failure.status) ? failure.status : 409);
}
