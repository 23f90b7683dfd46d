import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partOf } from '../../src/store/ranges.ts';

test('ranges are those of RFC 9110, and what is none is the whole', () => {
  const part = (start: number, end: number) => ({ kind: 'part', start, end });
  const [whole, outside] = [{ kind: 'whole' }, { kind: 'outside' }];
  const cases: readonly (readonly [string | undefined, number, object])[] = [
    [undefined, 10, whole],
    ['bytes=0-0', 10, part(0, 1)],
    ['bytes=2-5', 10, part(2, 6)],
    ['bytes=2-', 10, part(2, 10)],
    ['bytes=2-99', 10, part(2, 10)],
    ['bytes=-3', 10, part(7, 10)],
    ['bytes=-99', 10, part(0, 10)],
    ['BYTES= 1-2 ', 10, part(1, 3)],
    ['bytes=10-', 10, outside],
    ['bytes=10-12', 10, outside],
    ['bytes=-0', 10, outside],
    ['bytes=0-', 0, outside],
    ['bytes=-5', 0, outside],
    ['bytes=5-2', 10, whole],
    ['bytes=0-1,3-4', 10, whole],
    ['bytes=', 10, whole],
    ['bytes=-', 10, whole],
    ['bytes=a-b', 10, whole],
    ['bytes=1.5-2', 10, whole],
    ['bytes=-1-2', 10, whole],
    ['lines=0-1', 10, whole],
    ['bytes=99999999999999999999-', 10, whole],
    ['bytes=0-999999999999999', 10, part(0, 10)],
  ];
  for (const [header, length, expected] of cases)
    assert.deepEqual(partOf(header, length), expected, header ?? 'none');
});
