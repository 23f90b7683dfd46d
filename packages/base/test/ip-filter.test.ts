import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IpFilter, IpRanges, ipFromBytes, ipToBytes, readIpList } from '@shoal/base';
import fc from 'fast-check';

function filterOf(text: string | Uint8Array) {
  const ranges = new IpRanges();
  const report = readIpList(typeof text === 'string' ? new TextEncoder().encode(text) : text, ranges);
  const filter = new IpFilter();
  filter.use(ranges);
  return { filter, report };
}

test('every common way to write a range is read', () => {
  const lines = {
    '1.2.3.4': ['1.2.3.4'],
    '10.1.0.0/30': ['10.1.0.0', '10.1.0.3'],
    '10.2.0.77/24  ; SBL1234': ['10.2.0.0', '10.2.0.255'],
    '10.3.0.1-10.3.0.9': ['10.3.0.1', '10.3.0.9'],
    '10.4.0.1 - 10.4.0.9 # why': ['10.4.0.1', '10.4.0.9'],
    'Some: body, Inc - 2:10.5.0.1-10.5.0.9': ['10.5.0.1', '10.5.0.9'],
    ':10.6.0.1-10.6.0.9': ['10.6.0.1', '10.6.0.9'],
    '010.007.000.001 - 010.007.000.009 , 000 , name, with commas': ['10.7.0.1', '10.7.0.9'],
    '10.8.0.1 - 10.8.0.9,127,': ['10.8.0.1', '10.8.0.9'],
    '2001:db8::/126': ['2001:db8::', '2001:db8::3'],
    '2001:db8:1::1-2001:db8:1::9': ['2001:db8:1::1', '2001:db8:1::9'],
    'Cafe:2001:db8:2::1-2001:db8:2::9': ['2001:db8:2::1', '2001:db8:2::9'],
    'cafe:2001:db8:3:4:5:6::1-2001:db8:3:4:5:6::9': ['2001:db8:3:4:5:6:0:1', '2001:db8:3:4:5:6:0:9'],
    '::ffff:10.9.0.0/126': ['10.9.0.0', '10.9.0.3'],
    '::ffff:10.10.0.1': ['10.10.0.1', '::ffff:10.10.0.1'],
  };
  for (const [line, [first = '', last = first]] of Object.entries(lines)) {
    const { filter, report } = filterOf(line);
    assert.deepEqual([report.ranges, report.bad], [1, 0], line);
    assert.ok(filter.isBlocked(first) && filter.isBlocked(last), line);
    for (const outside of [neighbour(first, -1), neighbour(last, 1)])
      assert.equal(filter.isBlocked(outside), false, `${line}: ${outside}`);
  }
});

test('comments, what may pass, and what cannot be read are told apart and named', () => {
  const { filter, report } = filterOf(
    [
      '\ufeff# a list',
      '',
      '// and',
      '; more',
      '1.1.1.0 - 1.1.1.255 , 128 , may pass',
      'nonsense',
      '1.2.3.4-1.2.3.300',
      '9.9.9.9-9.9.9.1',
      '1.2.3.0/33',
      '::ffff:1.2.3.4/20',
      '1.2.3',
      '1.2.3.4-2001:db8::1',
      '5.5.5.5\r',
    ].join('\r\n'),
  );
  assert.equal(report.ranges, 1);
  assert.equal(report.allowed, 1);
  assert.equal(report.bad, 7);
  assert.deepEqual(report.badLines[0], { line: 6, text: 'nonsense' });
  assert.equal(report.badLines.length, 5);
  assert.ok(filter.isBlocked('5.5.5.5'));
  assert.equal(filter.isBlocked('1.1.1.1'), false);
});

test('binary lists of all versions are read, and cut ones as far as they go', () => {
  const head = (version: number) => [0xff, 0xff, 0xff, 0xff, 0x50, 0x32, 0x42, version];
  const range = [10, 0, 0, 1, 10, 0, 0, 9];
  const named = [...head(2), 0x61, 0xc3, 0xa4, 0, ...range, 0, ...[20, 0, 0, 1, 20, 0, 0, 1]];
  const tables = [
    ...head(3),
    ...[0, 0, 0, 2, 0x61, 0, 0x62, 0],
    ...[0, 0, 0, 2, 0, 0, 0, 1, ...range, 0, 0, 0, 0, 20, 0, 0, 1, 20, 0, 0, 1],
  ];
  for (const bytes of [named, tables]) {
    const { filter, report } = filterOf(Uint8Array.from(bytes));
    assert.equal(report.ranges, 2);
    assert.ok(filter.isBlocked('10.0.0.5') && filter.isBlocked('20.0.0.1'));
    assert.equal(filter.isBlocked('10.0.0.10'), false);
    for (let length = 7; length < bytes.length; length++) {
      const cut = filterOf(Uint8Array.from(bytes.slice(0, length))).report;
      assert.ok(cut.ranges <= 1);
    }
  }
  const hostile = Uint8Array.from([...head(3), 0xff, 0xff, 0xff, 0xff, 0x61]);
  assert.equal(filterOf(hostile).report.bad, 1);
});

test('lookups agree with a search through all ranges', () => {
  const number = fc.oneof(
    fc.nat(0xffff_ffff),
    fc.nat(300),
    fc.nat(300).map((n) => 0xffff_ffff - n),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number), { maxLength: 40 }), fc.array(number), (pairs, asked) => {
      const ranges = new IpRanges();
      const blocked = pairs.map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
      for (const { first, last } of blocked) ranges.add(bytes4(first), bytes4(last));
      const filter = new IpFilter();
      filter.use(ranges);
      const edges = blocked.flatMap(({ first, last }) => [first - 1, first, last, last + 1]);
      for (const address of [...asked, ...edges.filter((edge) => edge >= 0 && edge <= 0xffff_ffff)]) {
        const expected = blocked.some(({ first, last }) => first <= address && address <= last);
        assert.equal(filter.isBlocked4(address), expected);
        assert.equal(filter.isBlocked(ipFromBytes(bytes4(address))), expected);
        assert.equal(filter.isBlockedBytes(bytes4(address)), expected);
      }
    }),
  );
});

test('IPv6 text is looked up as its bytes are', () => {
  const address = fc.uint8Array({ minLength: 16, maxLength: 16 }).chain((bytes) =>
    fc.integer({ min: 0, max: 16 }).map((zeros) => {
      const some = bytes.slice();
      some.fill(0, 0, zeros);
      return some;
    }),
  );
  fc.assert(
    fc.property(fc.array(address, { maxLength: 10 }), address, (blocked, other) => {
      const ranges = new IpRanges();
      const all = blocked.map((bytes) => ipToBytes(ipFromBytes(bytes)) ?? bytes);
      for (const bytes of all) ranges.add(bytes, bytes);
      const filter = new IpFilter();
      filter.use(ranges);
      for (const bytes of [...all, ipToBytes(ipFromBytes(other)) ?? other]) {
        const expected = all.some((one) => Buffer.compare(one, bytes) === 0);
        assert.equal(filter.isBlocked(ipFromBytes(bytes)), expected, ipFromBytes(bytes));
        assert.equal(filter.isBlockedBytes(bytes), expected);
      }
    }),
  );
});

test('what is no address is not blocked, and nothing is when there is no list', () => {
  const { filter } = filterOf('0.0.0.0/0\n::/0');
  for (const text of [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    ':',
    ':::',
    '1::2::3',
    'a.b',
    '1:2',
  ])
    assert.equal(filter.isBlocked(text), false, text);
  for (const text of [
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    '1::',
    'ffff::',
    '::ffff:1.2.3.4',
    '1::2:1.2.3.4',
  ])
    assert.equal(filter.isBlocked(text), true, text);
  assert.equal(filter.size, 2);
  assert.equal(new IpFilter().isBlocked('1.2.3.4'), false);
});

test('no bytes are too odd for a list', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom('', '1.2.3.4-', 'a:', ':'.repeat(99)),
      (bytes, start) => {
        const { report } = filterOf(Uint8Array.from([...new TextEncoder().encode(start), ...bytes]));
        assert.ok(report.badLines.length <= 5);
      },
    ),
  );
});

function bytes4(address: number): Uint8Array {
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
}

function neighbour(address: string, step: number): string {
  const bytes = (ipToBytes(address) ?? new Uint8Array(4)).slice();
  for (let i = bytes.length - 1; i >= 0; i--) {
    const value = (bytes[i] ?? 0) + step;
    bytes[i] = value;
    if (value >= 0 && value <= 255) break;
  }
  return ipFromBytes(bytes);
}
