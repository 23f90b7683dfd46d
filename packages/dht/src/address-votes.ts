// What others say our public address is (BEP 42's "ip"). One network has one vote, so that a few liars with many
// addresses in one place cannot move us about in the id space.

import type { Endpoint } from '@shoal/base';
import { maxVotes, votesForAddress } from './bounds.ts';
import { endpointKey, prefixOf } from './contact.ts';

export class AddressVotes {
  /** The address each voter saw last. */
  readonly #votes = new Map<string, string>();

  /** The address that enough voters agree on, and more than half of them; undefined as long as there is none. */
  add(voter: Endpoint, seen: string): string | undefined {
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
    return agreeing >= votesForAddress && agreeing * 2 > this.#votes.size ? seen : undefined;
  }
}
