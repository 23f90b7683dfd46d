// Tells a connection in the clear from an encrypted one by its first bytes, as they arrive.

import { plainPrefix } from '../handshake.ts';

const prefix = plainPrefix();

/** Undefined while the bytes so far would fit both. */
export function recogniseOpening(bytes: Uint8Array): 'plain' | 'encrypted' | undefined {
  const count = Math.min(bytes.length, prefix.length);
  for (let i = 0; i < count; i++) if (bytes[i] !== prefix[i]) return 'encrypted';
  return count === prefix.length ? 'plain' : undefined;
}
