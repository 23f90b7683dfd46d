// From an error to its code and its exit code: the one place where they meet.

import { RoomError } from '@shoal/base';

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  timedOut: 4,
  refused: 5,
  interrupted: 130,
} as const;

/** What a verb throws itself, when no room has a better error. */
export type CliErrorCode = 'failed' | 'usage' | 'not-found' | 'timeout' | 'refused' | 'interrupted';

export class CliError extends RoomError<CliErrorCode> {}

/**
 * By error class, then by code; `''` is for the codes of that class that are not named. Rooms whose errors speak of
 * input from outside (bytes, files, links) are refused as a whole. What is not here is 1, failed.
 * Classes are known by name, so that no room is loaded for its errors.
 */
const byClass: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  CliError: {
    usage: exitCodes.usage,
    'not-found': exitCodes.notFound,
    timeout: exitCodes.timedOut,
    refused: exitCodes.refused,
    interrupted: exitCodes.interrupted,
  },
  WorldError: {
    'not-found': exitCodes.notFound,
    'name-not-found': exitCodes.notFound,
    timeout: exitCodes.timedOut,
    invalid: exitCodes.refused,
    aborted: exitCodes.interrupted,
  },
  NodeError: {
    'config-invalid': exitCodes.usage,
    'config-not-found': exitCodes.notFound,
    'bind-unknown': exitCodes.notFound,
    'bind-not-held': exitCodes.refused,
    'filter-unreadable': exitCodes.notFound,
    'bad-address': exitCodes.usage,
    'nothing-to-share': exitCodes.refused,
    'bad-name': exitCodes.refused,
    'file-exists': exitCodes.refused,
  },
  IdentityError: { '': exitCodes.refused },
  BencodeError: { '': exitCodes.refused },
  MetainfoError: { '': exitCodes.refused },
  StorageError: { 'in-the-way': exitCodes.refused, aborted: exitCodes.interrupted },
  DirectoryError: {
    refused: exitCodes.refused,
    malformed: exitCodes.refused,
    'bad-publication': exitCodes.refused,
    unsupported: exitCodes.usage,
    timeout: exitCodes.timedOut,
    aborted: exitCodes.interrupted,
  },
  DhtError: {
    invalid: exitCodes.refused,
    refused: exitCodes.refused,
    timeout: exitCodes.timedOut,
    'no-nodes': exitCodes.timedOut,
    aborted: exitCodes.interrupted,
  },
  ExperimentError: { invalid: exitCodes.usage },
  IndexError: { settings: exitCodes.usage, damaged: exitCodes.refused },
  WebDownloadError: {
    'not-found': exitCodes.notFound,
    timeout: exitCodes.timedOut,
    'in-the-way': exitCodes.refused,
    changed: exitCodes.refused,
    refused: exitCodes.refused,
    'wrong-checksum': exitCodes.refused,
    aborted: exitCodes.interrupted,
  },
  SwarmError: { duplicate: exitCodes.usage },
};

/** What the node refused, by the status of its answer; the code is the node's own. */
const byStatus: Readonly<Record<number, number>> = {
  400: exitCodes.refused,
  401: exitCodes.refused,
  403: exitCodes.refused,
  404: exitCodes.notFound,
  409: exitCodes.refused,
  413: exitCodes.refused,
  415: exitCodes.refused,
  422: exitCodes.refused,
  408: exitCodes.timedOut,
  504: exitCodes.timedOut,
};

interface ApiFailure extends Error {
  readonly code: string;
  readonly status: number;
}

export function codeOf(error: unknown): string {
  if (error instanceof RoomError || isApiFailure(error)) return error.code;
  if (error instanceof Error && error.name === 'AbortError') return 'interrupted';
  return 'internal';
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof Error && error.name === 'AbortError') return exitCodes.interrupted;
  if (isApiFailure(error)) return byStatus[error.status] ?? exitCodes.failed;
  if (!(error instanceof RoomError)) return exitCodes.failed;
  const codes = byClass[error.name];
  return codes?.[error.code] ?? codes?.[''] ?? exitCodes.failed;
}

/** By its name, like the classes above. */
function isApiFailure(error: unknown): error is ApiFailure {
  return error instanceof Error && error.name === 'ApiError' && 'status' in error && 'code' in error;
}
