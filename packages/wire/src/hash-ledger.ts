// Which hashes one peer was asked for (BEP 52): answers and rejects must echo a request exactly.

import type { HashRequest } from '@shoal/metainfo';
import { hashRequestsInFlight } from './bounds.ts';
import { WireError } from './errors.ts';

export class HashLedger {
  readonly #asked = new Set<string>();

  /** Another request may be sent. */
  get hasRoom(): boolean {
    return this.#asked.size < hashRequestsInFlight;
  }

  asked(request: HashRequest): void {
    this.#asked.add(keyOf(request));
  }

  /** Hashes or a reject have come. Throws `hashes-unrequested`. */
  answered(request: HashRequest): void {
    if (!this.#asked.delete(keyOf(request))) {
      throw new WireError('hashes-unrequested', 'The peer answered a hash request that it was never sent.');
    }
  }
}

function keyOf(request: HashRequest): string {
  return `${request.piecesRoot.join('.')}/${request.baseLayer}/${request.index}/${request.length}/${request.proofLayers}`;
}
