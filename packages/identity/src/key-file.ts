// The key of a node on disk. Invariant: a key file appears whole or not at all, is made once, and is never replaced:
// not when it is damaged, and not when two processes want to make it at the same time.

import { type Disk, type Random, WorldError } from '@shoal/base';
import { longestKeyFile } from './bounds.ts';
import { IdentityError } from './errors.ts';
import { formatKey, type Identity, parseKey, seedLength } from './keys.ts';

const privateMode = 0o600;

export interface OpenIdentityOptions {
  readonly disk: Disk;
  readonly random: Random;
  /** An existing folder. */
  readonly folder: string;
  readonly path: string;
}

export interface OpenedIdentity {
  readonly identity: Identity;
  readonly isNew: boolean;
  /** The file's permission bits, when others than its owner may read or write it. */
  readonly looseMode?: number;
}

/** Reads the key, or makes it when there is none. */
export async function openIdentity(options: OpenIdentityOptions): Promise<OpenedIdentity> {
  const { disk, path } = options;
  const found = await readKey(disk, path);
  if (found !== undefined) return found;
  const isNew = await makeKey(options);
  const made = await readKey(disk, path);
  if (made === undefined)
    throw new WorldError('not-found', `${path} vanished while it was being made.`, { value: path });
  return { ...made, isNew };
}

async function readKey(disk: Disk, path: string): Promise<OpenedIdentity | undefined> {
  let text: string;
  let mode: number | undefined;
  try {
    const file = await disk.open(path);
    try {
      const stat = await file.stat();
      if (stat.kind !== 'file') throw damaged(path, 'it is not a file');
      if (stat.length > longestKeyFile) throw damaged(path, `it is ${stat.length} bytes long`);
      const bytes = new Uint8Array(stat.length);
      await file.read([bytes], 0);
      text = new TextDecoder().decode(bytes);
      mode = stat.mode;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof WorldError && error.code === 'not-found') return undefined;
    if (error instanceof WorldError && error.code === 'is-folder')
      throw damaged(path, 'it is a folder', error);
    throw error;
  }
  const identity = parseNamed(path, text);
  if (mode === undefined || (mode & 0o077) === 0) return { identity, isNew: false };
  return { identity, isNew: false, looseMode: mode };
}

/** False when somebody else made one meanwhile, which is as good. */
async function makeKey({ disk, random, folder, path }: OpenIdentityOptions): Promise<boolean> {
  const seed = new Uint8Array(seedLength);
  random.fill(seed);
  const temporary = `${path}.${random.below(2 ** 32).toString(36)}.new`;
  const file = await disk.open(temporary, { write: true, create: 'new', mode: privateMode });
  try {
    try {
      await file.write([new TextEncoder().encode(formatKey(seed))], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.renameNew(temporary, path);
  } catch (error) {
    await disk.removeFile(temporary).catch(() => {});
    if (error instanceof WorldError && error.code === 'exists') return false;
    throw error;
  }
  await disk.syncFolder(folder);
  return true;
}

function parseNamed(path: string, text: string): Identity {
  try {
    return parseKey(text);
  } catch (error) {
    if (error instanceof IdentityError) throw damaged(path, error.message, error);
    throw error;
  }
}

function damaged(path: string, why: string, cause?: Error): IdentityError {
  return new IdentityError(
    'damaged-key',
    `The key file ${path} is damaged: ${why}.\nPut a good copy in its place; or move it away, and the node gets a new identity.`,
    { value: path, cause },
  );
}
