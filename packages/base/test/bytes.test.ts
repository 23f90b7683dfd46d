import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ByteReader,
  ByteWriter,
  compareBytes,
  concatBytes,
  equalBytes,
  fromBase32,
  fromHex,
  fromUtf8,
  fromUtf8Lossy,
  toBase32,
  toHex,
  toLatin1,
  toUtf8,
} from '@shoal/base';
import fc from 'fast-check';

test('hex and base32 lead back to the bytes they came from, in any case', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'));
      assert.deepEqual(fromHex(toHex(bytes).toUpperCase()), bytes);
      assert.deepEqual(fromBase32(toBase32(bytes).toLowerCase()), bytes);
    }),
  );
});

test('base32 agrees with the vectors of RFC 4648', () => {
  const vectors = ['', 'MY', 'MZXQ', 'MZXW6', 'MZXW6YQ', 'MZXW6YTB', 'MZXW6YTBOI'];
  for (const [length, text] of vectors.entries()) {
    assert.equal(toBase32(toUtf8('foobar'.slice(0, length))), text);
  }
});

test('text that is no hex or base32 is refused', () => {
  for (const text of ['a', 'zz', '0x', '0 ', 'é0', '١١']) assert.equal(fromHex(text), undefined, text);
  for (const text of ['A', 'AAA', '10', 'M=', 'MZ ', 'AB', 'ſa'])
    assert.equal(fromBase32(text), undefined, text);
});

test('bytes order like bencode keys: by value, then the shorter first', () => {
  const bytes = (...list: number[]) => Uint8Array.from(list);
  assert.ok(compareBytes(bytes(1), bytes(1, 0)) < 0);
  assert.ok(compareBytes(bytes(255), bytes(1, 0)) > 0);
  assert.equal(compareBytes(bytes(7, 7), bytes(7, 7)), 0);
  assert.ok(equalBytes(concatBytes(bytes(1), bytes(), bytes(2, 3)), bytes(1, 2, 3)));
  assert.ok(!equalBytes(bytes(1), bytes(1, 0)));
});

test('bytes that are not UTF-8 are no text, and are shown with a mark', () => {
  const broken = Uint8Array.of(0x61, 0xc3, 0x28);
  assert.equal(fromUtf8(broken), undefined);
  assert.equal(fromUtf8Lossy(broken), 'a\uFFFD(');
  assert.equal(fromUtf8(toUtf8('\uFEFFé\u{1F600}')), '\uFEFFé\u{1F600}');
  assert.equal(toLatin1(Uint8Array.of(0, 65, 255)), '\0A\xff');
  assert.equal(toLatin1(new Uint8Array(10_000)).length, 10_000);
});

test('fields written one after the other are read back, in network order', () => {
  const written = new ByteWriter(1)
    .u8(1)
    .u16(0x0203)
    .u32(0x04050607)
    .u64(8n)
    .put(Uint8Array.of(9))
    .text('é')
    .finish();
  assert.equal(toHex(written), '01020304050607000000000000000809c3a9');
  const reader = new ByteReader(written);
  assert.deepEqual([reader.u8(), reader.u16(), reader.u32(), reader.u64()], [1, 0x0203, 0x04050607, 8n]);
  assert.deepEqual(reader.take(1), Uint8Array.of(9));
  assert.equal(fromUtf8(reader.rest()), 'é');
  assert.throws(() => reader.u8(), { name: 'BytesError', code: 'truncated' });
  assert.throws(() => new ByteReader(written).take(100), { code: 'truncated' });
});
