// The side that dialled (MSE, steps 1, 3 and 5 of its specification).

import { concatBytes, noBytes } from '@shoal/base';
import { longestInitialPayload, longestPad } from '../bounds.ts';
import { readU16, readU32, writeU16, writeU32 } from '../bytes.ts';
import { WireError } from '../errors.ts';
import { Gathered } from './gathered.ts';
import {
  type EncryptedHandshake,
  type EncryptedOutcome,
  type EncryptionWorld,
  randomPad,
  randomPrivateKey,
} from './handshake.ts';
import { createKeyExchange, type KeyExchange, publicKeyLength } from './key-exchange.ts';
import type { Rc4 } from './rc4.ts';
import {
  createCipher,
  type EncryptionMethod,
  labelled,
  methodBits,
  verificationLength,
  xor,
} from './secrets.ts';

export interface InitiatorOptions {
  readonly infoHash: Uint8Array;
  readonly provide: readonly EncryptionMethod[];
  /** Sent inside the handshake, so that the peer can answer it a round trip earlier. */
  readonly initialPayload?: Uint8Array;
}

export function initiateEncryption(world: EncryptionWorld, options: InitiatorOptions): EncryptedHandshake {
  return new Initiator(world, options);
}

type Step = 'public-key' | 'verification' | 'method' | 'pad' | 'done';

class Initiator implements EncryptedHandshake {
  readonly opening: Uint8Array;
  outcome: EncryptedOutcome | undefined;
  readonly #world: EncryptionWorld;
  readonly #options: InitiatorOptions;
  readonly #keys: KeyExchange;
  readonly #gathered = new Gathered();
  #step: Step = 'public-key';
  #send: Rc4 | undefined;
  #receive: Rc4 | undefined;
  #verification = noBytes;
  #method: EncryptionMethod = 'rc4';
  #padLength = 0;

  constructor(world: EncryptionWorld, options: InitiatorOptions) {
    if ((options.initialPayload ?? noBytes).length > longestInitialPayload) {
      throw new RangeError('the initial payload is too long');
    }
    this.#world = world;
    this.#options = options;
    this.#keys = createKeyExchange(randomPrivateKey(world));
    this.opening = concatBytes(this.#keys.publicKey, randomPad(world));
  }

  push(bytes: Uint8Array): Uint8Array {
    this.#gathered.append(bytes);
    const gathered = this.#gathered;
    let toSend = noBytes;
    if (this.#step === 'public-key') {
      if (gathered.length < publicKeyLength) return toSend;
      toSend = this.#request(this.#keys.sharedSecret(gathered.take(publicKeyLength)));
      this.#step = 'verification';
    }
    if (this.#step === 'verification') {
      const isThere = gathered.takeThrough(this.#verification, longestPad);
      if (isThere === undefined) {
        throw new WireError('encryption-out-of-sync', 'The peer did not answer the encrypted handshake.');
      }
      if (isThere) this.#step = 'method';
    }
    if (this.#step === 'method' && gathered.length >= 6) {
      const head = gathered.take(6);
      this.#receive?.transform(head);
      this.#method = this.#chosen(readU32(head, 0));
      this.#padLength = readU16(head, 4);
      if (this.#padLength > longestPad) {
        throw new WireError('encryption-malformed', `A pad has ${this.#padLength} bytes; 512 are allowed.`);
      }
      this.#step = 'pad';
    }
    if (this.#step === 'pad' && gathered.length >= this.#padLength) {
      this.#receive?.transform(gathered.take(this.#padLength));
      this.#finish(gathered.take(gathered.length));
    }
    return toSend;
  }

  /** Names the torrent, and says which methods we offer. */
  #request(secret: Uint8Array): Uint8Array {
    const { hashing } = this.#world;
    const { infoHash, provide, initialPayload = noBytes } = this.#options;
    const send = createCipher(hashing, 'keyA', secret, infoHash);
    const receive = createCipher(hashing, 'keyB', secret, infoHash);
    this.#send = send;
    this.#receive = receive;
    this.#verification = new Uint8Array(verificationLength);
    receive.transform(this.#verification);

    // Reserved for extensions, and zero until there are some.
    const padLength = this.#world.random.below(longestPad + 1);
    const sealed = new Uint8Array(verificationLength + 4 + 2 + padLength + 2 + initialPayload.length);
    let at = writeU32(
      sealed,
      verificationLength,
      provide.reduce((bits, method) => bits | methodBits[method], 0),
    );
    at = writeU16(sealed, at, padLength) + padLength;
    at = writeU16(sealed, at, initialPayload.length);
    sealed.set(initialPayload, at);
    send.transform(sealed);
    return concatBytes(
      labelled(hashing, 'req1', secret),
      xor(labelled(hashing, 'req2', infoHash), labelled(hashing, 'req3', secret)),
      sealed,
    );
  }

  #chosen(bits: number): EncryptionMethod {
    for (const method of this.#options.provide) if (bits === methodBits[method]) return method;
    throw new WireError('encryption-no-common-method', 'The peer chose an encryption that was not offered.', {
      value: bits,
    });
  }

  #finish(rest: Uint8Array): void {
    const { infoHash } = this.#options;
    if (this.#method === 'plain') this.outcome = { method: 'plain', infoHash, received: rest };
    else if (this.#send !== undefined && this.#receive !== undefined) {
      this.#receive.transform(rest);
      const ciphers = { send: this.#send, receive: this.#receive };
      this.outcome = { method: 'rc4', infoHash, ciphers, received: rest };
    }
    this.#step = 'done';
  }
}
