// The list of an index that runs: shown to everybody, changed by whoever can read the operator's token.

import { resolve } from 'node:path';
import { parseIndexUrl } from '@shoal/directory';
import { readText } from '@shoal/index';
import { maxTorrentLength } from '@shoal/metainfo';
import { CliError } from '../exit-codes.ts';
import { formatBytes } from '../numbers.ts';
import type { Context } from '../verb.ts';
import { indexFolder } from './folder.ts';

export interface ListFlags {
  readonly index: string;
  readonly data?: string;
}

interface Answer {
  readonly total?: number;
  readonly content?: readonly Listed[];
  readonly error?: { readonly code: string; readonly message: string };
}

interface Listed {
  readonly infoHash: string;
  readonly name: string;
  readonly size?: number;
  readonly state: string;
  readonly words: string;
}

export async function showList(context: Context, flags: ListFlags): Promise<void> {
  const { content = [], total = 0 } = await ask<Answer>(context, flags, 'GET', 'api/content');
  for (const one of content) tell(context, one);
  if (content.length < total)
    context.output.note(`${total} are listed, of which these are ${content.length}.`);
}

/** A torrent file's path, or a magnet link. */
export async function addToList(context: Context, what: string, flags: ListFlags): Promise<void> {
  const body = /^\s*magnet:/i.test(what) ? Buffer.from(what.trim()) : await readFile(context, resolve(what));
  tell(context, await ask<Listed>(context, flags, 'POST', 'api/content', body));
}

export async function removeFromList(context: Context, infoHash: string, flags: ListFlags): Promise<void> {
  await ask(context, flags, 'DELETE', `api/content/${encodeURIComponent(infoHash)}`);
  context.output.result({ removed: infoHash }, `${infoHash} is no longer listed.`);
}

function tell({ output }: Context, { infoHash, name, size, state, words }: Listed): void {
  const length = size === undefined ? 'unknown size' : formatBytes(size);
  output.result(
    { infoHash, name, size, state, words },
    `${infoHash}  ${name || '(no name yet)'}, ${length}: ${words}`,
  );
}

async function readFile({ world }: Context, path: string): Promise<Uint8Array> {
  const { disk } = await world();
  const file = await disk.open(path);
  try {
    const { length } = await file.stat();
    if (length > maxTorrentLength) throw new CliError('refused', `${path} is too large for a torrent file.`);
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, await file.read([bytes], 0));
  } finally {
    await file.close();
  }
}

async function ask<Value>(
  context: Context,
  flags: ListFlags,
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
  let answer: Answer & Value;
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
