import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockLedger, type ContentShape, HashLedger } from '@shoal/wire';
import fc from 'fast-check';

/** Three pieces of two and a half blocks, the last of 100 bytes. */
const shape: ContentShape = {
  pieceCount: 3,
  pieceLength: 40_960,
  lengthOfPiece: (piece) => (piece === 2 ? 100 : 40_960),
};

test('a block is wanted once for each time it was asked', () => {
  const ledger = new BlockLedger(shape);
  ledger.asked(0, 16_384);
  assert.equal(ledger.wantedCount, 1);
  assert.equal(ledger.answered(0, 16_384, 16_384), 'wanted');
  assert.equal(ledger.wantedCount, 0);
  assert.throws(() => ledger.answered(0, 16_384, 16_384), { code: 'block-unrequested' });
});

test('a block that comes after it was given up is waste, and no breach', () => {
  const ledger = new BlockLedger(shape);
  ledger.asked(0, 0);
  ledger.asked(2, 0);
  assert.equal(ledger.forgive(0, 0), true);
  assert.equal(ledger.forgive(0, 0), false);
  const givenUp: number[][] = [];
  ledger.forgiveAll((piece, begin) => givenUp.push([piece, begin]));
  assert.deepEqual(givenUp, [[2, 0]]);
  assert.equal(ledger.answered(2, 0, 100), 'waste');
  assert.equal(ledger.rejected(0, 0, 16_384), 'waste');
  assert.throws(() => ledger.answered(2, 0, 100), { code: 'block-unrequested' });
});

test('a block that was given up and asked again may come twice', () => {
  const ledger = new BlockLedger(shape);
  ledger.asked(1, 32_768);
  ledger.forgive(1, 32_768);
  ledger.asked(1, 32_768);
  assert.equal(ledger.answered(1, 32_768, 8192), 'wanted');
  assert.equal(ledger.answered(1, 32_768, 8192), 'waste');
  assert.throws(() => ledger.answered(1, 32_768, 8192), { code: 'block-unrequested' });
});

test('a reject of a block that was given up and asked again is for the first request', () => {
  const ledger = new BlockLedger(shape);
  ledger.asked(0, 0);
  ledger.forgive(0, 0);
  ledger.asked(0, 0);
  assert.equal(ledger.rejected(0, 0, 16_384), 'waste');
  assert.equal(ledger.wantedCount, 1);
  assert.equal(ledger.rejected(0, 0, 16_384), 'wanted');
  assert.throws(() => ledger.rejected(0, 0, 16_384), { code: 'reject-unrequested' });
});

test('a block of another place or length than was asked is a breach', () => {
  const ledger = new BlockLedger(shape);
  ledger.asked(0, 0);
  for (const [piece, begin, length] of [
    [0, 0, 16_383],
    [0, 0, 0],
    [0, 1, 16_384],
    [0, 16_384, 16_384],
    [1, 0, 16_384],
    [3, 0, 16_384],
    [0, 0xffffc000, 16_384],
  ] as const) {
    assert.throws(() => ledger.answered(piece, begin, length), { code: 'block-unrequested' });
  }
  assert.throws(() => ledger.rejected(1, 0, 16_384), { code: 'reject-unrequested' });
});

test('whatever happens, a peer can answer no more often than it was asked', () => {
  const block = fc.constantFrom<[number, number, number]>(
    [0, 0, 16_384],
    [0, 16_384, 16_384],
    [1, 32_768, 8192],
  );
  const step = fc.tuple(fc.constantFrom('ask', 'forgive', 'forgiveAll', 'answer'), block);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ledger = new BlockLedger(shape);
      const owed = new Map<string, number>();
      const wanted = new Set<string>();
      for (const [kind, [piece, begin, length]] of steps) {
        const key = `${piece} ${begin}`;
        if (kind === 'ask') {
          if (!wanted.has(key)) owed.set(key, (owed.get(key) ?? 0) + 1);
          wanted.add(key);
          ledger.asked(piece, begin);
        } else if (kind === 'forgive') assert.equal(ledger.forgive(piece, begin), wanted.delete(key));
        else if (kind === 'forgiveAll') {
          ledger.forgiveAll((...which) => assert.ok(wanted.delete(which.join(' '))));
          assert.equal(wanted.size, 0);
        } else if ((owed.get(key) ?? 0) === 0) {
          assert.throws(() => ledger.answered(piece, begin, length), { code: 'block-unrequested' });
        } else {
          assert.equal(ledger.answered(piece, begin, length), wanted.delete(key) ? 'wanted' : 'waste');
          owed.set(key, (owed.get(key) ?? 0) - 1);
        }
        assert.equal(ledger.wantedCount, wanted.size);
      }
    }),
  );
});

test('memory of what was given up is bounded, and forgets the oldest first', () => {
  const wide: ContentShape = { pieceCount: 20_000, pieceLength: 16_384, lengthOfPiece: () => 16_384 };
  const ledger = new BlockLedger(wide);
  for (let piece = 0; piece < 20_000; piece++) {
    ledger.asked(piece, 0);
    ledger.forgive(piece, 0);
  }
  assert.throws(() => ledger.answered(0, 0, 16_384), { code: 'block-unrequested' });
  assert.equal(ledger.answered(19_999, 0, 16_384), 'waste');
});

test('hashes must echo a request exactly, once', () => {
  const range = {
    piecesRoot: new Uint8Array(32).fill(1),
    baseLayer: 0,
    index: 0,
    length: 512,
    proofLayers: 9,
  };
  const ledger = new HashLedger();
  ledger.asked(range);
  assert.throws(() => ledger.answered({ ...range, length: 256 }), { code: 'hashes-unrequested' });
  ledger.answered({ ...range, piecesRoot: new Uint8Array(32).fill(1) });
  assert.throws(() => ledger.answered(range), { code: 'hashes-unrequested' });
  for (let index = 0; ledger.hasRoom; index += 512) ledger.asked({ ...range, index });
});
