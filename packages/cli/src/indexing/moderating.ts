// What the operator of an index that runs does about what others published.

import { userInfo } from 'node:os';
import { CliError } from '../exit-codes.ts';
import { formatBytes } from '../numbers.ts';
import type { Context } from '../verb.ts';
import { type AskFlags, askIndex } from './asking.ts';

interface Block {
  readonly kind: string;
  readonly value: string;
  readonly reason: string;
  readonly made?: string;
}

interface AuditEntry extends Block {
  readonly number: number;
  readonly at: string;
  readonly by: string;
  readonly action: string;
}

const path = 'api/moderation';

export async function showBlocks(context: Context, flags: AskFlags): Promise<void> {
  const { blocks } = await askIndex<{ readonly blocks: readonly Block[] }>(
    context,
    flags,
    'GET',
    `${path}/blocks`,
  );
  for (const block of blocks) tell(context, block);
}

export async function block(
  context: Context,
  what: Omit<Block, 'made'> & { readonly by: string | undefined },
  flags: AskFlags,
): Promise<void> {
  const body = Buffer.from(JSON.stringify({ ...what, kind: kindOf(what.kind), by: nameOf(what.by) }));
  const { blocked } = await askIndex<{ readonly blocked: readonly Block[] }>(
    context,
    flags,
    'POST',
    `${path}/blocks`,
    body,
  );
  for (const one of blocked) tell(context, one);
}

export async function unblock(
  context: Context,
  { kind, value, by }: { readonly kind: string; readonly value: string; readonly by: string | undefined },
  flags: AskFlags,
): Promise<void> {
  const words = `${kindOf(kind)}/${encodeURIComponent(value)}?by=${encodeURIComponent(nameOf(by))}`;
  await askIndex(context, flags, 'DELETE', `${path}/blocks/${words}`);
  context.output.result({ unblocked: { kind, value } }, `The ${kind} ${value} is no longer blocked.`);
}

export async function showAudit(
  context: Context,
  { before, limit }: { readonly before: number | undefined; readonly limit: number },
  flags: AskFlags,
): Promise<void> {
  const query = `?limit=${limit}${before === undefined ? '' : `&before=${before}`}`;
  const { entries } = await askIndex<{ readonly entries: readonly AuditEntry[] }>(
    context,
    flags,
    'GET',
    `${path}/audit${query}`,
  );
  for (const entry of entries) {
    const { number, at, by, action, kind, value, reason } = entry;
    const why = reason === '' ? '' : `: ${reason}`;
    context.output.result(
      { number, at, by, action, kind, value, reason },
      `${number}  ${at}  ${by}: ${action} ${kind} ${value}${why}`,
    );
  }
}

/** The export, for everybody to take. */
export async function exportCatalogue(context: Context, flags: AskFlags): Promise<void> {
  const made = await askIndex<{
    readonly revision: number;
    readonly records: number;
    readonly bytes: number;
    readonly infoHash: string;
  }>(context, flags, 'POST', 'export');
  const { revision, records, bytes, infoHash } = made;
  const url = new URL('export/catalogue.torrent', flags.index).href;
  context.output.result(
    { revision, records, bytes, infoHash, url },
    `${records} records up to revision ${revision}, ${formatBytes(bytes)}: ${url}`,
  );
}

function tell({ output }: Context, { kind, value, reason, made }: Block): void {
  const why = reason === '' ? '' : `: ${reason}`;
  output.result({ kind, value, reason, made }, `${kind}  ${value}${why}`);
}

function kindOf(kind: string): string {
  if (['hash', 'key', 'word'].includes(kind)) return kind;
  throw new CliError('usage', `What is blocked is a hash, a key or a word, not ${kind}.`);
}

/** Whoever has the token may say any name: it tells operators apart who trust each other. */
function nameOf(by: string | undefined): string {
  if (by !== undefined) return by;
  try {
    return userInfo().username;
  } catch {
    return 'operator';
  }
}
