// Transfers as a node tells them, for tests of what is made of them.

import type { TransferSummary } from '@shoal/api';

export function summary(given: Partial<TransferSummary> & { readonly id: string }): TransferSummary {
  return {
    name: `name of ${given.id}`,
    state: 'fetching',
    bytes: 50,
    total: 100,
    size: 100,
    downRate: 0,
    upRate: 0,
    downloaded: 50,
    uploaded: 0,
    wasted: 0,
    peers: 0,
    seeds: 0,
    isComplete: false,
    isPrivate: false,
    mode: 'usual',
    labels: [],
    folder: '/downloads',
    addedMs: 0,
    place: 0,
    isForced: false,
    limits: { down: null, up: null },
    goals: {},
    ...given,
  };
}

export function hexId(number: number): string {
  return number.toString(16).padStart(40, '0');
}
