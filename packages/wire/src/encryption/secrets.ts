// The hashes that MSE derives from the shared secret S and the torrent's hash SKEY.

import { concatBytes, type Hashing, toUtf8 } from '@shoal/base';
import { Rc4 } from './rc4.ts';

/** What the handshake needs of a World. */
export type Digests = Pick<Hashing, 'digest'>;

type Label = 'req1' | 'req2' | 'req3' | 'keyA' | 'keyB';

export function labelled(hashing: Digests, label: Label, ...parts: readonly Uint8Array[]): Uint8Array {
  return hashing.digest('sha1', concatBytes(toUtf8(label), ...parts));
}

/** HASH('req2', SKEY) xor HASH('req3', S): names the torrent to whoever has it. Its own inverse. */
export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] ?? 0));
}

/** `keyA` is for what the side that dialled sends, `keyB` for the other. */
export function createCipher(
  hashing: Digests,
  label: 'keyA' | 'keyB',
  secret: Uint8Array,
  infoHash: Uint8Array,
): Rc4 {
  return new Rc4(labelled(hashing, label, secret, infoHash));
}

/** What an encrypted handshake may settle on, as bits on the wire. */
export const methodBits = { plain: 1, rc4: 2 } as const;
export type EncryptionMethod = keyof typeof methodBits;

/** Eight zero bytes, encrypted, say where a pad ends. */
export const verificationLength = 8;
