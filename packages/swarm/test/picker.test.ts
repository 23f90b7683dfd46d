import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Bitfield, type Random } from '@shoal/base';
import fc from 'fast-check';
import type { Pace } from '../src/picker/choose-missing.ts';
import type { PeerPieces } from '../src/picker/peer-pieces.ts';
import { blockLength, Picker } from '../src/picker/picker.ts';

function seeded(seed: number): Random {
  let state = seed >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  return {
    fill: (bytes) => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = next() & 255;
    },
    below: (bound) => next() % bound,
  };
}

function create(
  pieceCount: number,
  options: { blocks?: number; lastLength?: number; seed?: number } = {},
): Picker {
  const length = (options.blocks ?? 4) * blockLength;
  return new Picker({
    pieceCount,
    pieceLength: (piece) => (piece === pieceCount - 1 ? (options.lastLength ?? length) : length),
    random: seeded(options.seed ?? 7),
  });
}

const out = new Int32Array(20_000);

function pick(picker: Picker, peer: PeerPieces, limit: number, pace: Pace = 'shared'): [number, number][] {
  const count = picker.pick(peer, limit, pace, out);
  return pairs(count);
}

function pairs(count: number): [number, number][] {
  return Array.from({ length: count }, (_, i) => [out[2 * i] ?? -1, out[2 * i + 1] ?? -1]);
}

function seed(picker: Picker): PeerPieces {
  const peer = picker.addPeer();
  picker.peerHasAll(peer);
  return peer;
}

function withPieces(picker: Picker, ...pieces: number[]): PeerPieces {
  const peer = picker.addPeer();
  const field = new Bitfield(picker.pieceCount);
  for (const piece of pieces) field.set(piece);
  picker.peerHasOnly(peer, field);
  return peer;
}

function receive(picker: Picker, peer: PeerPieces, blocks: [number, number][]): void {
  for (const [piece, block] of blocks) picker.received(peer, piece, block);
}

function finish(picker: Picker, peer: PeerPieces, piece: number): void {
  picker.setUrgent([piece]);
  receive(picker, peer, pick(picker, peer, picker.blockCount(piece)));
  picker.setUrgent([]);
  picker.verified(piece);
  picker.written(piece);
}

const sound = (picker: Picker) => assert.deepEqual(picker.checkInvariants(), []);

describe('picker', () => {
  test('the rarest piece that the peer has is asked for first', () => {
    const picker = create(20, { blocks: 1 });
    const all = seed(picker);
    for (let piece = 0; piece < 4; piece++) finish(picker, all, piece);
    withPieces(picker, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18);
    withPieces(picker, 4, 5, 6, 7, 8, 9, 10);
    assert.deepEqual(pick(picker, all, 1), [[19, 0]]);
    const second = pick(picker, all, 8).map(([piece]) => piece);
    assert.deepEqual(
      second.sort((a, b) => a - b),
      [11, 12, 13, 14, 15, 16, 17, 18],
    );
    assert.ok(pick(picker, all, 7).every(([piece]) => piece >= 4 && piece <= 10));
    sound(picker);
  });

  test('equally rare pieces come in different orders in different sessions', () => {
    const orders = new Set<string>();
    for (let i = 1; i <= 20; i++) {
      const picker = create(100, { blocks: 1, seed: i * 7919 });
      orders.add(pick(picker, seed(picker), 10).join());
    }
    assert.ok(orders.size >= 15, `${orders.size} different orders of 20`);
  });

  test('a piece that was begun is finished before another is begun', () => {
    const picker = create(50);
    const [a, b] = [seed(picker), seed(picker)];
    const first = pick(picker, a, 2);
    const rest = pick(picker, b, 2);
    assert.deepEqual(
      [...first, ...rest].map(([, block]) => block),
      [0, 1, 2, 3],
    );
    assert.equal(new Set([...first, ...rest].map(([piece]) => piece)).size, 1);
  });

  test('a fast peer gets pieces of its own, and a very fast one those that lie side by side', () => {
    const picker = create(50);
    const [fast, other] = [seed(picker), seed(picker)];
    const [first] = pick(picker, fast, 1, 'sequential');
    assert.ok(first !== undefined);
    assert.notEqual(pick(picker, other, 1, 'sequential')[0]?.[0], first[0]);
    const more = pick(picker, fast, 7, 'sequential');
    assert.deepEqual(
      more.slice(0, 3).map(([piece]) => piece),
      [first[0], first[0], first[0]],
    );
    assert.ok((more[3]?.[0] ?? 0) === first[0] + 1 || first[0] === 49);
    sound(picker);
  });

  test('what a fast peer had to itself goes to others when nothing else is left', () => {
    const picker = create(1);
    const [fast, other] = [seed(picker), seed(picker)];
    assert.equal(pick(picker, fast, 1, 'sequential').length, 1);
    assert.deepEqual(
      pick(picker, other, 9).map(([, block]) => block),
      [1, 2, 3],
    );
  });

  test('no block is asked twice before endgame, and then of at most three peers', () => {
    const picker = create(2);
    const peers = [seed(picker), seed(picker), seed(picker), seed(picker)];
    const [a, b, c, d] = peers;
    assert.ok(a && b && c && d);
    assert.equal(picker.pickAgain(b, 8, out), 0);
    assert.equal(pick(picker, a, 8).length, 8);
    assert.ok(picker.isEndgame);
    assert.equal(pick(picker, b, 8).length, 0);
    assert.equal(picker.pickAgain(a, 8, out), 0);
    assert.equal(picker.pickAgain(b, 8, out), 8);
    assert.equal(picker.pickAgain(b, 8, out), 0);
    assert.equal(picker.pickAgain(c, 8, out), 8);
    assert.equal(picker.pickAgain(d, 8, out), 0);
    assert.deepEqual(picker.askedOf(0, 0), [a.slot, b.slot, c.slot]);
    sound(picker);
    assert.equal(picker.received(b, 0, 0), 'stored');
    assert.deepEqual(picker.askedOf(0, 0), []);
    assert.equal(picker.received(a, 0, 0), 'surplus');
    picker.abandon(a, 0, 1);
    assert.deepEqual(picker.askedOf(0, 1), [b.slot, c.slot]);
    sound(picker);
  });

  test('blocks of a peer that died are asked of another at once', () => {
    const picker = create(3);
    const [dying, other] = [seed(picker), seed(picker)];
    const asked = pick(picker, dying, 12);
    assert.equal(pick(picker, other, 12).length, 0);
    for (const [piece, block] of asked) picker.abandon(dying, piece, block);
    picker.removePeer(dying);
    sound(picker);
    assert.equal(pick(picker, other, 20).length, 12);
  });

  test('higher priority goes before rarity, and what nobody wants is not asked for', () => {
    const picker = create(30, { blocks: 1 });
    const all = seed(picker);
    for (let piece = 0; piece < 4; piece++) finish(picker, all, piece);
    withPieces(picker, 20);
    picker.setPriority(20, 7);
    picker.setPriority(21, 0);
    assert.deepEqual(pick(picker, all, 1), [[20, 0]]);
    assert.ok(!pick(picker, all, 30).some(([piece]) => piece === 21));
    picker.setPriority(21, 4);
    assert.deepEqual(pick(picker, all, 30), [[21, 0]]);
    sound(picker);
  });

  test('a piece nobody wants any more keeps what it has and goes on when it is wanted again', () => {
    const picker = create(1);
    const peer = seed(picker);
    receive(picker, peer, pick(picker, peer, 2));
    picker.setPriority(0, 0);
    assert.equal(picker.wanted, 0);
    assert.deepEqual(pick(picker, peer, 4), []);
    sound(picker);
    picker.setPriority(0, 4);
    assert.deepEqual(pick(picker, peer, 4), [
      [0, 2],
      [0, 3],
    ]);
    sound(picker);
  });

  test('urgent pieces come first, in their order', () => {
    const picker = create(40, { blocks: 1 });
    const peer = seed(picker);
    picker.setUrgent([30, 10, 20]);
    assert.deepEqual(
      pick(picker, peer, 3).map(([piece]) => piece),
      [30, 10, 20],
    );
    sound(picker);
  });

  test('of a piece that failed only the bad blocks are fetched again, if they are known', () => {
    const picker = create(1);
    const peer = seed(picker);
    receive(picker, peer, pick(picker, peer, 4));
    assert.equal(picker.state(0), 'verifying');
    picker.failed(0, (block) => block !== 2);
    sound(picker);
    assert.deepEqual(pick(picker, peer, 4), [[0, 2]]);
    assert.equal(picker.received(peer, 0, 2), 'finished');
    picker.failed(0);
    assert.equal(picker.state(0), 'missing');
    sound(picker);
  });

  test('the last piece has fewer blocks, and a shorter last one', () => {
    const picker = create(2, { lastLength: blockLength + 5 });
    assert.equal(picker.blockCount(1), 2);
    assert.equal(picker.blockLength(1, 1), 5);
    assert.equal(pick(picker, seed(picker), 99).length, 6);
  });

  test('a peer is interesting while it has something that is wanted and missing', () => {
    const picker = create(4, { blocks: 1 });
    const peer = withPieces(picker, 1);
    const all = seed(picker);
    assert.equal(peer.wanted, 1);
    assert.equal(all.wanted, 4);
    picker.setPriority(1, 0);
    assert.equal(peer.wanted, 0);
    picker.peerHas(peer, 2);
    assert.equal(peer.wanted, 1);
    finish(picker, all, 2);
    assert.equal(peer.wanted, 0);
    assert.equal(all.wanted, 2);
    for (const piece of [0, 3]) picker.peerHas(peer, piece);
    assert.ok(peer.hasAll);
    picker.peerLacks(peer, 0);
    assert.equal(peer.wanted, 1);
    sound(picker);
  });

  test('picking from a peer that has one piece of a million takes no scan of them', () => {
    const picker = create(200_000, { blocks: 1 });
    const rare = withPieces(picker, 199_999);
    assert.deepEqual(pick(picker, rare, 5), [[199_999, 0]]);
    const all = seed(picker);
    let count = 0;
    for (let i = 0; i < 20; i++) count += pick(picker, all, 5000).length;
    assert.equal(count, 100_000);
  });
});

// A model that knows only the rules, with sets and scans, beside the real one.
type Step =
  | { do: 'join'; pieces: number[] | 'all' }
  | { do: 'leave' | 'again'; peer: number }
  | { do: 'have' | 'lack'; peer: number; piece: number }
  | { do: 'pick'; peer: number; limit: number; pace: Pace }
  | { do: 'receive' | 'reject'; peer: number; nth: number }
  | { do: 'check'; nth: number; good: boolean; keep: number }
  | { do: 'write'; nth: number; good: boolean }
  | { do: 'priority'; piece: number; priority: number }
  | { do: 'urgent'; pieces: number[] };

const pieceCount = 12;
const anyPeer = fc.nat(5);
const anyPiece = fc.nat(pieceCount - 1);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('join' as const),
    pieces: fc.oneof(fc.constant('all' as const), fc.uniqueArray(anyPiece)),
  }),
  fc.record({ do: fc.constantFrom('leave' as const, 'again' as const), peer: anyPeer }),
  fc.record({ do: fc.constantFrom('have' as const, 'lack' as const), peer: anyPeer, piece: anyPiece }),
  fc.record({
    do: fc.constant('pick' as const),
    peer: anyPeer,
    limit: fc.integer({ min: 1, max: 9 }),
    pace: fc.constantFrom<Pace[]>('shared', 'whole', 'sequential'),
  }),
  fc.record({
    do: fc.constant('pick' as const),
    peer: anyPeer,
    limit: fc.integer({ min: 1, max: 40 }),
    pace: fc.constantFrom<Pace[]>('shared', 'whole', 'sequential'),
  }),
  fc.record({
    do: fc.constantFrom('receive' as const, 'receive' as const, 'reject' as const),
    peer: anyPeer,
    nth: fc.nat(20),
  }),
  fc.record({ do: fc.constant('receive' as const), peer: anyPeer, nth: fc.nat(20) }),
  fc.record({ do: fc.constant('check' as const), nth: fc.nat(5), good: fc.boolean(), keep: fc.nat(15) }),
  fc.record({ do: fc.constant('write' as const), nth: fc.nat(5), good: fc.boolean() }),
  fc.record({ do: fc.constant('priority' as const), piece: anyPiece, priority: fc.nat(7) }),
  fc.record({ do: fc.constant('urgent' as const), pieces: fc.uniqueArray(anyPiece, { maxLength: 3 }) }),
);

test('after any steps the picker agrees with a naive model and its own invariants', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 120 }), fc.nat(), (steps, seedNumber) => {
      const picker = create(pieceCount, { blocks: 3, lastLength: 2 * blockLength - 9, seed: seedNumber + 1 });
      const peers: { pieces: PeerPieces; has: Set<number>; asked: Set<string> }[] = [];
      const received = new Map<string, number>();
      const state = new Array<string>(pieceCount).fill('missing');
      const priority = new Array<number>(pieceCount).fill(4);
      const blocksOf = (piece: number) => (piece === pieceCount - 1 ? 2 : 3);
      const keysOf = (piece: number) =>
        Array.from({ length: blocksOf(piece) }, (_, block) => `${piece}:${block}`);
      const askers = (key: string) => peers.filter((peer) => peer.asked.has(key));
      const isFree = (key: string) => askers(key).length === 0 && !received.has(key);
      const fetchable = (piece: number) =>
        (state[piece] === 'missing' || state[piece] === 'open') && (priority[piece] ?? 0) > 0;
      const settle = (piece: number) => {
        const isBegun = keysOf(piece).some((key) => !isFree(key));
        if (state[piece] === 'missing' || state[piece] === 'open')
          state[piece] = isBegun ? 'open' : 'missing';
      };

      for (const step of steps) {
        const peer = 'peer' in step ? peers[step.peer % Math.max(1, peers.length)] : undefined;
        if (step.do === 'join' && peers.length < 6) {
          const has = new Set(
            step.pieces === 'all' ? Array.from({ length: pieceCount }, (_, i) => i) : step.pieces,
          );
          peers.push({
            pieces: step.pieces === 'all' ? seed(picker) : withPieces(picker, ...has),
            has,
            asked: new Set(),
          });
        } else if (step.do === 'leave' && peer !== undefined) {
          for (const key of peer.asked) {
            const [piece = 0, block = 0] = key.split(':').map(Number);
            picker.abandon(peer.pieces, piece, block);
          }
          peers.splice(peers.indexOf(peer), 1);
          for (const key of peer.asked) settle(Number(key.split(':')[0]));
          picker.removePeer(peer.pieces);
        } else if (step.do === 'have' && peer !== undefined) {
          assert.equal(picker.peerHas(peer.pieces, step.piece), !peer.has.has(step.piece));
          peer.has.add(step.piece);
        } else if (step.do === 'lack' && peer !== undefined) {
          picker.peerLacks(peer.pieces, step.piece);
          peer.has.delete(step.piece);
        } else if (step.do === 'pick' && peer !== undefined) {
          const possible = [...peer.has].filter(fetchable).flatMap(keysOf).filter(isFree).length;
          const got = pick(picker, peer.pieces, step.limit, step.pace);
          assert.equal(got.length, Math.min(step.limit, possible));
          for (const [piece, block] of got) {
            assert.ok(isFree(`${piece}:${block}`) && fetchable(piece) && peer.has.has(piece));
            peer.asked.add(`${piece}:${block}`);
            state[piece] = 'open';
          }
        } else if (step.do === 'again' && peer !== undefined) {
          const anyFree = state.some((_, piece) => fetchable(piece) && keysOf(piece).some(isFree));
          const got = pairs(picker.pickAgain(peer.pieces, 4, out));
          if (anyFree) assert.equal(got.length, 0);
          for (const [piece, block] of got) {
            const key = `${piece}:${block}`;
            assert.ok(!peer.asked.has(key) && !received.has(key) && peer.has.has(piece));
            peer.asked.add(key);
            assert.ok(askers(key).length >= 2 && askers(key).length <= 3);
          }
        } else if (
          (step.do === 'receive' || step.do === 'reject') &&
          peer !== undefined &&
          peer.asked.size > 0
        ) {
          const key = [...peer.asked][step.nth % peer.asked.size] ?? '';
          const [piece = 0, block = 0] = key.split(':').map(Number);
          if (step.do === 'reject') {
            picker.abandon(peer.pieces, piece, block);
            peer.asked.delete(key);
            settle(piece);
          } else {
            for (const asker of askers(key)) asker.asked.delete(key);
            received.set(key, peer.pieces.slot);
            if (keysOf(piece).every((other) => received.has(other))) state[piece] = 'verifying';
            assert.equal(
              picker.received(peer.pieces, piece, block),
              state[piece] === 'verifying' ? 'finished' : 'stored',
            );
            assert.equal(picker.senderOf(piece, block), peer.pieces.slot);
            assert.equal(picker.received(peer.pieces, piece, block), 'surplus');
          }
        } else if (step.do === 'check' || step.do === 'write') {
          const waiting = state.flatMap((name, piece) =>
            name === (step.do === 'check' ? 'verifying' : 'writing') ? [piece] : [],
          );
          const piece = waiting[step.nth % Math.max(1, waiting.length)];
          if (piece === undefined) continue;
          if (step.do === 'write') {
            if (step.good) picker.written(piece);
            else picker.lost(piece);
            for (const key of keysOf(piece)) received.delete(key);
            state[piece] = step.good ? 'have' : 'missing';
          } else if (step.good) {
            picker.verified(piece);
            state[piece] = 'writing';
          } else {
            picker.failed(piece, (block) => (step.keep & (1 << block)) !== 0 && step.keep < 7);
            keysOf(piece).forEach((key, block) => {
              if ((step.keep & (1 << block)) === 0 || step.keep >= 7) received.delete(key);
            });
            state[piece] = 'open';
            settle(piece);
          }
        } else if (step.do === 'priority') {
          picker.setPriority(step.piece, step.priority);
          priority[step.piece] = step.priority;
        } else if (step.do === 'urgent') picker.setUrgent(step.pieces);

        sound(picker);
        for (let piece = 0; piece < pieceCount; piece++) {
          assert.equal(picker.state(piece), state[piece], `piece ${piece}`);
          for (let block = 0; block < blocksOf(piece); block++)
            assert.deepEqual(
              [...picker.askedOf(piece, block)].sort(),
              askers(`${piece}:${block}`)
                .map((other) => other.pieces.slot)
                .sort(),
            );
        }
        for (const { pieces, has } of peers)
          assert.equal(
            pieces.wanted,
            [...has].filter((p) => state[p] !== 'have' && (priority[p] ?? 0) > 0).length,
          );
      }
    }),
    { numRuns: 300 },
  );
});

describe('a piece that is to come from one peer alone', () => {
  /** One peer has sent the first block of it, and nothing more is asked of it. */
  function begun() {
    const picker = create(1);
    picker.fetchAlone(0);
    const [one, other] = [seed(picker), seed(picker)];
    assert.deepEqual(pick(picker, one, 1), [[0, 0]]);
    assert.equal(picker.received(one, 0, 0), 'stored');
    assert.deepEqual(pick(picker, other, 4), []);
    return { picker, one, other };
  }

  test('comes from others when that one has left', () => {
    const { picker, one, other } = begun();
    picker.removePeer(one);
    assert.equal(pick(picker, other, 4).length, 3);
  });

  test('comes from others when that one cannot be asked any more', () => {
    const { picker, one, other } = begun();
    picker.letGo(one);
    assert.equal(pick(picker, other, 4).length, 3);
    assert.deepEqual(picker.checkInvariants(), []);
  });

  test('comes from others when that one says that it lacks it', () => {
    for (const lack of [
      (picker: Picker, one: PeerPieces) => picker.peerLacks(one, 0),
      (picker: Picker, one: PeerPieces) => picker.peerHasOnly(one, new Bitfield(1)),
    ]) {
      const { picker, one, other } = begun();
      lack(picker, one);
      assert.equal(pick(picker, other, 4).length, 3);
    }
  });
});
