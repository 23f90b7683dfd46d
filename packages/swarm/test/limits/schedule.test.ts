import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkSchedule, limitsAt, type Schedule } from '../../src/limits/schedule.ts';

const day = { downBytesPerSecond: 1000 };
const night = { upBytesPerSecond: 5 };
const none = {};
const work = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'] as const;

function holds(schedule: Schedule, iso: string): unknown {
  return limitsAt(schedule, Date.parse(iso), none);
}

test('a window holds from its first minute up to its last, on its days', () => {
  const schedule: Schedule = {
    timeZone: 'UTC',
    windows: [{ days: work, from: '08:00', to: '18:00', limits: day }],
  };
  assert.equal(holds(schedule, '2026-11-20T08:00:00Z'), day);
  assert.equal(holds(schedule, '2026-11-20T17:59:59Z'), day);
  assert.equal(holds(schedule, '2026-11-20T18:00:00Z'), none);
  assert.equal(holds(schedule, '2026-11-20T07:59:59Z'), none);
  assert.equal(holds(schedule, '2026-11-21T12:00:00Z'), none);
});

test('a window past midnight belongs to the day on which it begins', () => {
  const schedule: Schedule = {
    timeZone: 'UTC',
    windows: [{ days: ['friday'], from: '22:00', to: '06:00', limits: night }],
  };
  assert.equal(holds(schedule, '2026-11-20T23:00:00Z'), night);
  assert.equal(holds(schedule, '2026-11-21T05:59:00Z'), night);
  assert.equal(holds(schedule, '2026-11-21T06:00:00Z'), none);
  assert.equal(holds(schedule, '2026-11-20T05:00:00Z'), none);
  assert.equal(holds(schedule, '2026-11-21T23:00:00Z'), none);
});

test('a window from Saturday to Sunday ends on the first day of the week', () => {
  const schedule: Schedule = {
    timeZone: 'UTC',
    windows: [{ days: ['saturday'], from: '20:00', to: '04:00', limits: night }],
  };
  assert.equal(holds(schedule, '2026-11-22T03:00:00Z'), night);
});

test('when clocks are put forward, a window that begins in the missing hour begins after it', () => {
  const schedule: Schedule = {
    timeZone: 'Europe/Berlin',
    windows: [{ from: '02:30', to: '04:00', limits: day }],
  };
  assert.equal(holds(schedule, '2026-03-29T00:59:59Z'), none);
  assert.equal(holds(schedule, '2026-03-29T01:00:00Z'), day);
  assert.equal(holds(schedule, '2026-03-29T01:59:59Z'), day);
  assert.equal(holds(schedule, '2026-03-29T02:00:00Z'), none);
});

test('when clocks are put back, a window within the hour that comes twice holds twice', () => {
  const schedule: Schedule = {
    timeZone: 'Europe/Berlin',
    windows: [{ from: '02:00', to: '02:30', limits: day }],
  };
  assert.deepEqual(
    ['23:59', '00:00', '00:29', '00:30', '01:00', '01:29', '01:30'].map((time, i) =>
      holds(schedule, `2026-10-${i === 0 ? 24 : 25}T${time}:00Z`) === day ? 1 : 0,
    ),
    [0, 1, 1, 0, 1, 1, 0],
  );
});

test('the first window that holds counts, and a whole day is one', () => {
  const schedule: Schedule = {
    timeZone: 'UTC',
    windows: [
      { days: ['friday'], from: '12:00', to: '13:00', limits: night },
      { from: '00:00', to: '24:00', limits: day },
    ],
  };
  assert.equal(holds(schedule, '2026-11-20T12:30:00Z'), night);
  assert.equal(holds(schedule, '2026-11-20T13:00:00Z'), day);
  assert.equal(holds(schedule, '2026-11-20T23:59:59Z'), day);
});

test('over any week a window holds for as many minutes as it is long', () => {
  const time = fc.integer({ min: 0, max: 1439 });
  const text = (minute: number) =>
    `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  fc.assert(
    fc.property(time, time, fc.integer({ min: 0, max: 2000 }), (from, to, week) => {
      const schedule: Schedule = {
        timeZone: 'UTC',
        windows: [{ days: ['wednesday'], from: text(from), to: text(to), limits: day }],
      };
      let minutes = 0;
      for (let minute = 0; minute < 7 * 1440; minute += 1)
        if (limitsAt(schedule, (week * 7 * 1440 + minute) * 60_000, none) === day) minutes++;
      assert.equal(minutes, (to - from + 1440) % 1440 || 1440);
    }),
    { numRuns: 3 },
  );
});

test('what is no time, no day and no time zone is refused with words', () => {
  const window = { from: '08:00', to: '18:00', limits: day };
  assert.throws(() => checkSchedule({ windows: [{ ...window, from: '8:00' }] }), /HH:MM/);
  assert.throws(() => checkSchedule({ windows: [{ ...window, to: '24:01' }] }), /HH:MM/);
  assert.throws(() => checkSchedule({ windows: [{ ...window, to: '12:60' }] }), /HH:MM/);
  assert.throws(() => checkSchedule({ timeZone: 'Mars/Base', windows: [] }), /no time zone Mars/);
  assert.throws(
    () => checkSchedule({ windows: [{ ...window, limits: { upBytesPerSecond: -1 } }] }),
    /at least 0/,
  );
});
