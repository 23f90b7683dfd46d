import assert from 'node:assert/strict';
import { isIP, SocketAddress } from 'node:net';
import { test } from 'node:test';
import { compactEndpoint, ipFromBytes, ipToBytes, readCompactEndpoints } from '@shoal/base';
import fc from 'fast-check';

test('any address keeps its bytes through its text, and its text is what Node calls canonical', () => {
  const sparse = fc.array(fc.constantFrom(0, 0, 0, 1, 0xff, 0xab), { minLength: 16, maxLength: 16 });
  const dense = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(fc.oneof(sparse, dense), (values) => {
      const bytes = Uint8Array.from(values);
      const text = ipFromBytes(bytes);
      if (text.includes(':')) {
        assert.deepEqual(ipToBytes(text), bytes);
        // Node leaves the last 32 bits of compatible addresses dotted; RFC 5952 asks for that of known prefixes only.
        if (bytes.subarray(0, 12).some((byte) => byte !== 0)) {
          assert.equal(text, new SocketAddress({ address: text, family: 'ipv6' }).address);
        }
      } else assert.deepEqual(ipToBytes(text), bytes.subarray(12));
    }),
  );
});

test('text that Node takes for an address is one, and other text is none', () => {
  const piece = fc.constantFrom('0', '1', '255', '256', '01', 'ff', 'abcde', ':', '::', '.', '%', 'g', '');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      if (!text.includes('%')) assert.equal(ipToBytes(text) !== undefined, isIP(text) !== 0, text);
    }),
    { numRuns: 2000 },
  );
});

test('endpoints go into the compact form and come back, and a cut one at the end is dropped', () => {
  const v4 = compactEndpoint({ address: '10.1.2.3', port: 6881 });
  assert.deepEqual(v4, Uint8Array.of(10, 1, 2, 3, 0x1a, 0xe1));
  assert.deepEqual(readCompactEndpoints(Uint8Array.of(10, 1, 2, 3, 0x1a, 0xe1, 9, 9), 4), [
    { address: '10.1.2.3', port: 6881 },
  ]);
  const v6 = compactEndpoint({ address: '2001:db8::1', port: 1 });
  assert.deepEqual(readCompactEndpoints(v6 ?? new Uint8Array(), 6), [{ address: '2001:db8::1', port: 1 }]);
  assert.deepEqual(readCompactEndpoints(Uint8Array.of(10, 1, 2, 3, 0x1a, 0xe1), 4, 0), []);
  assert.equal(compactEndpoint({ address: 'example.org', port: 1 }), undefined);
});
