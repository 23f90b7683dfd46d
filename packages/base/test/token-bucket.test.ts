import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, TokenBucket } from '@shoal/base';
import fc from 'fast-check';

function handClock(): Clock & { advance(ms: number): void } {
  let ms = 0;
  return {
    nowMs: () => ms,
    wallTimeMs: () => ms,
    setTimer: () => ({ cancel() {} }),
    advance(by) {
      ms += by;
    },
  };
}

test('over any span no more than the burst and the rate are handed out', () => {
  const step = fc.record({ waitMs: fc.nat(500), count: fc.integer({ min: 1, max: 5000 }) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.array(step, { maxLength: 60 }), (rate, steps) => {
      const clock = handClock();
      const bucket = new TokenBucket(clock, { ratePerSecond: rate });
      let taken = 0;
      for (const { waitMs, count } of steps) {
        clock.advance(waitMs);
        if (bucket.take(count)) taken += count;
        assert.ok(taken <= bucket.burst + (rate * clock.nowMs()) / 1000 + 1e-6);
      }
    }),
  );
});

test('what waitMs says is when a taking succeeds, and not before', () => {
  const clock = handClock();
  const bucket = new TokenBucket(clock, { ratePerSecond: 1000, leastBurst: 500 });
  assert.equal(bucket.take(500), true);
  const waitMs = bucket.waitMs(200);
  assert.equal(waitMs, 200);
  clock.advance(199);
  assert.equal(bucket.take(200), false);
  clock.advance(1);
  assert.equal(bucket.take(200), true);
});

test('a charge goes into debt, and the debt is paid before anything else is handed out', () => {
  const clock = handClock();
  const bucket = new TokenBucket(clock, { ratePerSecond: 1000 });
  bucket.charge(600);
  assert.equal(bucket.take(1), false);
  clock.advance(501);
  assert.equal(bucket.take(1), true);
});

test('a rate of zero stops everything, and infinity nothing', () => {
  const clock = handClock();
  const bucket = new TokenBucket(clock, { ratePerSecond: 0 });
  clock.advance(60_000);
  assert.equal(bucket.take(1), false);
  assert.equal(bucket.waitMs(1), Number.POSITIVE_INFINITY);
  bucket.setRate(Number.POSITIVE_INFINITY);
  assert.equal(bucket.take(1e15), true);
  assert.equal(bucket.waitMs(1e15), 0);
  bucket.setRate(100);
  clock.advance(1000);
  assert.equal(bucket.take(10), true);
  assert.equal(bucket.take(10), false);
});

test('a taking larger than the burst never succeeds, and waitMs says so', () => {
  const bucket = new TokenBucket(handClock(), { ratePerSecond: 1000 });
  assert.equal(bucket.waitMs(101), Number.POSITIVE_INFINITY);
});

test('a rate that is no rate is refused', () => {
  assert.throws(() => new TokenBucket(handClock(), { ratePerSecond: -1 }), RangeError);
  assert.throws(() => new TokenBucket(handClock(), { ratePerSecond: Number.NaN }), RangeError);
});
