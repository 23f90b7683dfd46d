import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBencode, encodeBencode, fromUtf8 } from '@shoal/base';
import fc from 'fast-check';
import {
  checkTimes,
  clockToleranceSeconds,
  IdentityError,
  identityFromSeed,
  readRecord,
  signRecord,
  verifyRecord,
} from '../src/index.ts';

const identity = identityFromSeed(new Uint8Array(32).fill(7));
const draft = {
  kind: 'lease',
  sequence: 12,
  madeAt: 1_000_000,
  expiresAt: 1_001_800,
  body: { port: 6881, what: 'x' },
};

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof IdentityError, String(error));
    return error.code;
  }
  return 'fine';
}

test('a record says what was signed, to everybody who reads it', () => {
  const read = verifyRecord(readRecord(signRecord(identity, draft), { kind: 'lease' }));
  const { kind, sequence, madeAt, expiresAt, body, key } = read;
  assert.deepEqual([kind, sequence, madeAt, expiresAt], ['lease', 12, 1_000_000, 1_001_800]);
  assert.equal(body.get('port')?.asInteger(), 6881);
  assert.deepEqual(key, identity.publicKey);
});

test('the bytes of a record are those of the format', () => {
  const bytes = signRecord(identity, draft);
  const text = fromUtf8(bytes.subarray(0, 56));
  assert.equal(text, 'd4:bodyd4:porti6881e4:what1:xe7:expiresi1001800e3:key32:');
  assert.deepEqual(encodeBencode(decodeBencode(bytes)), bytes);
});

test('no changed bit leaves a record valid', () => {
  const bytes = signRecord(identity, draft);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const code = codeOf(() => verifyRecord(readRecord(changed, { kind: 'lease' })));
    assert.ok(code === 'bad-record' || code === 'bad-signature', `bit ${bit}: ${code}`);
  }
});

test('a signature for one kind is none for another', () => {
  const lease = signRecord(identity, draft);
  assert.equal(
    codeOf(() => readRecord(lease, { kind: 'rating' })),
    'bad-record',
  );
  const renamed = Uint8Array.from(lease);
  const at = Buffer.from(lease).indexOf('5:lease');
  renamed.set(Buffer.from('5:other'), at);
  assert.equal(
    codeOf(() => verifyRecord(readRecord(renamed, { kind: 'other' }))),
    'bad-signature',
  );
});

test('what the key signed outside of records is no signature of one', () => {
  const bytes = signRecord(identity, draft);
  const unsigned = Buffer.concat([bytes.subarray(0, bytes.length - 73), Buffer.from('e')]);
  const plain = identity.sign(unsigned);
  const forged = Uint8Array.from(bytes);
  forged.set(plain, bytes.length - 65);
  assert.equal(
    codeOf(() => verifyRecord(readRecord(forged, { kind: 'lease' }))),
    'bad-signature',
  );
});

test('entries that are missing, more, or of another kind are refused', () => {
  const [key, sig] = [identity.publicKey, new Uint8Array(64)];
  const whole = { body: {}, expires: 2, key, kind: 'lease', made: 1, sequence: 0, sig };
  const refused = [
    { ...whole, more: 1 },
    { ...whole, sig: undefined },
    { ...whole, body: [] },
    { ...whole, body: 'text' },
    { ...whole, key: new Uint8Array(31) },
    { ...whole, sig: new Uint8Array(65) },
    { ...whole, sequence: -1 },
    { ...whole, sequence: 2n ** 60n },
    { ...whole, made: -1 },
    { ...whole, made: 3 },
    { ...whole, expires: 253_402_300_800 },
    { ...whole, kind: 7 },
    { ...whole, kind: new Uint8Array([0xff]) },
  ];
  assert.equal(
    codeOf(() => readRecord(encodeBencode(whole), { kind: 'lease' })),
    'fine',
  );
  for (const one of refused)
    assert.equal(
      codeOf(() => readRecord(encodeBencode(one), { kind: 'lease' })),
      'bad-record',
    );
});

test('a record beyond its bounds is refused before it is read', () => {
  const long = signRecord(identity, { ...draft, body: { text: 'x'.repeat(2000) } });
  assert.equal(
    codeOf(() => readRecord(long, { kind: 'lease', longest: 2000 })),
    'bad-record',
  );
  const nested = Buffer.from(`d4:bodyd1:a${'l'.repeat(20)}${'e'.repeat(20)}ee`);
  assert.equal(
    codeOf(() => readRecord(nested, { kind: 'lease' })),
    'bad-record',
  );
});

test('any bytes are a record or an error with a code', () => {
  const whole = signRecord(identity, draft);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.tuple(fc.nat(whole.length - 1), fc.uint8Array({ maxLength: 6 })).map(([at, bytes]) => {
          return Uint8Array.from([...whole.subarray(0, at), ...bytes, ...whole.subarray(at + bytes.length)]);
        }),
        fc.nat(whole.length).map((length) => whole.slice(0, length)),
      ),
      (bytes) => {
        const code = codeOf(() => verifyRecord(readRecord(bytes, { kind: 'lease' })));
        assert.ok(code !== 'fine' || Buffer.from(bytes).equals(whole));
      },
    ),
    { numRuns: 500 },
  );
});

test('clocks may be apart as far as is tolerated, and the error says what to do', () => {
  const { madeAt, expiresAt } = draft;
  const at = (seconds: number) => codeOf(() => checkTimes(draft, seconds, clockToleranceSeconds));
  assert.equal(at(madeAt), 'fine');
  assert.equal(at(madeAt - clockToleranceSeconds), 'fine');
  assert.equal(at(madeAt - clockToleranceSeconds - 1), 'clock-skew');
  assert.equal(at(expiresAt + clockToleranceSeconds), 'fine');
  assert.equal(at(expiresAt + clockToleranceSeconds + 1), 'record-expired');
  assert.throws(() => checkTimes(draft, 0, 600), /12 days ahead .* 1970-01-01T00:00:00.000Z. Set the clock/);
});
