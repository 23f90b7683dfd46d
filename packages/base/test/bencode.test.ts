// Bencode: strict where BEP 3 is strict, lenient on request, an error with a code for everything else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BencodeError, type BencodeNode, type BencodeValue, decodeBencode, encodeBencode } from '@shoal/base';
import fc from 'fast-check';
import { mutate, plain } from '../../../lab/fuzz/bencode-mutations.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const text = (value: Uint8Array) => Buffer.from(value).toString('latin1');

function codeOf(input: string, options = {}): string | undefined {
  try {
    decodeBencode(bytes(input), options);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof BencodeError, String(error));
    return error.code;
  }
}

const faults: readonly [input: string, code: string][] = [
  ['', 'truncated'],
  ['x', 'unexpected-byte'],
  ['e', 'unexpected-byte'],
  ['-1:a', 'unexpected-byte'],
  ['1', 'truncated'],
  ['2:a', 'truncated'],
  ['999999999999999999999999:a', 'truncated'],
  ['1x', 'unexpected-byte'],
  ['01:a', 'leading-zero'],
  ['00:', 'leading-zero'],
  ['i', 'truncated'],
  ['i12', 'truncated'],
  ['ie', 'bad-integer'],
  ['i-e', 'bad-integer'],
  ['i+1e', 'bad-integer'],
  ['i 1e', 'bad-integer'],
  ['i1.5e', 'bad-integer'],
  ['i--1e', 'bad-integer'],
  ['i01e', 'leading-zero'],
  ['i-01e', 'leading-zero'],
  ['i-0e', 'negative-zero'],
  [`i${'9'.repeat(1001)}e`, 'too-many-digits'],
  ['l', 'truncated'],
  ['li1e', 'truncated'],
  ['d', 'truncated'],
  ['d1:a', 'truncated'],
  ['d1:ae', 'missing-value'],
  ['di1ei2ee', 'key-not-string'],
  ['dlei1ee', 'key-not-string'],
  ['d1:bi1e1:ai2ee', 'unsorted-keys'],
  ['d2:aai1e1:ai2ee', 'unsorted-keys'],
  ['d1:ai1e1:ai2ee', 'duplicate-key'],
  ['i1ei2e', 'trailing-bytes'],
  ['i1e\n', 'trailing-bytes'],
  ['l'.repeat(200) + 'e'.repeat(200), 'too-deep'],
];

for (const [input, code] of faults) {
  test(`${JSON.stringify(input.slice(0, 30))} is refused as ${code}`, () =>
    assert.equal(codeOf(input), code));
}

test('what real torrents get wrong is read when leniency is asked for', () => {
  for (const input of ['i007e', 'i-0e', 'i-05e', '003:abc', 'd1:bi1e1:ai2ee', 'd1:ai1e1:ai2ee']) {
    assert.equal(codeOf(input, { lenient: true }), undefined, input);
  }
  assert.equal(decodeBencode(bytes('i-05e'), { lenient: true }).asInteger(), -5);
  assert.equal(decodeBencode(bytes('i-0e'), { lenient: true }).asInteger(), 0);
  for (const input of ['ie', 'd1:ae', 'i1ei2e', 'di1ei1ee']) {
    assert.notEqual(codeOf(input, { lenient: true }), undefined, input);
  }
});

test('of repeated keys the first counts', () => {
  const node = decodeBencode(bytes('d1:ai1e1:ai2ee'), { lenient: true });
  assert.equal(node.get('a')?.asInteger(), 1);
});

test('bytes may follow when that is asked for, and the end is known', () => {
  assert.equal(decodeBencode(bytes('d1:ai1eeREST'), { allowTrailing: true }).end, 8);
});

test('a document longer than its bound is refused before it is read', () => {
  assert.equal(codeOf('5:abcde', { maxLength: 6 }), 'too-long');
});

test('the exact bytes of any value are at hand', () => {
  const node = decodeBencode(bytes('d1:ad4:infoli0ee1:x1:ye1:bl3:abcee'));
  assert.equal(text(node.get('a')?.raw ?? bytes('')), 'd4:infoli0ee1:x1:ye');
  assert.equal(text(node.get('a')?.get('info')?.raw ?? bytes('')), 'li0ee');
  assert.equal(text([...(node.get('b')?.items() ?? [])][0]?.raw ?? bytes('')), '3:abc');
});

test('visiting and iterating meet the same values', () => {
  const node = decodeBencode(bytes('d1:ali1el0:e2:xye1:bd1:c0:ee'));
  const met: string[] = [];
  node.forEachEntry((key, value) => met.push(`${key.asText()} ${text(value.raw)}`));
  node.get('a')?.forEachItem((item) => met.push(text(item.raw)));
  node.forEachItem(() => met.push('no list'));
  node.get('a')?.forEachEntry(() => met.push('no dictionary'));
  const iterated = [...node.entries()].map(([key, value]) => `${key.asText()} ${text(value.raw)}`);
  const items = [...(node.get('a')?.items() ?? [])].map((item) => text(item.raw));
  assert.deepEqual(met, [...iterated, ...items]);
  assert.equal(met.length, 5);
});

test('keys may be any bytes, empty, or the name of a property every object has', () => {
  const node = decodeBencode(bytes('d0:i1e9:__proto__i2e11:constructori3e2:\xff\xfei4ee'), { lenient: true });
  assert.equal(node.get('')?.asInteger(), 1);
  assert.equal(node.get('__proto__')?.asInteger(), 2);
  assert.equal(node.get('constructor')?.asInteger(), 3);
  assert.equal(node.get('\xff\xfe')?.asInteger(), 4);
  assert.equal(node.get('toString'), undefined);
});

test('integers are exact: numbers up to 2^53 - 1, beyond that only as bigint', () => {
  const read = (digits: string) => decodeBencode(bytes(`i${digits}e`));
  assert.equal(read('9007199254740991').asInteger(), Number.MAX_SAFE_INTEGER);
  assert.equal(read('-9007199254740991').asInteger(), -Number.MAX_SAFE_INTEGER);
  assert.equal(read('9007199254740992').asInteger(), undefined);
  assert.equal(read('-9007199254740993').asBigInt(), -9007199254740993n);
  assert.equal(read('18446744073709551615').asBigInt(), 2n ** 64n - 1n);
  assert.equal(read('5').asBigInt(), 5n);
});

test('a value asked for as something else is undefined, never an error', () => {
  const node = decodeBencode(bytes('d1:ai1e1:b1:x1:cle1:d2:\xff\xfee'));
  assert.equal(node.get('a')?.asBytes(), undefined);
  assert.equal(node.get('b')?.asInteger(), undefined);
  assert.equal(node.get('b')?.asBigInt(), undefined);
  assert.equal(node.get('c')?.get('x'), undefined);
  assert.equal(node.get('d')?.asText(), undefined);
  assert.equal(node.get('d')?.asBytes(3), undefined);
  assert.equal(node.get('d')?.asBytes(2)?.length, 2);
  assert.deepEqual([...(node.get('a')?.items() ?? [])], []);
  assert.deepEqual([...(node.get('c')?.entries() ?? [])], []);
  assert.equal(node.asText(), undefined);
});

test('many small documents at once keep their values apart', () => {
  const nodes: BencodeNode[] = [];
  for (let i = 0; i < 20_000; i++) nodes.push(decodeBencode(bytes(`d1:ai${i}e1:bl3:abcee`)));
  for (const [i, node] of nodes.entries()) assert.equal(node.get('a')?.asInteger(), i);
});

test('keys are written in the order of their bytes, whatever their order as UTF-16', () => {
  const encoded = encodeBencode({ '\u{1F600}': 1, '\uFFFD': 2, b: 3, a: 4, B: 5, aa: 6 });
  const keys = [...decodeBencode(encoded).entries()].map(([key]) => key.asText());
  assert.deepEqual(keys, ['B', 'a', 'aa', 'b', '\uFFFD', '\u{1F600}']);
});

test('values are written canonically', () => {
  const value: BencodeValue = {
    n: -0,
    big: 2n ** 64n,
    min: Number.MIN_SAFE_INTEGER,
    text: 'é',
    bytes: bytes('\xff'),
    list: [1, [], {}],
    map: new Map<string | Uint8Array, BencodeValue>([
      [bytes('\xfe'), 1],
      ['a', 2],
    ]),
    gone: undefined,
    raw: decodeBencode(bytes('d1:bi1e1:ai01ee'), { lenient: true }),
  };
  assert.equal(
    text(encodeBencode(value)),
    'd3:bigi18446744073709551616e5:bytes1:\xff4:listli1eledee3:mapd1:ai2e1:\xfei1ee' +
      '3:mini-9007199254740991e1:ni0e3:rawd1:bi1e1:ai01ee4:text2:\xc3\xa9e',
  );
});

test('what bencode cannot say is refused', () => {
  const refused: [BencodeValue, string][] = [
    [1.5, 'not-encodable'],
    [Number.NaN, 'not-encodable'],
    [2 ** 53, 'not-encodable'],
    [
      new Map<string | Uint8Array, BencodeValue>([
        ['a', 1],
        [bytes('a'), 2],
      ]),
      'duplicate-key',
    ],
  ];
  for (const [value, code] of refused) {
    assert.throws(() => encodeBencode(value), { name: 'BencodeError', code });
  }
  let deep: BencodeValue = [];
  for (let i = 0; i < 200; i++) deep = [deep];
  assert.throws(() => encodeBencode(deep), { code: 'too-deep' });
});

const values = fc.letrec<{ value: BencodeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 100 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'binary', maxLength: 80 }), tie('value'), { maxKeys: 6 }),
  ),
})).value;

test('whatever is written reads back, strictly, and writes to the same bytes again', () => {
  fc.assert(
    fc.property(values, (value) => {
      const encoded = encodeBencode(value);
      assert.deepEqual(encodeBencode(plain(decodeBencode(encoded))), encoded);
    }),
    { numRuns: 500 },
  );
});

test('mutated input yields a value or a BencodeError; a strict value is the only spelling of itself', () => {
  let accepted = 0;
  for (let seed = 0; seed < 20_000; seed++) accepted += mutate(seed) ? 1 : 0;
  assert.ok(accepted > 100, `only ${accepted} were accepted: the mutations are too wild to test anything`);
});

test('megabytes of the smallest values are read within bounds', () => {
  for (const unit of ['le', '0:', 'de', 'i1e']) {
    const body = unit.repeat(1_000_000);
    const node = decodeBencode(bytes(`l${body}e`));
    let count = 0;
    for (const _ of node.items()) count++;
    assert.equal(count, 1_000_000);
  }
});
