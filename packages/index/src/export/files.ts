// Small files, read and written as a whole.

import type { Disk } from '@shoal/base';
import { IndexError } from '../errors.ts';

export async function readBytes(disk: Disk, path: string, longest: number): Promise<Uint8Array> {
  const file = await disk.open(path);
  try {
    const { length } = await file.stat();
    if (length > longest) throw new IndexError('too-large', `${path} is longer than ${longest} bytes.`);
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, await file.read([bytes], 0));
  } finally {
    await file.close();
  }
}

export async function writeBytes(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const file = await disk.open(path, { write: true, create: true });
  try {
    await file.truncate(0);
    await file.write([bytes], 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
