// A copy of the database of an index, whether it runs or not: one moment of it, whole, under its name only when it is on
// the disk.

import { dirname, resolve } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { WorldError } from '@shoal/base';
import { CliError } from '../exit-codes.ts';
import { formatBytes } from '../numbers.ts';
import type { Context } from '../verb.ts';
import { indexFolder } from './folder.ts';
import { effectiveFlags, type IndexFlags } from './settings.ts';

/** All pages in one step: with others writing, smaller steps would begin anew with each write. */
const allPages = 0x7fff_ffff;
const prefix = 'sqlite:';

export async function backupIndex(context: Context, file: string, given: IndexFlags): Promise<void> {
  const { disk } = await context.world();
  const flags = await effectiveFlags(context, given);
  const folder = await indexFolder(context, flags.data);
  const address = flags.database ?? folder.database;
  if (!address.startsWith(prefix))
    throw new CliError('usage', 'This copies SQLite. PostgreSQL has a tool for itself: pg_dump.');
  const source = resolve(address.slice(prefix.length));
  const target = resolve(file);
  await disk.stat(source);
  if (await isThere(target)) throw new CliError('refused', `There is a file ${target}. Name another one.`);
  const unfinished = `${target}.part`;
  if (await isThere(unfinished)) await disk.removeFile(unfinished);
  const database = new DatabaseSync(source, { readOnly: true, timeout: 5_000 });
  try {
    await backup(database, unfinished, { rate: allPages });
  } finally {
    database.close();
  }
  const copy = await disk.open(unfinished, { write: true });
  await copy.sync();
  const { length } = await copy.stat();
  await copy.close();
  await disk.renameNew(unfinished, target);
  await disk.syncFolder(dirname(target));
  context.output.result({ file: target, bytes: length }, `${target} holds ${formatBytes(length)}.`);

  async function isThere(path: string): Promise<boolean> {
    return disk.stat(path).then(
      () => true,
      (error: unknown) => {
        if (error instanceof WorldError && error.code === 'not-found') return false;
        throw error;
      },
    );
  }
}
