// Share mode: somebody who wants nothing for himself gives room and upload. It fetches pieces that more peers lack than
// have, as many as fit, and further ones only as those it has are passed on.
// Invariant: pieces had and under way fit into `mostBytes`.

import type { Random } from '@shoal/base';
import * as bound from './bounds.ts';
import type { Peer } from './peer.ts';
import type { Picker } from './picker/picker.ts';
import type { Wishes } from './wishes.ts';

export interface VolunteerOptions {
  readonly picker: Picker;
  readonly wishes: Wishes;
  readonly peers: ReadonlySet<Peer>;
  readonly random: Random;
  readonly pieceLength: number;
  /** What the transfer sent so far. */
  readonly uploadedBytes: () => number;
}

/** Pieces that are looked at for one to fetch. */
const candidates = 128;
/** With this many it begins, whatever was uploaded. */
const firstPieces = 8;
const atOnce = 4;

export class Volunteer {
  readonly #o: VolunteerOptions;
  /** Undefined while it is not a volunteer's transfer. */
  mostBytes: number | undefined;

  constructor(options: VolunteerOptions) {
    this.#o = options;
  }

  /** True when there is something new to fetch. */
  tick(): boolean {
    const { picker, wishes } = this.#o;
    let hasMore = false;
    while (this.#mayTakeMore) {
      const piece = this.#mostLacked();
      if (piece === undefined) break;
      wishes.take(piece);
      hasMore = true;
    }
    return hasMore && picker.wanted > 0;
  }

  get #mayTakeMore(): boolean {
    const { picker, pieceLength } = this.#o;
    if (this.mostBytes === undefined || picker.wanted >= atOnce) return false;
    const pieces = picker.have.count + picker.wanted;
    const earned = firstPieces + Math.floor(this.#o.uploadedBytes() / pieceLength);
    return pieces < earned && (pieces + 1) * pieceLength <= this.mostBytes;
  }

  #mostLacked(): number | undefined {
    const { picker, random, peers } = this.#o;
    const fetching = [...peers].filter(
      ({ pieces, extension }) => pieces !== undefined && !pieces.hasAll && !extension.isUploadOnly,
    );
    if (fetching.length < bound.leastToVolunteerFor) return undefined;
    const { pieceCount } = picker;
    const start = random.below(pieceCount);
    let best: number | undefined;
    let bestGain = 0;
    for (let i = 0; i < Math.min(pieceCount, candidates); i++) {
      const piece = (start + i) % pieceCount;
      const copies = picker.copies(piece);
      if (copies === 0 || picker.state(piece) !== 'missing' || picker.priority(piece) > 0) continue;
      let lacking = 0;
      for (const { pieces } of fetching) if (pieces?.has(piece) === false) lacking++;
      // Whoever brings it to us could bring it to one of them as well: only with the second it helps.
      if (lacking < bound.leastToVolunteerFor || lacking - copies <= bestGain) continue;
      best = piece;
      bestGain = lacking - copies;
    }
    return best;
  }
}
