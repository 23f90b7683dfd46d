import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conduct, type ContentShape } from '@shoal/wire';

/** Ten pieces of 32 KiB, the last of 20,000 bytes. */
const shape: ContentShape = {
  pieceCount: 10,
  pieceLength: 32_768,
  lengthOfPiece: (piece) => (piece === 9 ? 20_000 : 32_768),
};

function conduct(
  options: Partial<{ fast: boolean; extensions: boolean; shape: ContentShape }> = { shape },
): Conduct {
  return new Conduct({ fast: true, extensions: true, ...options });
}

test('extension messages may precede the bitfield', () => {
  const peer = conduct();
  peer.extended();
  peer.bitfield(Uint8Array.of(0xff, 0xc0));
});

test('a bitfield or have-all in place of many haves is taken at any time, as aria2 sends them', () => {
  const peer = conduct();
  peer.have(1);
  peer.haveAllOrNone();
  peer.bitfield(Uint8Array.of(0x40, 0));
  assert.throws(() => peer.bitfield(Uint8Array.of(0)), { code: 'bitfield-length' });
});

test('a bitfield has exactly the bits there are pieces', () => {
  assert.throws(() => conduct().bitfield(Uint8Array.of(0)), { code: 'bitfield-length' });
  assert.throws(() => conduct().bitfield(Uint8Array.of(0, 0, 0)), { code: 'bitfield-length' });
  assert.throws(() => conduct().bitfield(Uint8Array.of(0, 0x20)), { code: 'bitfield-spare-bits' });
  conduct().bitfield(Uint8Array.of(0, 0x40));
});

test('what was said before the metadata came is judged when it comes', () => {
  const early = () => conduct({});
  const long = early();
  long.bitfield(new Uint8Array(3));
  assert.throws(() => long.setShape(shape), { code: 'bitfield-length' });
  const spare = early();
  spare.bitfield(Uint8Array.of(0, 1));
  assert.throws(() => spare.setShape(shape), { code: 'bitfield-spare-bits' });
  const beyond = early();
  beyond.have(3);
  beyond.have(10);
  beyond.have(4);
  assert.throws(() => beyond.setShape(shape), { code: 'piece-out-of-range' });
  const good = early();
  good.bitfield(Uint8Array.of(0, 0x40));
  good.have(9);
  good.setShape(shape);
});

test('pieces that do not exist are named in vain', () => {
  conduct().have(9);
  assert.throws(() => conduct().have(10), { code: 'piece-out-of-range' });
  assert.throws(() => conduct().hint(10), { code: 'piece-out-of-range' });
  assert.throws(() => conduct().dontHave(10), { code: 'piece-out-of-range' });
});

test('requests stay within their piece and within 128 KiB', () => {
  const asks = (piece: number, begin: number, length: number) => () =>
    conduct().request(piece, begin, length);
  asks(0, 0, 16_384)();
  asks(0, 0, 32_768)();
  asks(9, 16_384, 20_000 - 16_384)();
  assert.throws(asks(0, 0, 131_073), { code: 'request-too-long' });
  for (const [piece, begin, length] of [
    [10, 0, 1],
    [0, 0, 0],
    [0, 32_768, 1],
    [0, 16_385, 16_384],
    [9, 16_384, 16_384],
    [0, 0xffffffff, 1],
    [0xffffffff, 0, 16_384],
  ] as const) {
    assert.throws(asks(piece, begin, length), { code: 'request-out-of-range' });
  }
  assert.throws(() => conduct({}).request(0, 0, 1), { code: 'request-out-of-range' });
});

test('messages of an extension need that extension', () => {
  const plain = () => conduct({ fast: false, extensions: false, shape });
  for (const say of [() => plain().haveAllOrNone(), () => plain().hint(0), () => plain().reject()]) {
    assert.throws(say, { code: 'fast-not-negotiated' });
  }
  assert.throws(() => plain().extended(), { code: 'extension-not-negotiated' });
  assert.throws(() => plain().dontHave(0), { code: 'extension-not-negotiated' });
});
