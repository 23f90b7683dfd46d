// Makes this command the one that opens magnet: links for its user, and takes that back.

import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CliError } from '../exit-codes.ts';
import { desktopEntry, entryName, withHandler, withoutHandler } from './linux.ts';
import { installCalls, removeCalls } from './windows.ts';

/** Returns the files that were written, or what stands for them. */
export async function installHandler(words: readonly string[]): Promise<string[]> {
  if (process.platform === 'win32') return callReg(installCalls(words));
  const { entry, list } = places();
  await replace(entry, desktopEntry(words));
  await replace(list, withHandler(await textOf(list)));
  tellDesktop(dirname(entry));
  return [entry, list];
}

export async function removeHandler(): Promise<string[]> {
  if (process.platform === 'win32') return callReg(removeCalls());
  const { entry, list } = places();
  const text = await textOf(list);
  const rest = withoutHandler(text);
  if (rest !== text) await replace(list, rest);
  await rm(entry, { force: true });
  tellDesktop(dirname(entry));
  return [entry, list];
}

function places(): { entry: string; list: string } {
  if (process.platform === 'darwin')
    throw new CliError(
      'failed',
      'On macOS only an application can open links, and this is none.\nGive a link to `shoal get`, or to the node on its page.',
    );
  const { XDG_DATA_HOME: data, XDG_CONFIG_HOME: config } = process.env;
  return {
    entry: join(folderOf(data, '.local/share'), 'applications', entryName),
    list: join(folderOf(config, '.config'), 'mimeapps.list'),
  };
}

/** Other paths than absolute ones are to be passed over (XDG Base Directory). */
function folderOf(given: string | undefined, usual: string): string {
  return given?.startsWith('/') ? given : join(homedir(), usual);
}

async function textOf(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new CliError('failed', `${path} cannot be read: ${error.message}.`, { cause: error });
  });
}

/** Whole or not at all. */
async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.new`;
  await writeFile(unfinished, text);
  await rename(unfinished, path);
}

/** Desktops keep a list of who takes what; where the program that renews it is missing, they look themselves. */
function tellDesktop(folder: string): void {
  spawnSync('update-desktop-database', [folder], { stdio: 'ignore' });
}

function callReg(calls: readonly (readonly string[])[]): string[] {
  for (const words of calls) {
    const { status, error, stderr } = spawnSync('reg.exe', words, { encoding: 'utf8' });
    if (status !== 0)
      throw new CliError('failed', `reg.exe ${words[0]} failed: ${error?.message ?? stderr.trim()}.`);
  }
  return calls.map(([, key = '']) => key);
}
