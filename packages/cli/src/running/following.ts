// Transfers of the node as they change: each once as it is now, then whenever it has changed. Goes on where it was when
// the connection breaks, as long as the node is there.

import { ApiError, type NodeEvent, type TransferSummary } from '@shoal/api';
import { CliError } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import type { RunningNode } from './running-node.ts';

/** A node that is gone says so at once; what breaks again and again is not followed. */
const mostBreaks = 5;

/** Every event after the revision. Ends when the signal is aborted or the node has gone, by throwing. */
export async function* followEvents(
  node: RunningNode,
  since: string,
  signal: AbortSignal,
): AsyncGenerator<NodeEvent> {
  let revision = since;
  for (let breaks = 0; breaks < mostBreaks; breaks++) {
    try {
      for await (const message of node.events(revision, signal)) {
        ({ revision } = message);
        breaks = 0;
        yield message.event;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ApiError && error.code === 'unreachable') break;
      if (error instanceof ApiError) throw error;
    }
  }
  throw new CliError(
    'failed',
    `The node at ${node.url} is gone.\nStart it again with \`shoal up\`; it goes on where it was.`,
  );
}

/** Ends when all of them were removed. */
export async function* followTransfers(
  node: RunningNode,
  ids: readonly string[],
  signal: AbortSignal,
  output: Output,
): AsyncGenerator<TransferSummary> {
  const left = new Set(ids);
  const { revision } = await node.call('transfers', { query: { limit: 0 } }, signal);
  const now = async function* (): AsyncGenerator<TransferSummary> {
    for (const id of left) {
      const found = await node.call('transfer', { params: { id } }, signal).catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
      });
      if (found === undefined) left.delete(id);
      else yield found;
    }
  };
  yield* now();
  for await (const event of followEvents(node, revision, signal)) {
    if (event.kind === 'reset') yield* now();
    if (event.kind === 'transfers') {
      for (const transfer of event.changed) if (left.has(transfer.id)) yield transfer;
    }
    if (event.kind === 'notice' && event.id !== undefined && left.has(event.id))
      output.event(
        { event: 'notice', id: event.id, code: event.code, message: event.message },
        event.message,
      );
    if (event.kind === 'removed') for (const id of event.ids) left.delete(id);
    if (left.size === 0) return;
  }
}
