// Who may use the index's tracker and publish: the files of listed info hashes, users and keys, read again when they
// change.

import type { Disk } from '@shoal/base';
import {
  type AccessOptions,
  Publishers,
  parseHashList,
  parsePublishers,
  parseUsers,
  readText,
  Users,
  writeText,
} from '@shoal/index';

const lookEveryMs = 10_000;

export interface AccessFiles {
  readonly access: AccessOptions | undefined;
  readonly publishers: Publishers;
  /** The list was changed by the API: its file is written anew. */
  keepListed(): Promise<void>;
  /** Looks for changes until it is closed. */
  watch(warn: (message: string) => void): void;
  close(): void;
}

export interface AccessFlags {
  readonly listed?: string;
  readonly users?: string;
  /** Users are in the database, from where somebody else takes them. */
  readonly private?: true;
  readonly leastRatio?: number;
  /** "all", "none" or a file. */
  readonly publishers?: string;
}

/** Rejects with an IndexError `settings` that names the line that is wrong. */
export async function openAccess(disk: Disk, flags: AccessFlags): Promise<AccessFiles> {
  const { listed: listedPath, users: usersPath, leastRatio } = flags;
  const readListed = async () => parseHashList(await textOf(disk, listedPath ?? ''));
  const ratio = leastRatio === undefined ? {} : { leastRatio };
  const readUsers = async () => parseUsers(await textOf(disk, usersPath ?? ''), ratio);
  const listed = listedPath === undefined ? undefined : await readListed();
  const areUsersKept = flags.private === true;
  const kept = areUsersKept ? new Users(ratio) : undefined;
  const users = usersPath === undefined ? kept : await readUsers();
  const { publishers: who = 'all' } = flags;
  const readPublishers = async () =>
    who === 'all' || who === 'none' ? new Publishers(who) : parsePublishers(await textOf(disk, who));
  const publishers = await readPublishers();
  const seen = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function hasChanged(path: string): Promise<boolean> {
    const { id, length, modifiedMs } = await disk.stat(path);
    const mark = `${id} ${length} ${modifiedMs}`;
    const before = seen.get(path);
    seen.set(path, mark);
    return before !== undefined && before !== mark;
  }

  async function look(): Promise<void> {
    if (listedPath !== undefined && (await hasChanged(listedPath))) listed?.become(await readListed());
    if (usersPath !== undefined && (await hasChanged(usersPath))) users?.become(await readUsers());
    if (who !== 'all' && who !== 'none' && (await hasChanged(who))) publishers.become(await readPublishers());
  }

  return {
    access:
      listed === undefined && users === undefined
        ? undefined
        : { ...(listed && { listed }), ...(users && { users, areUsersKept }) },
    publishers,
    async keepListed() {
      if (listedPath === undefined || listed === undefined) return;
      await writeText(disk, listedPath, [...listed, ''].join('\n'));
      await hasChanged(listedPath);
    },
    watch(warn) {
      const next = (): void => {
        // What is wrong in a file is told, and what was read before goes on.
        look()
          .catch((error: unknown) => warn(error instanceof Error ? error.message : String(error)))
          .finally(() => {
            if (!isClosed) timer = setTimeout(next, lookEveryMs);
          });
      };
      next();
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

async function textOf(disk: Disk, path: string): Promise<string> {
  return (await readText(disk, path)) ?? '';
}
