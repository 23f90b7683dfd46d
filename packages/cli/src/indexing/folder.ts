// The folder in which an index keeps its state: leases, the operator's token, and whatever its sections keep.

import { join, resolve } from 'node:path';
import { toHex, type World } from '@shoal/base';
import { readText, writeText } from '@shoal/index';
import { type FolderLock, lockFolder } from '@shoal/node/folder';
import { effectiveConfig } from '../config.ts';
import { CliError } from '../exit-codes.ts';
import type { Context } from '../verb.ts';

export interface IndexFolder {
  readonly path: string;
  readonly leases: string;
  /** "sqlite:FILE" here, unless something else was asked for. */
  readonly database: string;
}

export async function indexFolder(context: Context, data: string | undefined): Promise<IndexFolder> {
  const { config } = await effectiveConfig(context, data === undefined ? {} : { data });
  const path = join(resolve(config.data), 'index');
  return { path, leases: join(path, 'tracker.leases'), database: `sqlite:${join(path, 'index.sqlite')}` };
}

/** Makes the folder, and is its owner until the lock is released. */
export async function ownIndexFolder({ path }: IndexFolder, { disk }: World): Promise<FolderLock> {
  await disk.makeFolder(path, { mode: 0o700 });
  const lock = await lockFolder(disk, path);
  if (lock === undefined)
    throw new CliError(
      'failed',
      `Another index runs with ${path}.\nStop it, or choose another folder with --data DIR.`,
    );
  return lock;
}

const tokenPattern = /^[0-9a-f]{32,}$/;

/** Made at the first start; whoever can read the file may use the operator's API. */
export async function operatorToken({ path }: IndexFolder, { disk, random }: World): Promise<string> {
  const file = join(path, 'operator-token');
  const known = (await readText(disk, file))?.trim();
  if (known !== undefined && tokenPattern.test(known)) return known;
  const bytes = new Uint8Array(32);
  random.fill(bytes);
  const token = toHex(bytes);
  await writeText(disk, file, `${token}\n`);
  return token;
}
