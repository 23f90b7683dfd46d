import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockLength, Picker } from '../src/picker/picker.ts';
import type { Wish } from '../src/types.ts';
import { Wishes } from '../src/wishes.ts';
import { makeSample, someBytes } from './sample.ts';

test('files are fetched in the order of how much they are wanted, and one that is not wanted never', () => {
  const pieceLength = blockLength;
  const contents = Object.fromEntries(
    ['a', 'b', 'c', 'd'].map((name, i) => [name, someBytes(2 * pieceLength, i + 1)]),
  );
  const { layout } = makeSample(contents, { pieceLength }).torrent;
  const picker = new Picker({
    pieceCount: layout.pieceCount,
    pieceLength: () => pieceLength,
    random: { fill: () => {}, below: () => 0 },
  });
  const wishes = new Wishes(layout, picker);
  const wanted: readonly Wish[] = ['low', false, 'high', true];
  wishes.select((file) => wanted[file] ?? false);
  assert.equal(wishes.left, 6);
  const peer = picker.addPeer();
  picker.peerHasAll(peer);
  const out = new Int32Array(20);
  const count = picker.pick(peer, 8, 'shared', out);
  const files = Array.from(
    { length: count },
    (_, i) => layout.files[Math.floor((out[2 * i] ?? 0) / 2)]?.path[0],
  );
  assert.deepEqual(files, ['c', 'c', 'd', 'd', 'a', 'a']);

  wishes.watch(new Set([2]));
  assert.equal(picker.pick(peer, 8, 'shared', out), 1);
  assert.equal(out[0], 2);
});
