// How far the hashing of what is to be shared has come: on one line of a terminal, with --json as events.

import { basename } from 'node:path';
import { formatBytes } from '../numbers.ts';
import type { Output } from '../output.ts';

const intervalMs = 500;

export function showHashing(output: Output, path: string): (bytes: number, total: number) => void {
  let nextMs = 0;
  let last = -1;
  return (bytes, total) => {
    output.progress(`hashing ${basename(path)}: ${formatBytes(bytes)} of ${formatBytes(total)}`);
    const nowMs = performance.now();
    if (!output.json || nowMs < nextMs || bytes === last) return;
    nextMs = nowMs + intervalMs;
    last = bytes;
    output.event({ event: 'hashing', path, bytes, total });
  };
}
