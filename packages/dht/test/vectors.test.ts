// The vectors of the BEPs: 33 (bloom filters), 42 (ids bound to addresses), 44 (targets and signatures).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { fromHex, ipToBytes, toHex, toUtf8 } from '@shoal/base';
import { immutableTarget, isIdAllowed, isIdFor, makeNodeId, mutableTarget } from '@shoal/dht';
import { addToBloom, estimateBloom } from '@shoal/dht/codec';
import { createSimulation } from '@shoal/sim';
import { isSigned, signedBytes } from '../src/items.ts';

const hashing = {
  digest: (name: 'sha1' | 'sha256', bytes: Uint8Array) =>
    new Uint8Array(createHash(name).update(bytes).digest()),
  run: () => Promise.reject(new Error('not used')),
};

function bytes(hex: string): Uint8Array {
  const read = fromHex(hex);
  assert.ok(read);
  return read;
}

const ids: readonly (readonly [address: string, id: string])[] = [
  ['124.31.75.21', '5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401'],
  ['21.75.31.124', '5a3ce9c14e7a08645677bbd1cfe7d8f956d53256'],
  ['65.23.51.170', 'a5d43220bc8f112a3d426c84764f8c2a1150e616'],
  ['84.124.73.14', '1b0321dd1bb1fe518101ceef99462b947a01ff41'],
  ['43.213.53.83', 'e56f6cbf5b7c4be0237986d5243b87aa6d51305a'],
];

test('the ids of BEP 42 fit their addresses, and no other', () => {
  for (const [address, id] of ids) {
    for (const [other] of ids) {
      const ip = ipToBytes(other) ?? new Uint8Array(4);
      assert.equal(isIdFor(bytes(id), ip), other === address, `${id} at ${other}`);
      assert.equal(isIdAllowed(bytes(id), { address: other, port: 1 }), other === address);
    }
  }
});

test('a change in any of the 21 bound bits, or in the bits that drew them, is noticed', () => {
  for (const [address, hex] of ids) {
    const ip = ipToBytes(address) ?? new Uint8Array(4);
    for (let bit = 0; bit < 160; bit++) {
      const id = bytes(hex);
      id[bit >> 3] = (id[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
      assert.equal(isIdFor(id, ip), bit >= 21 && bit < 157, `bit ${bit}`);
    }
  }
});

test('ids that are made fit their address, over IPv4 and IPv6', () => {
  const random = createSimulation({ seed: 1 }).randomFor('ids');
  for (const address of ['8.8.8.8', '1.2.3.4', '2a00:1450::8', '2606:4700:4700::1111']) {
    const ip = ipToBytes(address) ?? new Uint8Array(4);
    for (let i = 0; i < 50; i++) assert.ok(isIdFor(makeNodeId(ip, random), ip), address);
  }
});

test('addresses inside a network are free of the rule', () => {
  for (const address of ['127.0.0.1', '10.1.2.3', '192.168.1.1', '::1', 'fd77::1', 'fe80::1'])
    assert.ok(isIdAllowed(new Uint8Array(20), { address, port: 1 }), address);
});

const value = toUtf8('12:Hello World!');
const key = bytes('77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548');

test('the mutable item of BEP 44 has its target and its signature', () => {
  const noSalt = new Uint8Array(0);
  const signature = bytes(
    '305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01',
  );
  assert.equal(toHex(mutableTarget(hashing, key)), '4a533d47ec9c7d95b1ad75f576cffc641853b750');
  assert.equal(new TextDecoder().decode(signedBytes(noSalt, 1, value)), '3:seqi1e1:v12:Hello World!');
  const item = { raw: value, key, salt: noSalt, sequence: 1, signature };
  assert.ok(isSigned(item));
  assert.ok(!isSigned({ ...item, sequence: 2 }));
  assert.ok(!isSigned({ ...item, raw: toUtf8('12:Hello world!') }));
});

test('the mutable item with salt of BEP 44 has its target and its signature', () => {
  const salt = toUtf8('foobar');
  const signature = bytes(
    '6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08',
  );
  assert.equal(toHex(mutableTarget(hashing, key, salt)), '411eba73b6f087ca51a3795d9c8c938d365e32c1');
  const item = { raw: value, key, salt, sequence: 1, signature };
  assert.ok(isSigned(item));
  assert.ok(!isSigned({ ...item, salt: toUtf8('foobaz') }));
});

test('the immutable item of BEP 44 has its target', () => {
  assert.equal(toHex(immutableTarget(hashing, value)), 'e5f96f6f38320f0f33959cb4d3d656452117aadb');
});

test('the filter of BEP 33 has its bits and its estimate', () => {
  const filter = new Uint8Array(256);
  for (let i = 0; i < 256; i++) addToBloom(hashing, filter, Uint8Array.of(192, 0, 2, i));
  for (let i = 0; i <= 0x3e7; i++) {
    const ip = ipToBytes(`2001:db8::${i.toString(16)}`) ?? new Uint8Array(16);
    addToBloom(hashing, filter, ip);
  }
  assert.equal(
    toHex(filter),
    [
      'f6c3f5eaa07ffd91bde89f777f26fb2bff37bdb8fb2bbaa2fd3ddde7bacfff75',
      'ee7ccbaefe5eedb1fbfaff67f6abff5e43ddbca3fd9b9ffdf4ffd3e9dff12d1b',
      'df59db53dbe9fa5b7ff3b8fdfcde1afb8bedd7be2f3ee71ebbbfe93bcdeefe14',
      '8246c2bc5dbff7e7efdcf24fd8dc7adffd8fffdfddfff7a4bbeedf5cb95ce81f',
      'c7fcff1ff4ffffdfe5f7fdcbb7fd79b3fa1fc77bfe07fff905b7b7ffc7fefeff',
      'e0b8370bb0cd3f5b7f2bd93feb4386cfdd6f7fd5bfaf2e9ebffffeecd67adbf7',
      'c67f17efd5d75eba6ffeba7fff47a91eb1bfbb53e8abfb5762abe8ff237279bf',
      'efbfeef5ffc5febfdfe5adffadfee1fb737ffffbfd9f6aeffeee76b6fd8f72ef',
    ].join(''),
  );
  assert.ok(Math.abs(estimateBloom(filter) - 1224.9308) < 0.001);
});
