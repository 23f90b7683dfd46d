// Sharing by the node that owns the data folder: it makes the torrents, and goes on when this command has ended.

import { access } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ApiError, type NewTransfer, type TransferSummary } from '@shoal/api';
import { createProgressBoard } from '../progress.ts';
import { showHashing } from '../transferring/hashing.ts';
import type { Context } from '../verb.ts';
import { shortId } from './choosing.ts';
import { followTransfers } from './following.ts';
import type { RunningNode } from './running-node.ts';
import { doingText } from './words.ts';

const lookEveryMs = 250;

export async function shareInNode(
  context: Context,
  node: RunningNode,
  requests: readonly (NewTransfer & { readonly path: string })[],
): Promise<void> {
  const { output, signal } = context;
  for (const request of requests) {
    output.progress(`making a torrent of ${basename(request.path)}`);
    const added = await whileHashing(
      context,
      node,
      request.path,
      node.call('addTransfer', { body: request }, signal),
    ).catch(async (error: unknown) => {
      const shared =
        error instanceof ApiError &&
        error.status === 409 &&
        (await sharedAlready(node, request.path, signal));
      if (!shared) throw error;
      return shared;
    });
    await untilShared(context, node, added);
    await tellSharedByNode(context, node, added.id);
  }
}

/** The node says how far it is while it reads the files. */
async function whileHashing<Value>(
  { output, signal }: Context,
  node: RunningNode,
  path: string,
  done: Promise<Value>,
): Promise<Value> {
  const show = showHashing(output, path);
  let isOver = false;
  const over = done.finally(() => {
    isOver = true;
  });
  over.catch(() => {});
  for (;;) {
    await Promise.race([over, setTimeout(lookEveryMs, undefined, { signal })]);
    if (isOver) return await over;
    const { making = [] } = await node.call('statistics', {}, signal);
    const one = making.find((made) => made.path === path);
    if (one !== undefined) show(one.bytes, one.total);
  }
}

export async function tellSharedByNode(
  { output, signal }: Context,
  node: RunningNode,
  id: string,
): Promise<void> {
  const [{ magnet, name, infoHashV1, infoHashV2 }, { port }] = await Promise.all([
    node.call('transfer', { params: { id } }, signal),
    node.call('node', {}, signal),
  ]);
  const torrent = await torrentFileOf(node, [infoHashV2, infoHashV1]);
  const facts = {
    name,
    ...(infoHashV1 !== undefined && { infoHashV1 }),
    ...(infoHashV2 !== undefined && { infoHashV2 }),
    magnet,
    ...(torrent !== undefined && { torrent }),
    ...(port !== undefined && { port }),
  };
  output.event(
    { event: 'sharing', ...facts },
    `The node shares ${name}${port === undefined ? '' : ` on port ${port}`}. \`shoal pause ${shortId(id)}\` ends that.`,
  );
  if (!output.json) output.result({}, magnet);
}

/** Where the node keeps it, in its data folder. */
async function torrentFileOf(
  { data }: RunningNode,
  hashes: readonly (string | undefined)[],
): Promise<string | undefined> {
  for (const hash of hashes) {
    if (hash === undefined) continue;
    const path = join(data, 'transfers', hash, 'torrent');
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

/** From this very place: then it is as good as shared just now. */
async function sharedAlready(
  node: RunningNode,
  path: string,
  signal: AbortSignal,
): Promise<TransferSummary | undefined> {
  const { transfers } = await node.call('transfers', { query: { text: basename(path) } }, signal);
  const found = transfers.find(({ name, folder }) => name === basename(path) && folder === dirname(path));
  if (found?.state !== 'paused') return found;
  return await node.call('resumeTransfer', { params: { id: found.id } }, signal);
}

async function untilShared(context: Context, node: RunningNode, added: TransferSummary): Promise<void> {
  const { output, signal } = context;
  if (added.isComplete && added.state === 'sharing') return;
  const board = createProgressBoard(output);
  for await (const transfer of followTransfers(node, [added.id], signal, output)) {
    const { id, name, bytes, total, state, error, isComplete, peers } = transfer;
    if (state === 'failed')
      throw new ApiError(error?.code ?? 'failed', error?.message ?? `${name} failed.`, 0);
    if (isComplete && state !== 'checking') return;
    board.show(id, { name, doing: doingText(transfer), bytes, total, rate: 0, peers });
  }
}
