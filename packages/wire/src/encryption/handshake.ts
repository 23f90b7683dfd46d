// What both sides of the encrypted handshake show. Neither does I/O: bytes go in, bytes to send come out.

import type { Random } from '@shoal/base';
import { longestPad } from '../bounds.ts';
import type { Rc4 } from './rc4.ts';
import type { Digests, EncryptionMethod } from './secrets.ts';

export interface EncryptedHandshake {
  /** What to send before anything has come; empty for the side that was dialled. */
  readonly opening: Uint8Array;
  /** Takes bytes in any split and returns what is to be sent now. Throws a WireError. Not called once there is an outcome. */
  push(bytes: Uint8Array): Uint8Array;
  readonly outcome: EncryptedOutcome | undefined;
}

export interface EncryptedOutcome {
  readonly method: EncryptionMethod;
  readonly infoHash: Uint8Array;
  /** Absent when what follows is in the clear. */
  readonly ciphers?: { readonly send: Rc4; readonly receive: Rc4 };
  /** What the peer said behind its handshake, or as its initial payload, in the clear. */
  readonly received: Uint8Array;
}

export interface EncryptionWorld {
  readonly hashing: Digests;
  readonly random: Pick<Random, 'fill' | 'below'>;
}

const privateKeyLength = 20;

export function randomPrivateKey({ random }: EncryptionWorld): Uint8Array {
  const key = new Uint8Array(privateKeyLength);
  random.fill(key);
  return key;
}

export function randomPad({ random }: EncryptionWorld): Uint8Array {
  const pad = new Uint8Array(random.below(longestPad + 1));
  random.fill(pad);
  return pad;
}
