import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { IdentityError, identityFromSeed, verifySignature } from '../src/index.ts';
import { formatKey, parseKey } from '../src/keys.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

// RFC 8032, 7.1: TEST 1, TEST 2, TEST 3.
const vectors = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    id: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    id: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    id: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
];

test('keys and signatures are those of RFC 8032', () => {
  for (const { seed, id, message, signature } of vectors) {
    const identity = identityFromSeed(bytes(seed));
    assert.equal(identity.id, id);
    assert.equal(Buffer.from(identity.sign(bytes(message))).toString('hex'), signature);
    assert.ok(verifySignature(identity.publicKey, bytes(message), bytes(signature)));
  }
});

test('a changed message, signature or key does not verify', () => {
  const identity = identityFromSeed(new Uint8Array(32).fill(7));
  const message = bytes('00112233');
  const signature = identity.sign(message);
  const flipped = (from: Uint8Array): Uint8Array => from.map((byte, i) => (i === 1 ? byte ^ 1 : byte));
  assert.ok(!verifySignature(identity.publicKey, flipped(message), signature));
  assert.ok(!verifySignature(identity.publicKey, message, flipped(signature)));
  assert.ok(!verifySignature(flipped(identity.publicKey), message, signature));
});

test('keys and signatures of a wrong length, or off the curve, do not verify and do not throw', () => {
  const { publicKey, sign } = identityFromSeed(new Uint8Array(32).fill(7));
  const message = new Uint8Array(1);
  for (const length of [0, 31, 33, 64])
    assert.ok(!verifySignature(new Uint8Array(length), message, sign(message)));
  for (const length of [0, 63, 65]) assert.ok(!verifySignature(publicKey, message, new Uint8Array(length)));
  for (const fill of [0, 2, 255])
    assert.ok(!verifySignature(new Uint8Array(32).fill(fill), message, sign(message)));
});

test('a key survives its text form', () => {
  const seed = new Uint8Array(32).map((_, i) => i);
  assert.equal(parseKey(formatKey(seed)).id, identityFromSeed(seed).id);
});

test('a key that openssl made is read, without our remark', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  assert.match(parseKey(pem).id, /^[0-9a-f]{64}$/);
});

test('no single changed character makes another identity of a key', () => {
  const seed = new Uint8Array(32).map((_, i) => i * 7);
  const { id } = identityFromSeed(seed);
  const text = formatKey(seed);
  for (let at = 0; at < text.length; at++) {
    for (const character of ['A', 'b', '0', '\n', '\u0000']) {
      try {
        assert.equal(parseKey(text.slice(0, at) + character + text.slice(at + 1)).id, id);
      } catch (error) {
        assert.ok(error instanceof IdentityError, `${at}: ${error}`);
      }
    }
  }
});
