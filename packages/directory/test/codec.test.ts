import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { encodeBencode, RoomError, toUtf8 } from '@shoal/base';
import { identityFromSeed, signRecord } from '@shoal/identity';
import fc from 'fast-check';
import { parseHolders, parsePeers, parseRefusal, parseRegistered } from '../src/answers.ts';
import { longestAnswer, longestLease, maxOffers } from '../src/bounds.ts';
import {
  encodeHolders,
  encodeOffers,
  encodePeers,
  encodeRefusal,
  encodeRegistered,
  encodeRegistration,
  parseOffers,
  parseRegistration,
  readLease,
  readLeaseEnd,
  signLease,
  signLeaseEnd,
  verifyLease,
} from '../src/index.ts';

const identity = identityFromSeed(new Uint8Array(32).fill(5));
const instance = new Uint8Array(8).fill(1);
const digest = new Uint8Array(32);
const signing = { sequence: 4, madeAt: 1000, seconds: 1800 };
const content = {
  instance,
  addresses: [
    { address: '192.0.2.1', port: 6881 },
    { address: '2001:db8::1', port: 6882 },
  ],
  client: 'Shoal 0.1.0',
  capabilities: ['keep'],
  offers: { count: 3, digest },
};

function hashOf(text: string): Uint8Array {
  return Uint8Array.from(createHash('sha1').update(text).digest());
}

/** `fine`, or the code of the error; any other throw fails the test. */
function outcome(action: () => unknown): string {
  try {
    action();
    return 'fine';
  } catch (error) {
    assert.ok(error instanceof RoomError, String(error));
    return error.code;
  }
}

test('a lease says what was signed', () => {
  const lease = verifyLease(readLease(signLease(identity, content, signing)));
  assert.deepEqual(lease.addresses, content.addresses);
  assert.deepEqual(lease.capabilities, ['keep']);
  assert.equal(lease.client, 'Shoal 0.1.0');
  assert.deepEqual(lease.offers, content.offers);
  assert.deepEqual(lease.instance, instance);
  assert.deepEqual(lease.record.key, identity.publicKey);
  assert.equal(lease.record.expiresAt, 2800);
});

test('the largest lease fits its bound', () => {
  const largest = signLease(
    identity,
    {
      ...content,
      addresses: Array.from({ length: 4 }, () => ({ address: '2001:db8::1', port: 6882 })),
      client: 'x'.repeat(64),
      capabilities: Array.from({ length: 16 }, () => 'k'.repeat(24)),
      offers: { count: maxOffers, digest },
    },
    { sequence: Number.MAX_SAFE_INTEGER, madeAt: 253_402_290_000, seconds: 7200 },
  );
  assert.equal(
    outcome(() => verifyLease(readLease(largest))),
    'fine',
  );
  assert.ok(largest.length <= longestLease);
  // What one answer may hold fits, too.
  const holders = Array.from({ length: 100 }, () => ({
    lease: largest,
    confirmed: [0, 1, 2, 3],
    have: 0.123,
  }));
  const answer = encodeHolders({ index: 'x'.repeat(32), holders, seeds: 1e15, peers: 1e15 });
  assert.ok(answer.length < longestAnswer);
  assert.equal(parseHolders(toUtf8(answer)).holders.length, 100);
});

test('what no lease may say is refused', () => {
  const body = { addresses: [], can: [], client: 'x', digest, instance, offers: 0 };
  const lease = (changes: object, seconds = 60) => {
    const times = { sequence: 1, madeAt: 10, expiresAt: 10 + seconds };
    return signRecord(identity, { kind: 'lease', ...times, body: { ...body, ...changes } });
  };
  assert.equal(
    outcome(() => readLease(lease({}))),
    'fine',
  );
  const wrong: readonly (readonly [object, string])[] = [
    [{ offers: maxOffers + 1 }, 'too-many-offers'],
    [{ offers: -1 }, 'bad-lease'],
    [{ digest: new Uint8Array(20) }, 'bad-lease'],
    [{ instance: new Uint8Array(7) }, 'bad-lease'],
    [{ client: 'x'.repeat(65) }, 'bad-lease'],
    [{ client: undefined }, 'bad-lease'],
    [{ addresses: [new Uint8Array(7)] }, 'bad-lease'],
    [{ addresses: [new Uint8Array(6)] }, 'bad-lease'],
    [{ addresses: Array.from({ length: 5 }, () => new Uint8Array(6).fill(1)) }, 'bad-lease'],
    [{ can: ['Upper'] }, 'bad-lease'],
    [{ can: [new Uint8Array([255])] }, 'bad-lease'],
    [{ can: Array.from({ length: 17 }, () => 'a') }, 'bad-lease'],
    [{ can: ['x'.repeat(25)] }, 'bad-lease'],
    [{ more: new Uint8Array(2000) }, 'bad-record'],
  ];
  for (const [changes, code] of wrong)
    assert.equal(
      outcome(() => readLease(lease(changes))),
      code,
      Object.keys(changes).join(),
    );
  assert.equal(
    outcome(() => readLease(lease({}, 7201))),
    'bad-lease',
  );
  assert.equal(
    outcome(() => readLease(signLeaseEnd(identity, instance, signing))),
    'bad-record',
  );
  assert.equal(
    outcome(() => readLeaseEnd(signLease(identity, content, signing))),
    'bad-record',
  );
  assert.deepEqual(readLeaseEnd(signLeaseEnd(identity, instance, signing)).instance, instance);
});

test('offers survive their bytes, in one order whatever order they came in', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(100_000), { maxLength: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (ids, have) => {
        const offers = ids.map((id) => ({ infoHash: hashOf(`${id}`), have }));
        const bytes = encodeOffers(offers);
        assert.deepEqual(encodeOffers([...offers].reverse()), bytes);
        const read = parseOffers(bytes);
        assert.equal(read.length, ids.length);
        for (const one of read) {
          assert.ok(Math.abs(one.have - have) < 1 / 60_000);
          assert.equal(one.have === 1, have === 1);
        }
      },
    ),
  );
});

test('lists of offers that are cut, unsorted, doubled or too long are refused', () => {
  const bytes = encodeOffers([1, 2, 3].map((id) => ({ infoHash: hashOf(`${id}`), have: 1 })));
  assert.equal(
    outcome(() => parseOffers(bytes.subarray(1))),
    'bad-lease',
  );
  const swapped = Uint8Array.from([...bytes.subarray(22, 44), ...bytes.subarray(0, 22)]);
  assert.equal(
    outcome(() => parseOffers(swapped)),
    'bad-lease',
  );
  const doubled = Uint8Array.from([...bytes.subarray(0, 22), ...bytes.subarray(0, 22)]);
  assert.equal(
    outcome(() => parseOffers(doubled)),
    'bad-lease',
  );
  assert.equal(
    outcome(() => parseOffers(new Uint8Array(22 * (maxOffers + 1)))),
    'too-many-offers',
  );
  const most = encodeOffers(
    (function* () {
      for (let i = 0; i < maxOffers + 5; i++) yield { infoHash: hashOf(`${i}`), have: 0.5 };
    })(),
  );
  assert.equal(parseOffers(most).length, maxOffers);
});

test('a registration holds a lease or its end, and nothing else is one', () => {
  const lease = new Uint8Array([1]);
  const offers = new Uint8Array([2]);
  for (const body of [
    { kind: 'lease', lease, offers },
    { kind: 'lease', lease, offers: undefined },
    { kind: 'end', end: lease },
  ] as const)
    assert.deepEqual(parseRegistration(encodeRegistration(body)), body);
  for (const bytes of [
    '',
    'de',
    'd3:end1:x5:lease1:xe',
    'i1e',
    '<html>',
    `d5:lease60000:${'x'.repeat(60_000)}e`,
  ])
    assert.equal(
      outcome(() => parseRegistration(toUtf8(bytes))),
      'bad-registration',
      bytes.slice(0, 20),
    );
});

test('answers survive their text', () => {
  const registered = { index: 'abc', seconds: 1800, observed: '192.0.2.1' };
  assert.deepEqual(parseRegistered(toUtf8(encodeRegistered(registered))), registered);
  const lease = signLease(identity, content, signing);
  const named = { lease, confirmed: [1] };
  const holders = parseHolders(
    toUtf8(
      encodeHolders({
        index: 'a',
        seeds: 1,
        peers: 2,
        holders: [{ ...named, have: 0.5 }],
        store: { port: 5, have: 1 },
      }),
    ),
  );
  assert.deepEqual(holders.store, { port: 5, have: 1 });
  assert.equal(holders.holders[0]?.have, 0.5);
  assert.deepEqual(holders.holders[0]?.confirmed, [1]);
  assert.deepEqual(holders.holders[0]?.lease.record.bytes, lease);
  const peers = parsePeers(toUtf8(encodePeers({ index: 'a', total: 7, next: 'n', peers: [named] })));
  assert.deepEqual([peers.total, peers.next, peers.peers.length], [7, 'n', 1]);
  const refusal = { code: 'old-sequence', message: 'no', sequence: 8 };
  assert.deepEqual(parseRefusal(toUtf8(encodeRefusal(refusal))), refusal);
});

test('an index that confirms addresses the lease does not have, or counts beyond all bounds, gains nothing', () => {
  const lease = signLease(identity, content, signing);
  const text = JSON.stringify({
    index: 'a',
    seeds: 1,
    peers: 1,
    store: { port: 70_000, have: 1 },
    holders: [
      { lease: Buffer.from(lease).toString('base64'), confirmed: [7, -1, '0', { x: 1 }, 0], have: 1e9 },
      { lease: '????', confirmed: [0], have: 1 },
      { lease: 'A'.repeat(100_000), confirmed: [0], have: 1 },
      null,
      [],
    ],
  });
  const { holders, store } = parseHolders(toUtf8(text));
  assert.equal(holders.length, 1);
  assert.deepEqual(holders[0]?.confirmed, [0]);
  assert.equal(holders[0]?.have, 1);
  assert.equal(store, undefined);
  const many = {
    index: 'a',
    seeds: 1,
    peers: 1,
    holders: Array.from({ length: 5000 }, () => ({ lease: 'x' })),
  };
  assert.equal(parseHolders(toUtf8(JSON.stringify(many))).holders.length, 0);
  for (const wrong of [
    { seeds: -1 },
    { peers: 1.5 },
    { index: 7 },
    { index: 'x'.repeat(300) },
    { holders: {} },
  ])
    assert.equal(
      outcome(() =>
        parseHolders(toUtf8(JSON.stringify({ index: 'a', seeds: 1, peers: 1, holders: [], ...wrong }))),
      ),
      'malformed',
    );
  const refusal = parseRefusal(
    toUtf8(JSON.stringify({ error: { code: 'no', message: 'x'.repeat(9999), sequence: -4 } })),
  );
  assert.deepEqual([refusal?.message.length, refusal?.sequence], [300, undefined]);
  for (const none of ['', '{}', '[]', '{"error":[]}', '{"error":{"code":"<script>"}}'])
    assert.equal(parseRefusal(toUtf8(none)), undefined);
});

test('any bytes are an answer, a lease, a list or an error with a code', () => {
  const lease = signLease(identity, content, signing);
  const samples = [
    lease,
    signLeaseEnd(identity, instance, signing),
    encodeOffers([{ infoHash: hashOf('1'), have: 1 }]),
    encodeRegistration({ kind: 'lease', lease, offers: undefined }),
    toUtf8(
      encodeHolders({ index: 'a', seeds: 1, peers: 2, holders: [{ lease, confirmed: [0], have: 0.5 }] }),
    ),
    toUtf8(encodePeers({ index: 'a', total: 7, peers: [{ lease, confirmed: [0] }] })),
    toUtf8(encodeRegistered({ index: 'a', seconds: 1, observed: '::1' })),
    encodeBencode({ lease: 'x' }),
  ];
  const readers = [
    readLease,
    readLeaseEnd,
    parseOffers,
    parseRegistration,
    parseHolders,
    parsePeers,
    parseRegistered,
    parseRefusal,
  ];
  const mutated = fc
    .tuple(fc.constantFrom(...samples), fc.nat(), fc.uint8Array({ maxLength: 8 }), fc.nat(4))
    .map(([sample, at, bytes, cut]) => {
      const position = at % (sample.length + 1);
      return Uint8Array.from([...sample.subarray(0, position), ...bytes, ...sample.subarray(position + cut)]);
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 100 })), (bytes) => {
      for (const read of readers) outcome(() => read(bytes));
    }),
    { numRuns: 1000 },
  );
});
