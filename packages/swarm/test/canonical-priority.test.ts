import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalPriority } from '../src/canonical-priority.ts';
import { OutsideAddress } from '../src/outside-address.ts';
import { Roster } from '../src/roster.ts';

const at = (address: string, port = 0) => ({ kind: 'ip', address, port }) as const;
const priority = (a: string, b: string) => canonicalPriority(at(a), at(b)).toString(16);

test('the priorities of two addresses are those of BEP 40', () => {
  assert.equal(priority('123.213.32.10', '98.76.54.32'), 'ec2d7224');
  assert.equal(priority('123.213.32.10', '123.213.32.234'), '99568189');
});

test('both ends compute the same priority', () => {
  for (const [a, b] of [
    ['1.2.3.4', '4.3.2.1'],
    ['1.2.3.4', '1.2.200.1'],
    ['2001:db8::1', '2a00:1::2'],
    ['2001:db8::1', '2001:db8::2'],
    ['1.2.3.4', '2001:db8::2'],
  ] as const)
    assert.equal(priority(a, b), priority(b, a));
  assert.equal(
    canonicalPriority(at('1.2.3.4', 5), at('1.2.3.4', 6)),
    canonicalPriority(at('1.2.3.4', 6), at('1.2.3.4', 5)),
  );
  assert.notEqual(
    canonicalPriority(at('1.2.3.4', 5), at('1.2.3.4', 6)),
    canonicalPriority(at('1.2.3.4', 5), at('1.2.3.4', 7)),
  );
});

test('bits that an owner of a network could choose do not change the priority', () => {
  // 0xaa is what 0x55 leaves out.
  assert.equal(priority('123.213.32.10', '98.76.0.0'), priority('123.213.32.10', '98.76.170.170'));
  assert.equal(priority('2001:db8::1', '2a00:1:2::'), priority('2001:db8::1', '2a00:1:2:aaaa::'));
  assert.notEqual(priority('123.213.32.10', '98.76.0.0'), priority('123.213.32.10', '98.77.0.0'));
});

test('we look as most hosts say, and one host has one voice', () => {
  const outside = new OutsideAddress(() => 6881);
  assert.equal(outside.priorityOf(at('98.76.54.32')), undefined);
  outside.told(at('5.5.5.5', 1), '123.213.32.10');
  outside.told(at('6.6.6.6', 1), '123.213.32.10');
  for (let port = 1; port < 100; port++) outside.told(at('7.7.7.7', port), '9.9.9.9');
  outside.told(at('8.8.8.8', 1), 'nonsense');
  assert.equal(outside.priorityOf(at('98.76.54.32'))?.toString(16), 'ec2d7224');
  assert.equal(outside.priorityOf(at('2001:db8::1')), undefined);
});

test('of addresses that are equally well known those of the highest priority are dialled first', () => {
  const random = { fill: () => {}, below: () => 0 };
  const rank = new Map([
    ['1.1.1.1', 5],
    ['2.2.2.2', 9],
    ['3.3.3.3', 7],
    ['4.4.4.4', 1],
  ]);
  const roster = new Roster(random, ({ address }) => rank.get(address) ?? 0);
  for (const address of ['1.1.1.1', '2.2.2.2', '3.3.3.3']) roster.add(at(address, 1), 'exchange', 0);
  roster.add(at('4.4.4.4', 1), 'tracker', 0);
  assert.deepEqual(
    roster.next(0, 3).map(({ address }) => address.address),
    ['4.4.4.4', '2.2.2.2', '3.3.3.3'],
  );
});
