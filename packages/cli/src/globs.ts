// Which files of a torrent a glob means.

import { matchesGlob } from 'node:path';

/** A glob without a slash is about the file's own name, as in .gitignore. */
export function matchesPath(path: string, glob: string): boolean {
  return (
    matchesGlob(path, glob) ||
    (!glob.includes('/') && matchesGlob(path.slice(path.lastIndexOf('/') + 1), glob))
  );
}
