import { WorldError } from '@shoal/base';
import { NodeError, type NodeErrorCode } from '../errors.ts';

const problems: Readonly<Record<string, readonly [NodeErrorCode, string]>> = {
  'read-only': ['folder-read-only', 'is on a disk that is read-only'],
  permission: ['folder-read-only', 'may not be written by this user'],
  'no-space': ['folder-full', 'is on a disk that is full'],
  'not-folder': ['folder-unusable', 'is not a folder'],
  exists: ['folder-unusable', 'is not a folder'],
};

/** What a failing disk means to somebody who chose a data folder. Errors that are not of the disk pass unchanged. */
export function folderError(path: string, error: unknown): unknown {
  if (!(error instanceof WorldError)) return error;
  const [code, problem] = problems[error.code] ?? ['folder-unusable', `cannot be used: ${error.message}`];
  const advice =
    code === 'folder-full'
      ? 'Make room there, or choose another folder with --data DIR.'
      : 'Choose another one with --data DIR.';
  return new NodeError(code, `The data folder ${path} ${problem}.\n${advice}`, { value: path, cause: error });
}
