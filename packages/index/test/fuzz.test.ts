// A small run of lab/fuzz/index.ts: mutated requests over HTTP and UDP.

import { test } from 'node:test';
import { fuzzIndex } from '../../../lab/fuzz/index.ts';

test('whatever is sent to the index, it answers the next one', async () => {
  await fuzzIndex(7, 100);
});
