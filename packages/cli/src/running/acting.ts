// The same done with each transfer that was named; each answers for itself.

import type { BulkRequest, TransferSummary } from '@shoal/api';
import { exitCodes } from '../exit-codes.ts';
import type { Context } from '../verb.ts';
import { type Choice, chooseTransfers } from './choosing.ts';
import type { RunningNode } from './running-node.ts';

export interface Act extends Omit<BulkRequest, 'ids'> {
  /** What happened to each, like `paused`: the event of --json, too. */
  readonly done: string;
  /** For people, where that is not the same. */
  readonly says?: string;
}

/** Answers those with which it was done. */
export async function act(
  context: Context,
  node: RunningNode,
  choice: Choice,
  { done: word, says = word, ...request }: Act,
): Promise<readonly TransferSummary[]> {
  const { output, signal } = context;
  const chosen = await chooseTransfers(node, choice, signal);
  if (chosen.length === 0) {
    output.note('There is no transfer.');
    return [];
  }
  const ids = chosen.map(({ id }) => id);
  const { done, failed } = await node.call('bulk', { body: { ids, ...request } }, signal);
  const isDone = new Set(done);
  const reasons = new Map(failed.map(({ id, error }) => [id, error]));
  for (const { id, name } of chosen) {
    const error = reasons.get(id);
    if (isDone.has(id)) output.result({ event: word, id, name }, `${says}: ${name}`);
    else if (error !== undefined) {
      output.event({ event: 'failed', id, name, reason: error.message }, `${name}: ${error.message}`);
      context.exitWith(exitCodes.failed);
    }
  }
  return chosen.filter(({ id }) => isDone.has(id));
}
