// Waits for a transfer to come so far, or to end before.

import { SwarmError } from './errors.ts';
import type { Transfer } from './types.ts';

export function whenComplete(transfer: Transfer, signal?: AbortSignal): Promise<void> {
  return until(transfer, () => transfer.isComplete, signal);
}

/** The condition is looked at with each event; rejects when the transfer fails or stops, or the signal is aborted. */
export function until(transfer: Transfer, condition: () => boolean, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): boolean => {
      if (condition()) resolve();
      else if (transfer.state === 'failed') reject(transfer.error);
      else if (transfer.state === 'stopped') reject(new SwarmError('closed', 'the transfer was stopped'));
      else if (signal?.aborted === true) reject(signal.reason);
      else return false;
      return true;
    };
    if (settle()) return;
    const done = () => {
      if (!settle()) return;
      stopListening();
      signal?.removeEventListener('abort', done);
    };
    const stopListening = transfer.subscribe(done);
    signal?.addEventListener('abort', done);
  });
}
