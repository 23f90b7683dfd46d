// Ed25519 key pairs (RFC 8032), signing, and their text form: PKCS #8 in PEM (RFC 8410, RFC 7468), which openssl
// reads too. The node's id, its public key in hexadecimal, stands as a remark before the PEM block; where it is
// there it has to fit the key, so that a flipped bit does not silently become another identity.

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { IdentityError } from './errors.ts';

/** ASN.1 around a 32-byte seed: version 0, algorithm 1.3.101.112, an octet string in an octet string (RFC 8410, 7). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
/** ASN.1 around a 32-byte public key (RFC 8410, 4). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');
export const seedLength = 32;
export const publicKeyLength = 32;
export const signatureLength = 64;

export interface Identity {
  readonly publicKey: Uint8Array;
  /** The public key in hexadecimal: 64 digits, in lower case. */
  readonly id: string;
  sign(message: Uint8Array): Uint8Array;
}

/** The key pair that a seed of 32 bytes stands for: the same seed, the same identity. */
export function identityFromSeed(seed: Uint8Array): Identity {
  if (seed.length !== seedLength) throw new RangeError(`A seed has ${seedLength} bytes, not ${seed.length}.`);
  return identityFromKey(privateKeyOf(seed));
}

/** False also for keys and signatures of a wrong length, and for public keys that are not on the curve. */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== publicKeyLength || signature.length !== signatureLength) return false;
  return verify(null, message, readPublicKey(publicKey), signature);
}

/** Reading a key takes a tenth of checking a signature, and a few keys sign most of what comes. */
const readKeys = new Map<string, KeyObject>();
const maxReadKeys = 1_000;

function readPublicKey(publicKey: Uint8Array): KeyObject {
  const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength).toString('latin1');
  const known = readKeys.get(name);
  if (known !== undefined) return known;
  const der = Buffer.concat([spkiPrefix, publicKey]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  const [oldest] = readKeys.keys();
  if (readKeys.size >= maxReadKeys && oldest !== undefined) readKeys.delete(oldest);
  readKeys.set(name, key);
  return key;
}

export function formatKey(seed: Uint8Array): string {
  const pem = privateKeyOf(seed).export({ format: 'pem', type: 'pkcs8' });
  return `Shoal node ${identityFromSeed(seed).id}\nKeep this private: whoever has it is this node.\n${pem}`;
}

export function parseKey(text: string): Identity {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, format: 'pem' });
  } catch (cause) {
    throw new IdentityError('damaged-key', 'it holds no private key in PEM that can be read', { cause });
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new IdentityError(
      'damaged-key',
      `it holds a key of the kind ${key.asymmetricKeyType}, not Ed25519`,
    );
  }
  const identity = identityFromKey(key);
  const remark = /^Shoal node (.*)$/m.exec(text)?.[1];
  if (remark !== undefined && remark.trim() !== identity.id) {
    throw new IdentityError('damaged-key', 'the id in its first line is not that of the key below', {
      value: remark,
    });
  }
  return identity;
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' });
}

function identityFromKey(key: KeyObject): Identity {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const publicKey = Uint8Array.from(spki.subarray(spkiPrefix.length));
  return {
    publicKey,
    id: Buffer.from(publicKey).toString('hex'),
    sign: (message) => sign(null, message, key),
  };
}
