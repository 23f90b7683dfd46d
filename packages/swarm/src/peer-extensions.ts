// What the extension protocol (BEP 10) needs to remember of one peer.

import { HashLedger, type MetadataAsker, type MetadataGiver, PexGiver, PexPace } from '@shoal/wire';
import { leafAnswerEveryMs, mostLeafAnswers, mostPunches, punchEveryMs } from './bounds.ts';
import { Pace } from './pace.ts';

export class PeerExtensions {
  /** By name, the ids that the peer wants them under. */
  readonly ids = new Map<string, number>();
  client: string | undefined;
  /** Where it listens. */
  listenPort: number | undefined;
  metadataSize: number | undefined;
  isUploadOnly = false;
  /** What it heard of us. */
  toldUploadOnly = false;
  giver: MetadataGiver | undefined;
  asker: MetadataAsker | undefined;
  /** When metadata was asked of it first, and when it last gave some, or was given up. */
  askedFirstAtMs = 0;
  askedAtMs = 0;
  gaveUpAtMs = Number.NEGATIVE_INFINITY;
  readonly pexGiver = new PexGiver();
  readonly pexPace = new PexPace();
  readonly punchPace = new Pace(mostPunches, punchEveryMs);
  /** How we look to it. */
  ourAddress: string | undefined;
  readonly hashes = new HashLedger();
  /** The same by name, so that nothing is asked for twice before it was answered. */
  readonly hashesAsked = new Set<string>();
  /** Answers to hash requests that are being read for it. */
  hashAnswers = 0;
  readonly leafPace = new Pace(mostLeafAnswers, leafAnswerEveryMs);
}
