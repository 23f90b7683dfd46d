// Pieces and files, from both sides, in all three ways of laying files out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Layout, pieceWork, planTorrent, type TorrentFile, type TorrentFormat } from '@shoal/metainfo';
import fc from 'fast-check';

const lengths = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100_000 }), fc.constant(16_384)), {
    minLength: 1,
    maxLength: 20,
  })
  .filter((list) => list.some((length) => length > 0));

function planOf(list: readonly number[], format: TorrentFormat) {
  const files = list.map((length, index) => ({ path: [String(index).padStart(3, '0')], length }));
  return planTorrent({ name: 'n', files, format, pieceLength: 32_768 });
}

test('each byte of each file is in exactly one piece, in order', () => {
  fc.assert(
    fc.property(lengths, fc.constantFrom<TorrentFormat>('v1', 'v2', 'hybrid'), (list, format) => {
      const { layout } = planOf(list, format);
      const covered = layout.files.map(() => 0);
      for (let piece = 0; piece < layout.pieceCount; piece++) {
        let size = 0;
        for (const { file, offset, length } of layout.pieceRanges(piece)) {
          assert.equal(offset, covered[file]);
          covered[file] = offset + length;
          size += length;
          const { first, end } = layout.filePieces(file);
          assert.ok(piece >= first && piece < end);
        }
        assert.equal(size, layout.pieceSize(piece));
      }
      assert.deepEqual(
        covered,
        layout.files.map(({ length }) => length),
      );
      assert.equal(
        layout.contentLength,
        list.reduce((sum, length) => sum + length, 0),
      );
    }),
  );
});

test('a part of a piece is the same bytes as that part of the whole', () => {
  fc.assert(
    fc.property(
      lengths,
      fc.constantFrom<TorrentFormat>('v1', 'v2', 'hybrid'),
      fc.nat(),
      fc.nat(),
      fc.nat(),
      (list, format, a, b, c) => {
        const { layout } = planOf(list, format);
        const piece = a % layout.pieceCount;
        const size = layout.pieceSize(piece);
        const begin = b % size;
        const length = 1 + (c % (size - begin));
        const bytes = (from: number, count: number) =>
          layout
            .pieceRanges(piece, from, count)
            .flatMap(({ file, offset, length: run }) =>
              Array.from({ length: run }, (_, i) => `${file} ${offset + i}`),
            );
        assert.deepEqual(bytes(begin, length), bytes(0, size).slice(begin, begin + length));
      },
    ),
    { numRuns: 30 },
  );
});

test('a v2 piece is of one file and ends with it; a hybrid pads it; v1 goes on with the next file', () => {
  const ranges = (format: TorrentFormat) => {
    const { layout } = planOf([5, 0, 40_000], format);
    return Array.from({ length: layout.pieceCount }, (_, piece) =>
      layout
        .pieceRanges(piece)
        .map(({ file, length }) => `${layout.files[file]?.path.at(-1)}:${length}`)
        .join(' '),
    );
  };
  assert.deepEqual(ranges('v1'), ['000:5 002:32763', '002:7237']);
  assert.deepEqual(ranges('v2'), ['000:5', '002:32768', '002:7232']);
  assert.deepEqual(ranges('hybrid'), ['000:5 32763:32763', '002:32768', '002:7232']);
});

test('what is hashed of a piece: all of it for v1, one file without padding for v2', () => {
  const hybrid = planOf([5, 40_000], 'hybrid');
  assert.equal(pieceWork(hybrid, 0).v1?.length, 2);
  assert.deepEqual(pieceWork(hybrid, 0).v2, { file: 0, offset: 0, length: 5 });
  assert.deepEqual(
    [0, 1, 2].map((piece) => pieceWork(hybrid, piece).leafCount),
    [1, 2, 2],
  );
  assert.equal(pieceWork(planOf([5], 'v1'), 0).v2, undefined);
  assert.equal(pieceWork(planOf([5], 'v2'), 0).v1, undefined);
});

test('files may be longer than 32 bits can say', () => {
  const file = (length: number, offset: number): TorrentFile => ({
    ...{ path: ['x'], isPad: false, isExecutable: false, isHidden: false },
    ...{ linkTarget: undefined, piecesRoot: undefined, originalPath: [], length, offset },
  });
  const layout = new Layout([file(2 ** 40, 0), file(7, 2 ** 40)], 2 ** 24, false);
  assert.equal(layout.pieceCount, 2 ** 16 + 1);
  assert.deepEqual(layout.pieceRanges(2 ** 16), [{ file: 1, offset: 0, length: 7 }]);
  assert.deepEqual(layout.pieceRanges(2 ** 16 - 1), [
    { file: 0, offset: 2 ** 40 - 2 ** 24, length: 2 ** 24 },
  ]);
});

test('what cannot be made is refused', () => {
  const plan = (fields: object) => () =>
    planTorrent({ name: 'n', files: { path: [], length: 5 }, format: 'hybrid', ...fields });
  for (const fields of [
    { name: '' },
    { files: [] },
    { files: { path: [], length: 0 } },
    { pieceLength: 0 },
    { pieceLength: 16_385 },
    { pieceLength: 8192 },
    { pieceLength: 2 ** 30 },
    { pieceLength: 16_384, files: { path: [], length: 2 ** 40 } },
  ]) {
    assert.throws(plan(fields), { name: 'MetainfoError', code: 'invalid' }, JSON.stringify(fields));
  }
  assert.equal(plan({ files: { path: [], length: 2 ** 40 } })().layout.pieceLength, 2 ** 24);
});
