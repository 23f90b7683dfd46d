// What went wrong, as HTTP says it: a status, a code that stays, and words. Errors of rooms are known by name, so that no
// room is loaded for its errors.

import { RoomError } from '@shoal/base';

export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** By error class, then by code; `''` is for the others of that class. */
const statuses: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  NodeError: {
    'not-found': 404,
    duplicate: 409,
    'no-metadata': 409,
    'not-running': 409,
    'no-index': 409,
    'file-changed': 409,
    unreachable: 502,
    'feed-unreachable': 502,
    'feed-slow': 502,
    'feed-status': 502,
    'feed-redirect': 502,
    'feed-not-public': 502,
    'feed-too-large': 502,
    'too-large': 413,
    busy: 503,
    stopping: 503,
    '': 400,
  },
  DirectoryError: { 'bad-publication': 400, refused: 409, '': 502 },
  MetainfoError: { 'too-large': 413, '': 400 },
  BencodeError: { '': 400 },
  SwarmError: { invalid: 400, '': 409 },
  StorageError: { invalid: 400, 'name-too-long': 400, 'no-space': 507, '': 409 },
  WorldError: { 'not-found': 404, 'no-space': 507, '': 409 },
};

/** Undefined for what is a fault of our own. */
export function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof RoomError)) return undefined;
  const byCode = statuses[error.name];
  const status = byCode?.[error.code] ?? byCode?.[''];
  return status === undefined ? undefined : { status, code: error.code, message: error.message };
}
