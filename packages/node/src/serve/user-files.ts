// Files of users, changed by a line at a time; all else in them stays as it is. Invariant: the file is there whole at any
// instant, and nobody but its owner may read it.

import { open, readFile, rename } from 'node:fs/promises';
import { NodeError } from '../errors.ts';
import { namePattern, type Right, userLine } from './users.ts';

export interface NewUser {
  readonly name: string;
  readonly right: Right;
  readonly password: string;
}

/** Adds somebody, or gives somebody another right and password. Makes the file when it is not there. */
export async function addUser(path: string, { name, right, password }: NewUser): Promise<void> {
  if (!namePattern.test(name))
    throw new NodeError('bad-name', 'A user has a name of one word, without a colon or a # before it.', {
      value: name,
    });
  if (password === '' || /\p{Cc}/u.test(password))
    throw new NodeError(
      'bad-name',
      'A password has one character at least, and none that is not to be seen.',
    );
  const line = await userLine(name, right, password);
  const lines = await linesOf(path);
  const at = lines.findIndex((known) => nameIn(known) === name);
  await write(path, at === -1 ? [...lines, line] : lines.with(at, line));
}

export async function removeUser(path: string, name: string): Promise<void> {
  const lines = await linesOf(path);
  const rest = lines.filter((line) => nameIn(line) !== name);
  if (rest.length === lines.length)
    throw new NodeError('not-found', `${path} has no user ${name}.`, { value: name });
  await write(path, rest);
}

function nameIn(line: string): string | undefined {
  return /^\s*([^\s#]\S*)/.exec(line)?.[1];
}

async function linesOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

async function write(path: string, lines: readonly string[]): Promise<void> {
  const unfinished = `${path}.${process.pid}.new`;
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.writeFile(lines.map((line) => `${line}\n`).join(''));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}
