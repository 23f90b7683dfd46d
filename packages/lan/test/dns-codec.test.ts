// DNS messages as neighbours send them, well meant and otherwise.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type DnsMessage, encodeDns, parseDns } from '../src/dns-codec.ts';

const message: DnsMessage = {
  id: 7,
  isAnswer: true,
  questions: [
    { name: ['_shoal', '_tcp', 'local'], kind: 'PTR', wantsUnicast: true },
    { name: ['a.b c', 'local'], kind: 'ANY', wantsUnicast: false },
  ],
  answers: [
    {
      kind: 'PTR',
      name: ['_shoal', '_tcp', 'local'],
      target: ['näme', 'local'],
      lifeSeconds: 120,
      isUnique: false,
    },
    {
      kind: 'SRV',
      name: ['x'],
      target: ['host', 'local'],
      port: 6881,
      lifeSeconds: 4_000_000_000,
      isUnique: true,
    },
  ],
  extras: [
    { kind: 'TXT', name: ['x'], texts: ['v=1', ''], lifeSeconds: 0, isUnique: true },
    { kind: 'A', name: ['host'], address: '10.0.0.1', lifeSeconds: 1, isUnique: true },
    { kind: 'AAAA', name: ['host'], address: 'fe80::1', lifeSeconds: 1, isUnique: true },
  ],
};

test('a message is read as it was written', () => {
  assert.deepEqual(parseDns(encodeDns(message)), message);
});

test('compressed names are followed', () => {
  const hex =
    '000084000000000200000000' +
    '065f73686f616c045f746370056c6f63616c00' + // _shoal._tcp.local at 12
    '000c0001000000780004' +
    '0161c00c' + // a._shoal._tcp.local at 41
    'c0290021800100000078000c' +
    '000000001ae104686f73c018'; // a wrong length of the label makes the last name broken
  const whole = hex.replace('04686f73c018', '03686f73c018');
  const parsed = parseDns(Buffer.from(whole.replace('0078000c', '0078000c'), 'hex'));
  assert.deepEqual(parsed?.answers[0], {
    kind: 'PTR',
    name: ['_shoal', '_tcp', 'local'],
    target: ['a', '_shoal', '_tcp', 'local'],
    lifeSeconds: 120,
    isUnique: false,
  });
  assert.deepEqual(parsed?.answers[1], {
    kind: 'SRV',
    name: ['a', '_shoal', '_tcp', 'local'],
    target: ['hos', 'local'],
    port: 6881,
    lifeSeconds: 120,
    isUnique: true,
  });
});

test('a name that points at itself, forwards, or round in circles ends the message', () => {
  const head = '000000000001000000000000';
  for (const name of ['c00c', 'c00e', '0161c00c', 'c0ff', `3f${'61'.repeat(10)}`, 'ff'])
    assert.deepEqual(parseDns(Buffer.from(`${head}${name}000c0001`, 'hex'))?.questions, [], name);
});

test('a name of pointers to pointers is followed for a bounded time', () => {
  const pointers = Array.from({ length: 400 }, (_, i) =>
    (0xc000 + (i === 0 ? 12 : 12 + 2 * (i - 1))).toString(16),
  );
  const bytes = Buffer.from(`000000000001000000000000${pointers.join('')}000c0001`, 'hex');
  assert.deepEqual(parseDns(bytes)?.questions, []);
});

test('a thousand records cost no more than the first', () => {
  const bytes = encodeDns({
    ...message,
    questions: [],
    answers: Array.from({ length: 150 }, () => message.answers)
      .flat()
      .slice(0, 150),
  });
  assert.equal(parseDns(bytes)?.answers.length, 64);
  assert.equal(
    parseDns(
      encodeDns({ ...message, questions: Array.from({ length: 100 }, () => message.questions).flat() }),
    ),
    undefined,
  );
});

test('whatever comes is a message or none, and what was read can be written', () => {
  const good = encodeDns(message);
  for (let i = 0; i < 20_000; i++) {
    const bytes =
      i % 4 === 0
        ? new Uint8Array(randomBytes(i % 300))
        : good.slice(0, i % 3 === 0 ? i % good.length : good.length);
    for (let j = 0; j < 4 && bytes.length > 0; j++)
      bytes[Math.floor(Math.random() * bytes.length)] = Math.random() * 256;
    if (bytes.length > 3) bytes[3] = 0;
    const parsed = parseDns(bytes);
    if (parsed === undefined) continue;
    const again = parseDns(encodeDns(parsed));
    assert.equal(again?.answers.length, parsed.answers.length);
  }
});
