// Which hashes one peer was asked for (BEP 52): answers and rejects must echo a request exactly.

import { hashRequestsInFlight } from './bounds.ts';
import { WireError } from './errors.ts';
import type { HashRange } from './messages.ts';

export class HashLedger {
  readonly #asked = new Set<string>();

  /** Another request may be sent. */
  get hasRoom(): boolean {
    return this.#asked.size < hashRequestsInFlight;
  }

  asked(range: HashRange): void {
    this.#asked.add(keyOf(range));
  }

  /** Hashes or a reject have come. Throws `hashes-unrequested`. */
  answered(range: HashRange): void {
    if (!this.#asked.delete(keyOf(range))) {
      throw new WireError('hashes-unrequested', 'The peer answered a hash request that it was never sent.');
    }
  }
}

function keyOf(range: HashRange): string {
  return `${range.piecesRoot.join('.')}/${range.baseLayer}/${range.index}/${range.length}/${range.proofLayers}`;
}
