// What is asked of indexes, or said in them, through the node that owns the data folder: it has the key, knows the
// indexes, and is bound as it was started.

import type { SaidAnswer } from '@shoal/api';
import { effectiveConfig } from '../config.ts';
import { findNode, type RunningNode } from '../running/running-node.ts';
import type { Context } from '../verb.ts';
import type { SpeakingFlags } from './indexes.ts';

/** Undefined where none runs, and where something else is wanted than the node has. */
export async function nodeThatSpeaks(
  context: Context,
  { index, network, bind, ...given }: SpeakingFlags,
): Promise<RunningNode | undefined> {
  if ((index ?? network ?? bind) !== undefined) return undefined;
  const { config } = await effectiveConfig(context, given);
  return await findNode(config.data, context.signal);
}

/** Those that failed, then each that took it. */
export function tellSaid(
  { output }: Context,
  { indexes, failures }: SaidAnswer,
  told: (index: string) => void,
): void {
  for (const { index, code, message } of failures)
    output.event({ event: 'index-failed', index, code, message }, `${index}: ${message}`);
  for (const index of indexes) told(index);
}
