import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHandshakeReader, handshakeLength, recogniseOpening, writeHandshake } from '@shoal/wire';
import fc from 'fast-check';
import { cut } from './recorder.ts';

const twenty = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => Uint8Array.from(bytes));
const anyHandshake = fc.record(
  {
    capabilities: fc.record(
      { extensions: fc.boolean(), fast: fc.boolean(), dht: fc.boolean(), v2: fc.boolean() },
      { noNullPrototype: true },
    ),
    infoHash: twenty,
    peerId: twenty,
  },
  { noNullPrototype: true },
);

test('any handshake in any split comes out as it went in, and what follows is left alone', () => {
  fc.assert(
    fc.property(anyHandshake, fc.array(fc.nat()), (handshake, places) => {
      const buffer = new Uint8Array(handshakeLength + 9).fill(5);
      assert.equal(writeHandshake(buffer, 0, handshake), handshakeLength);
      const reader = createHandshakeReader();
      let taken = 0;
      for (const part of cut(buffer, places)) taken += reader.push(part);
      assert.equal(taken, handshakeLength);
      assert.deepEqual(reader.handshake, handshake);
    }),
  );
});

test('the bits are where the BEPs put them', () => {
  const buffer = new Uint8Array(handshakeLength);
  const zeros = new Uint8Array(20);
  const all = { extensions: true, fast: true, dht: true, v2: true };
  writeHandshake(buffer, 0, { capabilities: all, infoHash: zeros, peerId: zeros });
  assert.deepEqual(buffer.subarray(20, 28), Uint8Array.of(0, 0, 0, 0, 0, 0x10, 0, 0x01 | 0x04 | 0x10));
  assert.equal(new TextDecoder('latin1').decode(buffer.subarray(0, 20)), '\x13BitTorrent protocol');
});

test('the info hash is known before the peer id has come', () => {
  const buffer = new Uint8Array(handshakeLength);
  const capabilities = { extensions: false, fast: false, dht: false, v2: false };
  writeHandshake(buffer, 0, {
    capabilities,
    infoHash: new Uint8Array(20).fill(3),
    peerId: new Uint8Array(20).fill(4),
  });
  const reader = createHandshakeReader();
  reader.push(buffer.subarray(0, 47));
  assert.equal(reader.infoHash, undefined);
  reader.push(buffer.subarray(47, 48));
  assert.deepEqual(reader.infoHash, new Uint8Array(20).fill(3));
  assert.equal(reader.handshake, undefined);
});

test('anything else is refused at its first wrong byte', () => {
  for (const text of ['GET / HTTP/1.1', '\x13BitTorrent protocoL', '\x12']) {
    const bytes = new TextEncoder().encode(text);
    const reader = createHandshakeReader();
    assert.throws(() => reader.push(bytes), { code: 'not-bittorrent' });
  }
});

test('an opening is recognised when it is certain, not before', () => {
  const plain = new TextEncoder().encode('\x13BitTorrent protocol');
  for (let length = 0; length < 20; length++) {
    assert.equal(recogniseOpening(plain.subarray(0, length)), undefined);
    const other = plain.slice(0, length + 1);
    other[length] = 0xff;
    assert.equal(recogniseOpening(other), 'encrypted');
  }
  assert.equal(recogniseOpening(plain), 'plain');
});
