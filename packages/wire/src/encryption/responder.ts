// The side that was dialled (MSE, steps 2 and 4 of its specification).

import { concatBytes, noBytes } from '@shoal/base';
import { longestPad } from '../bounds.ts';
import { readU16, readU32, writeU32 } from '../bytes.ts';
import { WireError } from '../errors.ts';
import { Gathered } from './gathered.ts';
import {
  type EncryptedHandshake,
  type EncryptedOutcome,
  type EncryptionWorld,
  randomPad,
  randomPrivateKey,
} from './handshake.ts';
import { createKeyExchange, publicKeyLength } from './key-exchange.ts';
import type { Keyring } from './keyring.ts';
import type { Rc4 } from './rc4.ts';
import { createCipher, type EncryptionMethod, labelled, methodBits, verificationLength } from './secrets.ts';

export interface ResponderOptions {
  readonly keyring: Keyring;
  /** The first of these that the peer offers is taken. */
  readonly accept: readonly EncryptionMethod[];
}

export function answerEncryption(world: EncryptionWorld, options: ResponderOptions): EncryptedHandshake {
  return new Responder(world, options);
}

type Step = 'public-key' | 'secret-hash' | 'torrent' | 'pad' | 'payload' | 'done';

class Responder implements EncryptedHandshake {
  readonly opening = noBytes;
  outcome: EncryptedOutcome | undefined;
  readonly #world: EncryptionWorld;
  readonly #options: ResponderOptions;
  readonly #gathered = new Gathered();
  #step: Step = 'public-key';
  #secret = noBytes;
  #secretHash = noBytes;
  #infoHash = noBytes;
  #ciphers: { readonly send: Rc4; readonly receive: Rc4 } | undefined;
  #method: EncryptionMethod = 'rc4';
  #padLength = 0;
  #payloadLength = 0;

  constructor(world: EncryptionWorld, options: ResponderOptions) {
    this.#world = world;
    this.#options = options;
  }

  push(bytes: Uint8Array): Uint8Array {
    const gathered = this.#gathered;
    gathered.append(bytes);
    let toSend = noBytes;
    if (this.#step === 'public-key') {
      if (gathered.length < publicKeyLength) return toSend;
      const keys = createKeyExchange(randomPrivateKey(this.#world));
      this.#secret = keys.sharedSecret(gathered.take(publicKeyLength));
      this.#secretHash = labelled(this.#world.hashing, 'req1', this.#secret);
      toSend = concatBytes(keys.publicKey, randomPad(this.#world));
      this.#step = 'secret-hash';
    }
    if (this.#step === 'secret-hash') {
      const isThere = gathered.takeThrough(this.#secretHash, longestPad);
      if (isThere === undefined) {
        throw new WireError('encryption-out-of-sync', 'What came is neither BitTorrent nor its encryption.');
      }
      if (isThere) this.#step = 'torrent';
    }
    if (this.#step === 'torrent' && gathered.length >= 20 + verificationLength + 6) {
      this.#findTorrent(gathered.take(20));
      this.#readOffer(gathered.take(verificationLength + 6));
      this.#step = 'pad';
    }
    if (this.#step === 'pad' && gathered.length >= this.#padLength + 2) {
      this.#ciphers?.receive.transform(gathered.take(this.#padLength));
      const length = gathered.take(2);
      this.#ciphers?.receive.transform(length);
      this.#payloadLength = readU16(length, 0);
      this.#step = 'payload';
    }
    if (this.#step === 'payload' && gathered.length >= this.#payloadLength) {
      const payload = gathered.take(this.#payloadLength);
      this.#ciphers?.receive.transform(payload);
      toSend = concatBytes(toSend, this.#choice());
      this.#finish(payload, gathered.take(gathered.length));
    }
    return toSend;
  }

  #findTorrent(name: Uint8Array): void {
    const infoHash = this.#options.keyring.find(name, this.#secret);
    if (infoHash === undefined) {
      throw new WireError('encryption-unknown-torrent', 'The peer wants a torrent that is not here.');
    }
    const { hashing } = this.#world;
    this.#infoHash = infoHash;
    this.#ciphers = {
      send: createCipher(hashing, 'keyB', this.#secret, infoHash),
      receive: createCipher(hashing, 'keyA', this.#secret, infoHash),
    };
  }

  #readOffer(head: Uint8Array): void {
    this.#ciphers?.receive.transform(head);
    for (let i = 0; i < verificationLength; i++) {
      if (head[i] !== 0) throw new WireError('encryption-malformed', 'The peer encrypts with another key.');
    }
    const offered = readU32(head, verificationLength);
    const method = this.#options.accept.find((candidate) => (offered & methodBits[candidate]) !== 0);
    if (method === undefined) {
      throw new WireError(
        'encryption-no-common-method',
        'The peer offers no encryption that is allowed here.',
        {
          value: offered,
        },
      );
    }
    this.#method = method;
    this.#padLength = readU16(head, verificationLength + 4);
    if (this.#padLength > longestPad) {
      throw new WireError('encryption-malformed', `A pad has ${this.#padLength} bytes; 512 are allowed.`);
    }
  }

  /** Says which of the offered methods is taken, behind an empty pad: the pads before it hide the length already. */
  #choice(): Uint8Array {
    const choice = new Uint8Array(verificationLength + 4 + 2);
    writeU32(choice, verificationLength, methodBits[this.#method]);
    this.#ciphers?.send.transform(choice);
    return choice;
  }

  #finish(payload: Uint8Array, rest: Uint8Array): void {
    const infoHash = this.#infoHash;
    if (this.#method === 'plain') {
      this.outcome = { method: 'plain', infoHash, received: concatBytes(payload, rest) };
    } else if (this.#ciphers !== undefined) {
      this.#ciphers.receive.transform(rest);
      this.outcome = {
        method: 'rc4',
        infoHash,
        ciphers: this.#ciphers,
        received: concatBytes(payload, rest),
      };
    }
    this.#step = 'done';
  }
}
