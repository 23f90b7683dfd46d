import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, EventLog } from '@shoal/base';

const clock: Clock = { nowMs: () => 0, wallTimeMs: () => 42, setTimer: () => ({ cancel() {} }) };

test('a reader that resumes gets what is kept and is told how much it missed', () => {
  const log = new EventLog<string>(clock, 3);
  for (const event of ['a', 'b', 'c', 'd', 'e']) log.add(event);
  const slice = log.from(1);
  assert.deepEqual(
    slice.events.map((entry) => [entry.sequence, entry.event]),
    [
      [2, 'c'],
      [3, 'd'],
      [4, 'e'],
    ],
  );
  assert.equal(slice.missed, 1);
  assert.deepEqual(log.from(5), { events: [], missed: 0 });
  assert.deepEqual(log.from(99), { events: [], missed: 0 });
});

test('a listener hears each event once, until it leaves', () => {
  const log = new EventLog<number>(clock, 2);
  const heard: number[] = [];
  const leave = log.listen((entry) => heard.push(entry.event));
  log.add(1);
  log.add(2);
  leave();
  log.add(3);
  assert.deepEqual(heard, [1, 2]);
});

test('a log without room is refused', () => {
  assert.throws(() => new EventLog(clock, 0), RangeError);
});
