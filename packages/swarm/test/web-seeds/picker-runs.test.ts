import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Picker, type Run } from '../../src/picker/picker.ts';
import { segmentsOf } from '../../src/web-seeds/run.ts';
import { makeSample, someBytes } from '../sample.ts';

const block = 16_384;

function seeded(seed: number) {
  let state = seed;
  return {
    below(bound: number) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    },
    fill() {},
  };
}

test('runs are blocks side by side, asked of nobody else, and in the end all of them', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed);
    const pieceCount = 1 + random.below(40);
    const blocks = 1 + random.below(6);
    const last = 1 + random.below(blocks * block);
    const picker = new Picker({
      pieceCount,
      pieceLength: (piece) => (piece === pieceCount - 1 ? last : blocks * block),
      random,
    });
    const web = [picker.addPeer(), picker.addPeer()];
    for (const pieces of web) picker.peerHasAll(pieces);
    const peer = picker.addPeer();
    picker.peerHasAll(peer);
    const came = new Set<string>();
    const receive = (from: typeof peer, piece: number, at: number) => {
      const key = `${piece}:${at}`;
      assert.ok(!came.has(key), `${key} was asked twice`);
      came.add(key);
      if (picker.received(from, piece, at) !== 'finished') return;
      picker.verified(piece);
      picker.written(piece);
    };
    const out = new Int32Array(8);
    for (let turns = 0; picker.wanted > 0 && turns < 10_000; turns++) {
      const from = web[random.below(2)];
      if (from === undefined || random.below(4) === 0) {
        const count = picker.pick(peer, 4, 'shared', out);
        for (let i = 0; i < count; i++) receive(peer, out[2 * i] ?? 0, out[2 * i + 1] ?? 0);
        continue;
      }
      const pace = random.below(2) === 0 ? 'first-run' : 'any-run';
      const run: Run | undefined = picker.pickRun(from, 1 + random.below(20), { pace });
      if (run === undefined) continue;
      let [piece, at] = [run.piece, run.block];
      const gaveUpAt = random.below(3) === 0 ? random.below(run.count) : run.count;
      for (let i = 0; i < run.count; i++) {
        assert.ok(piece < pieceCount && at < picker.blockCount(piece));
        if (i < gaveUpAt) receive(from, piece, at);
        else picker.abandon(from, piece, at);
        if (++at === (piece === pieceCount - 1 ? Math.ceil(last / block) : blocks))
          [piece, at] = [piece + 1, 0];
      }
      assert.deepEqual(picker.checkInvariants(), []);
    }
    assert.equal(picker.wanted, 0, `seed ${seed}`);
  }
});

test('a run is at most as long as asked for, and begins where it is told', () => {
  const picker = new Picker({ pieceCount: 100, pieceLength: () => 4 * block, random: seeded(1) });
  const web = picker.addPeer();
  picker.peerHasAll(web);
  assert.deepEqual(picker.pickRun(web, 18, { pace: 'first-run' }), { piece: 0, block: 0, count: 16 });
  assert.deepEqual(picker.pickRun(web, 3, { pace: 'first-run' }), { piece: 4, block: 0, count: 3 });
  assert.deepEqual(picker.pickRun(web, 9, { pace: 'first-run' }), { piece: 4, block: 3, count: 9 });
  assert.deepEqual(picker.pickRun(web, 8, { pace: 'any-run', at: 50 }), { piece: 50, block: 0, count: 8 });
  assert.equal(picker.pickRun(web, 8, { pace: 'any-run', at: 50 }), undefined);
  picker.setPriority(7, 0);
  assert.deepEqual(picker.pickRun(web, 80, { pace: 'first-run', at: 8 }), { piece: 8, block: 0, count: 80 });
});

test('a run is asked for as ranges of files, without padding', () => {
  for (const format of ['v1', 'v2', 'hybrid'] as const) {
    const sample = makeSample(
      { a: someBytes(100_000), b: someBytes(7), c: someBytes(200_000) },
      { format, pieceLength: 65_536 },
    );
    const { layout } = sample.torrent;
    let count = 0;
    for (let piece = 0; piece < layout.pieceCount; piece++)
      count += Math.ceil(layout.pieceSize(piece) / block);
    const asked = segmentsOf(layout, { piece: 0, block: 0, count }).filter(({ isPad }) => !isPad);
    assert.deepEqual(
      asked.map(({ offset, length }) => [offset, length]),
      [
        [0, 100_000],
        [0, 7],
        [0, 200_000],
      ],
      format,
    );
    const [first] = segmentsOf(layout, { piece: 1, block: 1, count: 1 });
    assert.deepEqual([first?.file, first?.offset], [0, 65_536 + block], format);
  }
});
