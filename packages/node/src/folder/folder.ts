// The data folder of a running node: who it is, its API token, and where it listens. Invariant: one owner at a time;
// node.json is there only while its owner answers at the address it names, or was killed.

import { join } from 'node:path';
import type { Clock, Disk, Random, World } from '@shoal/base';
import { type Identity, openIdentity } from '@shoal/identity';
import { ownerPatienceMs } from '../bounds.ts';
import { NodeError } from '../errors.ts';
import { folderError } from './errors.ts';
import { readWhole, removeIfThere, writeWhole } from './files.ts';
import { type FolderLock, lockFolder } from './lock.ts';

export interface NodeFile {
  readonly pid: number;
  readonly url: string;
  /** Made anew at each start; `GET /health` answers with the same. */
  readonly instance: string;
  readonly version: string;
}

export interface DataFolder {
  readonly identity: Identity;
  /** What changes something through the API takes it. */
  readonly token: string;
  /** A remark about the key file, when others than its owner can read it. */
  readonly warning: string | undefined;
  /** Tells other processes where this node listens. */
  announce(file: NodeFile): Promise<void>;
  close(): Promise<void>;
}

type Parts = Pick<World, 'clock' | 'disk' | 'random'>;

const nodeFileName = 'node.json';
const tokenName = 'api-token';
const tokenLength = 32;

export async function openDataFolder(path: string, parts: Parts): Promise<DataFolder> {
  try {
    await parts.disk.makeFolder(path, { mode: 0o700 });
    const lock = await lockFolder(parts.disk, path);
    if (lock === undefined) throw await ownedError(path, parts);
    return await ownFolder(path, lock, parts);
  } catch (error) {
    throw folderError(path, error);
  }
}

async function ownFolder(path: string, lock: FolderLock, { disk, random }: Parts): Promise<DataFolder> {
  const nodeFile = join(path, nodeFileName);
  try {
    // Left by a node that was killed.
    await removeIfThere(disk, nodeFile);
    const opened = await openNodeIdentity(path, { disk, random });
    const token = await openToken(path, disk, random);
    return {
      ...opened,
      token,
      async announce(file) {
        try {
          await writeWhole(disk, path, nodeFileName, `${JSON.stringify(file)}\n`);
        } catch (error) {
          throw folderError(path, error);
        }
      },
      async close() {
        try {
          await removeIfThere(disk, nodeFile);
        } finally {
          lock.release();
        }
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Who the node of this data folder is. Needs no ownership: a key is made at most once. */
export async function openNodeIdentity(
  path: string,
  { disk, random }: Pick<World, 'disk' | 'random'>,
): Promise<{ readonly identity: Identity; readonly isNew: boolean; readonly warning: string | undefined }> {
  const keyPath = join(path, 'identity.pem');
  try {
    await disk.makeFolder(path, { mode: 0o700 });
    const { identity, isNew, looseMode } = await openIdentity({ disk, random, folder: path, path: keyPath });
    const warning =
      looseMode === undefined
        ? undefined
        : `The key file ${keyPath} may be used by others (mode ${looseMode.toString(8)}). Run: chmod 600 ${keyPath}`;
    return { identity, isNew, warning };
  } catch (error) {
    throw folderError(path, error);
  }
}

async function openToken(path: string, disk: Disk, random: Random): Promise<string> {
  const found = await readWhole(disk, path, tokenName);
  if (found !== undefined && /^[0-9a-f]{64}\n$/.test(found)) return found.trim();
  const bytes = new Uint8Array(tokenLength);
  random.fill(bytes);
  const token = Buffer.from(bytes).toString('hex');
  await writeWhole(disk, path, tokenName, `${token}\n`);
  return token;
}

async function ownedError(path: string, { clock, disk }: Parts): Promise<NodeError> {
  const owner = await readOwner(path, disk, clock);
  const who =
    owner === undefined
      ? 'another node'
      : `the node with process id ${owner.pid}, whose page is ${owner.url}`;
  return new NodeError(
    'folder-owned',
    `The data folder ${path} is in use by ${who}.\nUse that one, stop it, or give this one a folder of its own with --data DIR.`,
    { value: path },
  );
}

/** A node that has just started says where it listens a moment after it took the folder. */
async function readOwner(path: string, disk: Disk, clock: Clock): Promise<NodeFile | undefined> {
  const untilMs = clock.nowMs() + ownerPatienceMs;
  for (;;) {
    const file = parseNodeFile(await readWhole(disk, path, nodeFileName));
    if (file !== undefined || clock.nowMs() > untilMs) return file;
    await new Promise<void>((resolve) => clock.setTimer(50, resolve));
  }
}

function parseNodeFile(text: string | undefined): NodeFile | undefined {
  try {
    const data: Partial<Record<keyof NodeFile, unknown>> = JSON.parse(text ?? '');
    const { pid, url, instance, version } = data;
    if (typeof pid !== 'number' || typeof url !== 'string') return undefined;
    if (typeof instance !== 'string' || typeof version !== 'string') return undefined;
    return { pid, url, instance, version };
  } catch {
    return undefined;
  }
}
