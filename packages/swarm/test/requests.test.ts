import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Rate } from '../src/rate.ts';
import { RequestWindow } from '../src/request-window.ts';

describe('request window', () => {
  test('blocks leave it in any order and keep their places', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(40)), { maxLength: 600 }), (steps) => {
        const window = new RequestWindow(1000);
        let model: number[] = [];
        for (const [isAdd, block] of steps) {
          if (isAdd && !model.includes(block)) {
            window.add(1, block, model.length);
            model.push(block);
          } else if (!isAdd) {
            assert.equal(window.remove(1, block), model.includes(block));
            model = model.filter((other) => other !== block);
          }
          assert.equal(window.count, model.length);
          assert.deepEqual(
            [...window].map(([, other]) => other),
            model,
          );
        }
        const drained: number[] = [];
        window.drain((_, block) => drained.push(block));
        assert.deepEqual(drained, model);
        assert.equal(window.count, 0);
      }),
    );
  });

  test('slow start doubles with each round trip up to what the peer queues', () => {
    const window = new RequestWindow(500);
    const sizes: number[] = [];
    for (let trip = 0; trip < 6; trip++) {
      const size = window.size;
      sizes.push(size);
      for (let i = 0; i < size; i++) window.grow();
    }
    assert.deepEqual(sizes, [8, 16, 32, 64, 128, 256]);
  });

  test('after slow start two seconds of the measured rate are in flight', () => {
    const window = new RequestWindow(2000);
    for (let i = 0; i < 1000; i++) window.grow();
    window.tick(1_638_400);
    assert.equal(window.size, 200);
    window.tick(1_000);
    assert.equal(window.size, 4);
    window.shrink();
    assert.equal(window.size, 1);
  });
});

test('a rate follows what is added, and falls to zero when nothing comes', () => {
  const rate = new Rate(0);
  rate.add(1000);
  rate.tick(1000);
  assert.equal(rate.bytesPerSecond, 1000);
  for (let second = 2; second < 12; second++) {
    rate.add(4000);
    rate.tick(second * 1000);
  }
  assert.ok(Math.abs(rate.bytesPerSecond - 4000) < 100);
  for (let second = 12; second < 60; second++) rate.tick(second * 1000);
  assert.equal(rate.bytesPerSecond, 0);
});
