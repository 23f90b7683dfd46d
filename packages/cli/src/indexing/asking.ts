// Questions to the API of an index that runs, with its operator's token where that can be read.

import { resolve } from 'node:path';
import { parseIndexUrl } from '@shoal/directory';
import { readText } from '@shoal/index';
import { CliError } from '../exit-codes.ts';
import type { Context } from '../verb.ts';
import { indexFolder } from './folder.ts';

export interface AskFlags {
  readonly index: string;
  readonly data?: string;
}

export async function askIndex<Value>(
  context: Context,
  flags: AskFlags,
  method: string,
  path: string,
  body?: Uint8Array,
): Promise<Value> {
  const world = await context.world();
  const folder = await indexFolder(context, flags.data);
  const token = (await readText(world.disk, resolve(folder.path, 'operator-token')))?.trim();
  const response = await world.http.request({
    url: new URL(path, parseIndexUrl(flags.index)).href,
    method,
    headers: { accept: 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    ...(body !== undefined && { body }),
    signal: context.signal,
  });
  const chunks: Uint8Array[] = [];
  await new Promise<void>((done, fail) =>
    response.read({
      data: (bytes) => void chunks.push(bytes.slice()),
      close: (error) => (error ? fail(error) : done()),
    }),
  );
  const text = Buffer.concat(chunks).toString();
  let answer: Value & { readonly error?: { readonly code: string; readonly message: string } };
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new CliError('failed', `${flags.index} did not answer as an index does.`, { cause });
  }
  if (response.status === 200) return answer;
  const { code, message } = answer.error ?? { code: '', message: `HTTP status ${response.status}` };
  const hint =
    code === 'unauthorized'
      ? ` It is read from ${folder.path}; name the index's folder with --data DIR.`
      : '';
  throw new CliError(code === 'not-found' ? 'not-found' : 'refused', message + hint);
}
