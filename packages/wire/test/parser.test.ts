import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockLength, createPeerParser, WireError, writePieceHeader } from '@shoal/wire';
import fc from 'fast-check';
import { anyMessage, createRecorder, cut, encode, type Message, show } from './recorder.ts';

function parse(parts: readonly Uint8Array[], bounds = {}): Message[] {
  const { handlers, messages } = createRecorder();
  const parser = createPeerParser(handlers, bounds);
  for (const part of parts) parser.push(part);
  return messages;
}

function head(length: number, id: number, ...body: number[]): Uint8Array {
  return Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length, id, ...body);
}

function codeOf(parts: readonly Uint8Array[], bounds = {}): string {
  try {
    parse(parts, bounds);
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
  return 'none';
}

test('any sequence of messages, in any split, comes out as it went in', () => {
  fc.assert(
    fc.property(
      fc.array(anyMessage, { maxLength: 12 }),
      fc.array(fc.nat({ max: 5000 }), { maxLength: 20 }),
      (messages, places) => {
        const expected = show(messages.filter(([kind]) => kind !== 'unknown'));
        const stream = encode(messages);
        assert.deepEqual(show(parse(cut(stream, places))), expected);
        assert.deepEqual(show(parse(Array.from(stream, (byte) => Uint8Array.of(byte)))), expected);
      },
    ),
    { numRuns: 300 },
  );
});

test('blocks of 16 KiB in chunks of any size land in shared memory byte by byte', () => {
  const block = Uint8Array.from({ length: blockLength }, (_, i) => (i * 7) ^ (i >> 8));
  const messages: Message[] = Array.from({ length: 8 }, (_, i) => ['block', i, i * blockLength, block]);
  const stream = encode(messages);
  for (const size of [1000, 16_384, 16_397, 65_536, stream.length]) {
    const parts = cut(
      stream,
      Array.from({ length: Math.floor(stream.length / size) }, (_, i) => (i + 1) * size),
    );
    assert.deepEqual(show(parse(parts)), show(messages), `chunks of ${size}`);
  }
});

test('a null target throws the payload of that block away and keeps the messages in step', () => {
  const { handlers, messages } = createRecorder();
  const parser = createPeerParser({
    ...handlers,
    blockStart: () => null,
    blockEnd: (piece) => messages.push(['have', piece]),
  });
  const stream = encode([['block', 3, 0, new Uint8Array(500).fill(9)], ['unchoke']]);
  for (const part of cut(stream, [5, 14, 15, 300])) parser.push(part);
  assert.deepEqual(messages, [['have', 3], ['unchoke']]);
});

test('a block whose target is too short is refused before a byte is copied', () => {
  const { handlers } = createRecorder();
  const slab = new Uint8Array(100);
  const parser = createPeerParser({
    ...handlers,
    blockStart(_piece, _begin, _length, place) {
      place.offset = 1;
      return slab;
    },
  });
  assert.throws(() => parser.push(encode([['block', 0, 0, new Uint8Array(100).fill(1)]])), RangeError);
  assert.ok(slab.every((byte) => byte === 0));
});

test('lengths that do not fit their message are refused as soon as the head is there', () => {
  const fixed: [number, number][] = [
    [0, 1],
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 5],
    [6, 13],
    [8, 13],
    [9, 3],
    [13, 5],
    [14, 1],
    [15, 1],
    [16, 13],
    [17, 5],
    [21, 49],
    [23, 49],
  ];
  for (const [id, length] of fixed) {
    for (const wrong of [length - 1, length + 1, 0xffffffff]) {
      if (wrong > 0) assert.equal(codeOf([head(wrong, id)]), 'message-length', `message ${id} of ${wrong}`);
    }
  }
  for (const wrong of [1, 8]) assert.equal(codeOf([head(wrong, 7)]), 'message-length');
  assert.equal(codeOf([head(1, 20)]), 'message-length');
  assert.equal(codeOf([head(48, 22)]), 'message-length');
  assert.equal(codeOf([head(49 + 33, 22)]), 'message-length');
});

test('messages beyond their bound are refused as soon as the head is there', () => {
  for (const id of [5, 7, 20, 22, 99]) assert.equal(codeOf([head(0xffffffff, id)]), 'message-too-long');
  assert.equal(codeOf([head(9 + blockLength + 1, 7)]), 'message-too-long');
  assert.equal(codeOf([head(9 + blockLength, 7)]), 'none');
  assert.equal(codeOf([head(9 + 101, 7)], { block: 100 }), 'message-too-long');
  assert.equal(codeOf([head(501, 20)], { extended: 500 }), 'message-too-long');
});

test('a bitfield may be as long as the piece count says, once that is known', () => {
  const { handlers, messages } = createRecorder();
  const parser = createPeerParser(handlers);
  parser.setPieceCount(17);
  parser.push(encode([['bitfield', Uint8Array.of(1, 2, 3)]]));
  assert.equal(messages.length, 1);
  assert.throws(() => parser.push(head(5, 5)), { code: 'message-too-long' });
});

test('a promise of a long message costs memory only as it is kept', () => {
  const before = process.memoryUsage().arrayBuffers;
  const parsers = Array.from({ length: 1000 }, () => createPeerParser(createRecorder().handlers));
  for (const parser of parsers) parser.push(head(200_000, 5, 1, 2, 3));
  const perParser = (process.memoryUsage().arrayBuffers - before) / 1000;
  // The recorder's own slab takes 128 KiB of each.
  assert.ok(perParser < 131_079 + 4096, `${perParser} bytes each`);
});

test('after stop, no handler is called, not even for the rest of the same bytes', () => {
  const { handlers, messages } = createRecorder();
  const parser = createPeerParser({
    ...handlers,
    unchoke() {
      messages.push(['unchoke']);
      parser.stop();
    },
  });
  parser.push(encode([['choke'], ['unchoke'], ['have', 1]]));
  parser.push(encode([['have', 2]]));
  assert.deepEqual(messages, [['choke'], ['unchoke']]);
});

test('stopping at the head of a block leaves its target alone', () => {
  const slab = new Uint8Array(100);
  const parser = createPeerParser({
    ...createRecorder().handlers,
    blockStart() {
      parser.stop();
      return slab;
    },
  });
  parser.push(encode([['block', 0, 0, new Uint8Array(50).fill(1)]]));
  assert.ok(slab.every((byte) => byte === 0));
});

test('what a handler throws comes out of push, and ends the parser', () => {
  const { handlers, messages } = createRecorder();
  const parser = createPeerParser({
    ...handlers,
    have() {
      throw new WireError('piece-out-of-range', 'no such piece');
    },
  });
  assert.throws(() => parser.push(encode([['have', 5], ['choke']])), { code: 'piece-out-of-range' });
  parser.push(encode([['choke']]));
  assert.deepEqual(messages, []);
});

test('a block header leaves room for its payload behind it', () => {
  const buffer = new Uint8Array(13 + 5).fill(7);
  assert.equal(writePieceHeader(buffer, 0, 1, 2, 5), 13);
  assert.deepEqual(buffer, Uint8Array.of(0, 0, 0, 14, 7, 0, 0, 0, 1, 0, 0, 0, 2, 7, 7, 7, 7, 7));
});
