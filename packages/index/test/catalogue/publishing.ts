// Records for tests, signed by keys that are numbers.

import {
  type PublicationContent,
  signPublication,
  signRating,
  signReport,
  signWithdrawal,
} from '@shoal/directory';
import { type Identity, identityFromSeed } from '@shoal/identity';

export const nowMs = 1_700_000_000_000;
const identities = new Map<number, Identity>();

export function keyOf(number: number): Identity {
  const known = identities.get(number) ?? identityFromSeed(new Uint8Array(32).fill(number));
  identities.set(number, known);
  return known;
}

/** 20 bytes that a number stands for. */
export function torrentOf(number: number): Uint8Array {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setUint32(16, number);
  return bytes;
}

export function hashOf(number: number): string {
  return Buffer.from(torrentOf(number)).toString('hex');
}

export interface Details extends Partial<PublicationContent> {
  readonly by?: number;
  readonly sequence?: number;
  readonly madeAt?: number;
}

export function publication(torrent: number, title: string, details: Details = {}): Uint8Array {
  const { by = 1, sequence = 1, madeAt = nowMs / 1000, ...content } = details;
  return signPublication(
    keyOf(by),
    {
      infoHashes: { v1: torrentOf(torrent) },
      title,
      category: 'other',
      tags: [],
      files: [],
      trackers: [],
      supersedes: [],
      ...content,
    },
    { sequence, madeAt },
  );
}

export function withdrawal(torrent: number, by = 1, sequence = 2): Uint8Array {
  return signWithdrawal(keyOf(by), torrentOf(torrent), { sequence, madeAt: nowMs / 1000 });
}

export function rating(
  torrent: number,
  by: number,
  { stars, comment, sequence = 1 }: { stars?: number; comment?: string; sequence?: number },
): Uint8Array {
  const saying = { sequence, madeAt: nowMs / 1000 };
  return signRating(keyOf(by), { torrent: torrentOf(torrent), stars, comment }, saying);
}

export function report(torrent: number, by: number, sequence = 1): Uint8Array {
  const content = {
    torrent: torrentOf(torrent),
    reason: 'fake',
    comment: 'It is not what it says.',
  } as const;
  return signReport(keyOf(by), content, { sequence, madeAt: nowMs / 1000 });
}
