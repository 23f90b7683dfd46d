// The words that start this very command again: from a checkout, from an installed package, or as the single file.

import { isSea } from 'node:sea';

export function ownCommand(): [program: string, ...words: string[]] {
  return isSea() ? [process.execPath] : [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
}
