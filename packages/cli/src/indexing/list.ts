// The list of an index that runs: shown to everybody, changed by whoever can read the operator's token.

import { resolve } from 'node:path';
import { maxTorrentLength } from '@shoal/metainfo';
import { CliError } from '../exit-codes.ts';
import { formatBytes } from '../numbers.ts';
import type { Context } from '../verb.ts';
import { type AskFlags, askIndex } from './asking.ts';

interface Answer {
  readonly total?: number;
  readonly content?: readonly Listed[];
}

interface Listed {
  readonly infoHash: string;
  readonly name: string;
  readonly size?: number;
  readonly state: string;
  readonly words: string;
}

export async function showList(context: Context, flags: AskFlags): Promise<void> {
  const { content = [], total = 0 } = await askIndex<Answer>(context, flags, 'GET', 'api/content');
  for (const one of content) tell(context, one);
  if (content.length < total)
    context.output.note(`${total} are listed, of which these are ${content.length}.`);
}

/** A torrent file's path, or a magnet link. */
export async function addToList(context: Context, what: string, flags: AskFlags): Promise<void> {
  const body = /^\s*magnet:/i.test(what) ? Buffer.from(what.trim()) : await readFile(context, resolve(what));
  tell(context, await askIndex<Listed>(context, flags, 'POST', 'api/content', body));
}

export async function removeFromList(context: Context, infoHash: string, flags: AskFlags): Promise<void> {
  await askIndex(context, flags, 'DELETE', `api/content/${encodeURIComponent(infoHash)}`);
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
