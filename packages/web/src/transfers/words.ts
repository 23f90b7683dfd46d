// A transfer's state in words, and the colour that goes with it.

import type { TransferSummary } from '@shoal/api';
import { texts } from '../texts.ts';

export type Mood = 'busy' | 'done' | 'rest' | 'bad';

export function stateText(transfer: TransferSummary): string {
  const { state, peers, isComplete, moving, downRate } = transfer;
  if (moving?.state === 'moving') return texts.states.moving;
  if (state === 'metadata' && peers === 0) return texts.states.lookingForPeers;
  if (state === 'fetching' && downRate < 1 && peers === 0) return texts.states.lookingForPeers;
  if (state === 'fetching' && downRate < 1) return texts.states.stalled;
  if (state === 'paused' && isComplete) return texts.states.pausedComplete;
  return texts.states[state];
}

/** What it says of itself beyond its state: why it waits or failed. */
export function reasonText({ error, waiting, moving }: TransferSummary): string | undefined {
  return (error ?? moving?.error ?? waiting)?.message;
}

export function moodOf({ state, isComplete, error }: TransferSummary): Mood {
  if (state === 'failed' || state === 'disk-full' || error !== undefined) return 'bad';
  if (state === 'paused' || state === 'queued' || state === 'stopped') return 'rest';
  return isComplete ? 'done' : 'busy';
}
