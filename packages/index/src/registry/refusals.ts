// What the registry refuses, each with a code that stays, and the HTTP status that goes with it.

import { RoomError } from '@shoal/base';
import { encodeRefusal } from '@shoal/directory';
import type { IndexResponse } from '../http/routes.ts';

const statuses: Readonly<Record<string, number>> = {
  'bad-registration': 400,
  'bad-lease': 400,
  'bad-offers': 400,
  'bad-record': 400,
  'bad-hash': 400,
  'too-many-offers': 413,
  'clock-skew': 400,
  'record-expired': 400,
  'bad-signature': 403,
  'not-found': 404,
  'old-sequence': 409,
  'offers-wanted': 409,
  'too-many': 429,
  'too-many-leases': 429,
  full: 503,
  busy: 503,
  unavailable: 503,
};

export interface RefusalDetails {
  readonly sequence?: number;
  readonly retryInMs?: number;
}

export function refuse(code: string, message: string, details: RefusalDetails = {}): IndexResponse {
  const { sequence, retryInMs } = details;
  return {
    status: statuses[code] ?? 500,
    headers: {
      'Content-Type': 'application/json',
      ...(retryInMs === undefined ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(retryInMs / 1000))) }),
    },
    body: encodeRefusal({ code, message, sequence }),
  };
}

/** Errors of rooms that speak of what was sent; all others are ours, and thrown again. */
export function refuseError(error: unknown): IndexResponse {
  if (error instanceof RoomError && typeof error.code === 'string' && error.code in statuses)
    return refuse(error.code, error.message);
  throw error;
}
