// The same with many transfers: each succeeds or fails for itself, and the disk is asked to sync once for many of them.

import type { AnswerOf, BulkRequest } from '@shoal/api';
import { NodeError } from '../errors.ts';
import type { Item } from '../transfers/item.ts';
import type { Transfers } from '../transfers/transfers.ts';
import { failureOf } from './failures.ts';

/** Enough that one sync of the ledger serves hundreds; each may open files. */
const mostAtOnce = 256;

type Failed = AnswerOf<'bulk'>['failed'][number];

export async function bulk(transfers: Transfers, asked: BulkRequest): Promise<AnswerOf<'bulk'>> {
  const { action, change, folder, addLabels = [], removeLabels = [] } = asked;
  const hasLabels = addLabels.length > 0 || removeLabels.length > 0;
  if (action === 'change' && change === undefined && !hasLabels)
    throw new NodeError('invalid', 'Say what is to change: change, addLabels or removeLabels.');
  if (action === 'move' && folder === undefined) throw new NodeError('invalid', 'Say where to move: folder.');

  async function act(item: Item): Promise<void> {
    switch (action) {
      case 'pause':
        return transfers.pause(item);
      case 'resume':
        return transfers.resume(item);
      case 'remove':
        return transfers.remove(item, asked.removeFiles === true);
      case 'verify':
        return transfers.verify(item);
      case 'move':
        return transfers.move(item, folder ?? '', false);
      case 'change': {
        const labels = (change?.labels ?? item.record.labels).filter(
          (label) => !removeLabels.includes(label),
        );
        const all = [...new Set([...labels, ...addLabels])];
        return transfers.change(item, { ...change, ...(hasLabels && { labels: all }) });
      }
    }
  }

  const done: string[] = [];
  const failed: Failed[] = [];
  const waiting = [...new Set(asked.ids)].values();
  async function work(): Promise<void> {
    for (const id of waiting) {
      try {
        await act(transfers.get(id));
        done.push(id);
      } catch (error) {
        const failure = failureOf(error);
        if (failure === undefined) throw error;
        failed.push({ id, error: { code: failure.code, message: failure.message } });
      }
    }
  }
  await Promise.all(Array.from({ length: mostAtOnce }, work));
  return { done, failed };
}
