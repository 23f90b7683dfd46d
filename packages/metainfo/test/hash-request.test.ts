// Piece layers hash by hash from peers (BEP 52): what is asked, what is answered, and what is believed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type HashRequest,
  leafLength,
  type PieceHashes,
  parseInfo,
  parseTorrent,
  type Torrent,
} from '@shoal/metainfo';
import fc from 'fast-check';
import { digest, leavesOf, makeTorrent, someBytes } from './making.ts';

/** One torrent as a seed has it, and as somebody has it who came with a link. */
function both(length: number, pieceLength: number): { seed: Torrent; asker: Torrent; leaves: Uint8Array } {
  const content = someBytes(length);
  const seed = parseTorrent(makeTorrent({ files: content, format: 'v2', pieceLength }), digest);
  return { seed, asker: parseInfo(seed.info, digest, seed.infoHashes), leaves: leavesOf(content) };
}

test('an asker that fetches what is missing ends with the hashes of the seed', () => {
  for (const [length, pieceLength] of [
    [16_385, 16_384],
    [5 * 16_384, 16_384],
    [700 * 16_384 + 5, 16_384],
    [3 * 65_536 + 1, 65_536],
    [33 * 32_768, 32_768],
  ] as const) {
    const { seed, asker } = both(length, pieceLength);
    assert.equal(asker.hashes.isComplete, false);
    for (let piece = 0; piece < asker.layout.pieceCount; piece++) {
      const request = asker.hashes.requestFor(piece);
      if (request === undefined) continue;
      const answer = seed.hashes.answer(request);
      assert.ok(answer !== undefined);
      assert.ok(asker.hashes.takeAnswer(request, answer));
      assert.equal(asker.hashes.requestFor(piece), undefined);
    }
    assert.ok(asker.hashes.isComplete);
    for (let piece = 0; piece < asker.layout.pieceCount; piece++) {
      assert.deepEqual(asker.hashes.v2(piece), seed.hashes.v2(piece));
    }
    assert.deepEqual([...asker.hashes.pieceLayers()], [...seed.hashes.pieceLayers()]);
  }
});

test('an answer with one wrong bit anywhere is not believed, and leaves nothing behind', () => {
  const { seed, asker } = both(40 * 16_384, 16_384);
  const request = asker.hashes.requestFor(0);
  assert.ok(request !== undefined);
  const answer = seed.hashes.answer(request);
  assert.ok(answer !== undefined);
  for (let at = 0; at < answer.length; at += 37) {
    const wrong: Uint8Array = Uint8Array.from(answer);
    wrong[at] = (answer[at] ?? 0) ^ 4;
    assert.equal(asker.hashes.takeAnswer(request, wrong), false);
    assert.equal(asker.hashes.v2(0), undefined);
  }
  assert.equal(asker.hashes.takeAnswer(request, answer.subarray(32)), false);
});

test('the leaves of a piece are proved against the hash of the piece, also of the last and of a small file', () => {
  for (const length of [20_000, 65_536, 3 * 65_536 + 20_000, 4 * 65_536]) {
    const { seed, leaves } = both(length, 65_536);
    for (let piece = 0; piece < seed.layout.pieceCount; piece++) {
      const request = seed.hashes.leafRequestFor(piece);
      assert.ok(request !== undefined);
      const answer = answerFrom(seed.hashes, request, leaves);
      assert.ok(answer !== undefined);
      assert.ok(seed.hashes.takeAnswer(request, answer));
      assert.deepEqual(
        answer.subarray(0, 32),
        Uint8Array.from(leaves.subarray(piece * 128, piece * 128 + 32)),
      );
    }
  }
});

/** With the leaves of the pieces that the room asks for, and no more. */
function answerFrom(
  hashes: PieceHashes,
  request: HashRequest,
  leaves: Uint8Array,
  perPiece = 4,
): Uint8Array | undefined {
  const needed = hashes.leavesNeeded(request);
  if (needed === undefined) return hashes.answer(request);
  const firstLeaf = needed.first * perPiece;
  return hashes.answer(request, {
    hashes: leaves.subarray(firstLeaf * 32, needed.end * perPiece * 32),
    firstLeaf,
  });
}

test('whatever valid request is answered proves itself up to the root', () => {
  const { seed, leaves } = both(21 * 65_536 + 100, 65_536);
  const leafCount = 128;
  const requests = fc
    .record({ baseLayer: fc.constantFrom(0, 2), log: fc.integer({ min: 1, max: 7 }), at: fc.nat(63) })
    .map(({ baseLayer, log, at }): HashRequest => {
      const width = leafCount / 2 ** baseLayer;
      const length = Math.min(2 ** log, width);
      const piecesRoot = seed.layout.files[0]?.piecesRoot ?? new Uint8Array(32);
      return {
        piecesRoot,
        baseLayer,
        index: (at % (width / length)) * length,
        length,
        proofLayers: 7 - baseLayer - 1,
      };
    });
  fc.assert(
    fc.property(requests, (request) => {
      const answer = answerFrom(seed.hashes, request, leaves);
      assert.ok(answer !== undefined, JSON.stringify(request));
      const asker = parseInfo(seed.info, digest, seed.infoHashes);
      assert.ok(asker.hashes.takeAnswer(request, answer));
    }),
    { numRuns: 200 },
  );
});

test('hashes past the end of a file are padding, proved like all others', () => {
  const { seed, asker } = both(21 * 65_536 + 100, 65_536);
  const piecesRoot = seed.layout.files[0]?.piecesRoot ?? new Uint8Array(32);
  for (const [index, length] of [
    [24, 8],
    [30, 2],
    [20, 4],
  ] as const) {
    const request: HashRequest = { piecesRoot, baseLayer: 2, index, length, proofLayers: 4 };
    const answer = seed.hashes.answer(request);
    assert.ok(answer !== undefined && asker.hashes.takeAnswer(request, answer));
  }
  assert.deepEqual(asker.hashes.v2(20), seed.hashes.v2(20));
  assert.equal(asker.hashes.v2(19), undefined);
});

test('a request that the tree cannot have is not answered', () => {
  const { seed, leaves } = both(5 * 16_384, 16_384);
  const piecesRoot = seed.layout.files[0]?.piecesRoot ?? new Uint8Array(32);
  const good: HashRequest = { piecesRoot, baseLayer: 0, index: 0, length: 2, proofLayers: 2 };
  assert.equal(answerFrom(seed.hashes, good, leaves, 1)?.length, 4 * 32);
  const bad: Partial<HashRequest>[] = [
    { piecesRoot: new Uint8Array(32) },
    { baseLayer: 3 },
    { baseLayer: 2 ** 31 },
    { index: 8 },
    { index: 1 },
    { index: -2 },
    { length: 0 },
    { length: 1 },
    { length: 3 },
    { length: 16 },
    { length: 2 ** 31 },
    { proofLayers: 3 },
    { proofLayers: -1 },
    { proofLayers: Number.NaN },
  ];
  for (const fault of bad) {
    const request = { ...good, ...fault };
    assert.equal(seed.hashes.answer(request), undefined, JSON.stringify(fault));
    assert.equal(seed.hashes.takeAnswer(request, new Uint8Array(128)), false);
  }
});

test('leaves that do not cover a whole piece are not used for an answer', () => {
  const { seed, leaves } = both(4 * 65_536, 65_536);
  const piecesRoot = seed.layout.files[0]?.piecesRoot ?? new Uint8Array(32);
  const request: HashRequest = { piecesRoot, baseLayer: 0, index: 4, length: 2, proofLayers: 3 };
  assert.deepEqual(seed.hashes.leavesNeeded(request), { first: 1, end: 2 });
  assert.equal(seed.hashes.answer(request), undefined);
  assert.equal(
    seed.hashes.answer(request, { hashes: leaves.subarray(4 * 32, 6 * 32), firstLeaf: 4 }),
    undefined,
  );
  assert.equal(seed.hashes.answer(request, { hashes: leaves.subarray(5 * 32), firstLeaf: 5 }), undefined);
  assert.equal(
    seed.hashes.answer(request, { hashes: leaves.subarray(4 * 32), firstLeaf: 4 })?.length,
    5 * 32,
  );
});

test('a whole piece layer is taken only where it belongs', () => {
  const { seed, asker } = both(9 * leafLength, leafLength);
  const layer = [...seed.hashes.pieceLayers()][0];
  assert.ok(layer !== undefined);
  assert.equal(asker.hashes.addPieceLayer(layer.piecesRoot, layer.hashes.subarray(32)), false);
  assert.equal(asker.hashes.addPieceLayer(new Uint8Array(32), layer.hashes), false);
  assert.equal(asker.hashes.addPieceLayer(layer.piecesRoot, layer.hashes.toReversed()), false);
  assert.equal(asker.hashes.addPieceLayer(layer.piecesRoot, layer.hashes), true);
  assert.ok(asker.hashes.isComplete);
});
