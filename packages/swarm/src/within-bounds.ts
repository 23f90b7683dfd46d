// What is counted against what it may be at most: for the invariants of tests and simulated runs.

import * as bound from './bounds.ts';
import type { Peer } from './peer.ts';

type Count = readonly [what: string, count: number, most: number];

export function beyond(counts: readonly Count[]): string[] {
  return counts
    .filter(([, count, most]) => !(count >= 0 && count <= most))
    .map(([what, count, most]) => `${count} ${what}, ${most} allowed`);
}

export function beyondPeer(peer: Peer): string[] {
  return beyond([
    ['blocks asked of a peer', peer.requests.count, bound.mostRequests],
    ['requests queued for a peer', peer.uploads.count, bound.requestsQueued],
    ['chunks of a peer', peer.chunksUnderWay, bound.chunksPerPeer],
    // What one run of bytes asks for is answered before the backlog is looked at.
    ['bytes that a peer does not read', peer.outbox.pendingBytes, 4 * bound.longestBacklog],
    ['pieces allowed by a peer', peer.fastPieces.size, bound.mostFastPieces],
    ['hash answers for a peer', peer.extension.hashAnswers, bound.hashAnswersAtOnce],
  ]);
}
