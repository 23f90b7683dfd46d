// Small text files that are replaced as a whole: under its own name a file is never half written.

import { type Disk, type DiskFile, fromUtf8, toUtf8, WorldError } from '@shoal/base';
import { IndexError } from '../errors.ts';

/** Ten million info hashes as text. */
const longestFile = 500 * 1024 * 1024;

/** Undefined when there is none. */
export async function readText(disk: Disk, path: string): Promise<string | undefined> {
  let file: DiskFile;
  try {
    file = await disk.open(path);
  } catch (error) {
    if (error instanceof WorldError && error.code === 'not-found') return undefined;
    throw error;
  }
  try {
    const { length } = await file.stat();
    if (length > longestFile)
      throw new IndexError('too-large', `${path} is longer than ${longestFile} bytes.`);
    const bytes = new Uint8Array(length);
    const text = fromUtf8(bytes.subarray(0, await file.read([bytes], 0)));
    if (text === undefined) throw new IndexError('damaged', `${path} is no text.`);
    return text;
  } finally {
    await file.close();
  }
}

export async function writeText(disk: Disk, path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await disk.open(temporary, { write: true, create: true, mode: 0o600 });
  try {
    const bytes = toUtf8(text);
    await file.truncate(0);
    await file.write([bytes], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, path);
  await disk.syncFolder(folderOf(path));
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))) || '/';
}
