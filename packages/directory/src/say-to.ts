// Saying something to an index by a key whose clock may have been wrong before.

import type { Accepted, CatalogueClient } from './catalogue-client.ts';
import { DirectoryError } from './errors.ts';
import type { Saying } from './publication.ts';

/** A sequence that an index names as the last one is believed a day ahead of the clock. */
const leapMs = 24 * 60 * 60_000;

/** `wallTimeMs` is the same for all indexes that are told the same. */
export async function sayTo(
  client: CatalogueClient,
  sign: (saying: Saying) => Uint8Array,
  { wallTimeMs, signal }: { readonly wallTimeMs: number; readonly signal?: AbortSignal },
): Promise<Accepted> {
  const sequence = Math.floor(wallTimeMs);
  const madeAt = Math.floor(sequence / 1000);
  try {
    return await client.say(sign({ sequence, madeAt }), signal);
  } catch (error) {
    const last = error instanceof DirectoryError ? error.sequence : undefined;
    // A clock that was ahead signed the one that stands.
    if (last === undefined || last < sequence || last > sequence + leapMs) throw error;
    return await client.say(sign({ sequence: last + 1, madeAt }), signal);
  }
}
