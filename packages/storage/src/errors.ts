// What can go wrong with content on a disk, in codes that the engine decides on:
// `no-space` pauses a transfer, `in-the-way` is refused, `io` and the others fail it.

import { RoomError, WorldError } from '@shoal/base';

export type StorageErrorCode =
  /** Somebody else's file or folder stands where content has to go. */
  | 'in-the-way'
  /** The disk is full: try again when there is room. */
  | 'no-space'
  /** The disk failed. */
  | 'io'
  | 'permission'
  | 'read-only'
  | 'too-many-files'
  | 'name-too-long'
  /** A file is not there, or is shorter than it has to be. */
  | 'missing'
  /** A file changed while it was read. */
  | 'changed'
  /** Another process, or another transfer of this one, works on the same state or the same file. */
  | 'locked'
  | 'aborted'
  | 'closed'
  | 'invalid';

export class StorageError extends RoomError<StorageErrorCode> {}

/** The same fault in this room's words; `path` is named in the message. */
export function storageError(error: unknown, path: string): StorageError {
  if (error instanceof StorageError) return error;
  const code = error instanceof WorldError ? codeOf(error) : 'io';
  const reason = error instanceof Error ? error.message : String(error);
  return new StorageError(code, `${sentence[code]}: ${path} (${reason})`, { value: path, cause: error });
}

const sentence: Record<StorageErrorCode, string> = {
  'in-the-way': 'something else is in the way',
  'no-space': 'the disk is full',
  io: 'the disk failed',
  permission: 'not permitted',
  'read-only': 'the disk is read-only',
  'too-many-files': 'too many open files',
  'name-too-long': 'the name is too long for this disk',
  missing: 'a file is missing',
  changed: 'a file changed while it was read',
  locked: 'in use',
  aborted: 'stopped',
  closed: 'closed',
  invalid: 'not possible',
};

function codeOf(error: WorldError): StorageErrorCode {
  switch (error.code) {
    case 'not-found':
      return 'missing';
    case 'exists':
    case 'is-folder':
    case 'not-folder':
    case 'not-empty':
      return 'in-the-way';
    case 'no-space':
    case 'permission':
    case 'read-only':
    case 'too-many-files':
    case 'name-too-long':
    case 'aborted':
    case 'closed':
    case 'invalid':
      return error.code;
    default:
      return 'io';
  }
}
