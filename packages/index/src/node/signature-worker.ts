// One thread of signature-threads.ts.

import { parentPort } from 'node:worker_threads';
import { isSigned } from '@shoal/identity';
import type { Checked, Unchecked } from './signature-threads.ts';

const keyLength = 32;

const port = parentPort;
if (port !== null)
  port.on('message', ({ id, bytes, ends }: Unchecked) => {
    const isGood = new Uint8Array(ends.length);
    let start = 0;
    for (const [i, end] of ends.entries()) {
      const record = { bytes: bytes.subarray(start, end), key: bytes.subarray(end, end + keyLength) };
      start = end + keyLength;
      isGood[i] = isSigned(record) ? 1 : 0;
    }
    const answer: Checked = { id, isGood };
    port.postMessage(answer, [isGood.buffer]);
  });
