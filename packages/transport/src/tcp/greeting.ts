// What is said on a fresh stream before it is a channel, as state machines without I/O. An encrypted handshake is one
// (see wire); here are the two for connections in the clear.

import { concatBytes, noBytes } from '@shoal/base';
import { type EncryptedHandshake, type EncryptedOutcome, recogniseOpening } from '@shoal/wire';
import { TransportError } from '../errors.ts';

export type Greeted = Pick<EncryptedOutcome, 'ciphers' | 'received'> & { readonly infoHash?: Uint8Array };

export interface Greeting {
  /** Said before anything has come. */
  readonly opening: Uint8Array;
  /** Takes what came and returns what is to be said; not called once there is an outcome. Throws WireError or TransportError. */
  push(bytes: Uint8Array): Uint8Array;
  readonly outcome: Greeted | undefined;
}

/** Dialling in the clear: the hello is accepted when anything comes back. */
export function greetInTheClear(hello: Uint8Array): Greeting {
  let outcome: Greeted | undefined;
  return {
    opening: hello.slice(),
    push(bytes) {
      outcome = { received: bytes.slice() };
      return noBytes;
    },
    get outcome() {
      return outcome;
    },
  };
}

/** Accepting: the first bytes say whether the peer is in the clear. */
export function recogniseGreeting(options: {
  readonly acceptsPlain: boolean;
  answer(): EncryptedHandshake;
}): Greeting {
  let received = noBytes;
  let encrypted: EncryptedHandshake | undefined;
  let outcome: Greeted | undefined;
  return {
    opening: noBytes,
    push(bytes) {
      if (encrypted !== undefined) return encrypted.push(bytes);
      received = concatBytes(received, bytes);
      const opening = recogniseOpening(received);
      if (opening === undefined) return noBytes;
      if (opening === 'encrypted') {
        encrypted = options.answer();
        return encrypted.push(received);
      }
      if (!options.acceptsPlain) {
        throw new TransportError('handshake-failed', 'Connections in the clear are not accepted here.');
      }
      outcome = { received };
      return noBytes;
    },
    get outcome() {
      return outcome ?? encrypted?.outcome;
    },
  };
}
