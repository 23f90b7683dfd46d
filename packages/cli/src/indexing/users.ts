// The users of a private index that runs, in its database: shown to and changed by whoever can read the operator's token.

import { formatBytes } from '../numbers.ts';
import type { Context } from '../verb.ts';
import { type AskFlags, askIndex } from './asking.ts';

interface Told {
  readonly name: string;
  readonly key: string;
  readonly uploaded: number;
  readonly downloaded: number;
}

const path = 'api/tracker/users';

export async function showUsers(context: Context, flags: AskFlags): Promise<void> {
  const { users } = await askIndex<{ readonly users: readonly Told[] }>(context, flags, 'GET', path);
  for (const user of users) tell(context, flags, user);
}

export async function addUser(
  context: Context,
  name: string,
  key: string | undefined,
  flags: AskFlags,
): Promise<void> {
  const body = Buffer.from(JSON.stringify({ name, key }));
  tell(context, flags, await askIndex<Told>(context, flags, 'POST', path, body));
}

export async function removeUser(context: Context, name: string, flags: AskFlags): Promise<void> {
  await askIndex(context, flags, 'DELETE', `${path}/${encodeURIComponent(name)}`);
  context.output.result({ removed: name }, `${name} may not announce any more.`);
}

function tell({ output }: Context, flags: AskFlags, { name, key, uploaded, downloaded }: Told): void {
  const url = new URL(`${key}/announce`, flags.index).href;
  const moved = `gave ${formatBytes(uploaded)}, took ${formatBytes(downloaded)}`;
  output.result({ name, key, uploaded, downloaded, url }, `${name}  ${moved}: ${url}`);
}
