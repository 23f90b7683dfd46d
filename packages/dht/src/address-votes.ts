// What others say our public address is (BEP 42's "ip"). One network has one vote, so that a few liars with many
// addresses in one place cannot move us about in the id space.

import type { Endpoint } from '@shoal/base';
import { maxVotes, votesForAddress } from './bounds.ts';
import { endpointKey, prefixOf } from './contact.ts';

export class AddressVotes {
  /** The address each voter saw last. */
  readonly #votes = new Map<string, string>();
  #agreed = '';

  /** The address that enough voters agree on, and more than half of them; undefined as long as there is none. */
  add(voter: Endpoint, claimed: string): string | undefined {
    // Most say the same: one text for all of them.
    const seen = claimed === this.#agreed ? this.#agreed : claimed;
    const prefix = prefixOf(voter);
    const key = prefix === '' ? endpointKey(voter) : prefix;
    this.#votes.delete(key);
    this.#votes.set(key, seen);
    if (this.#votes.size > maxVotes)
      for (const oldest of this.#votes.keys()) {
        this.#votes.delete(oldest);
        break;
      }
    let agreeing = 0;
    for (const vote of this.#votes.values()) if (vote === seen) agreeing++;
    if (agreeing < votesForAddress || agreeing * 2 <= this.#votes.size) return undefined;
    this.#agreed = seen;
    return seen;
  }
}
