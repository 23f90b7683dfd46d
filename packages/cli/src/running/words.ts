// What a transfer of the node says of itself, in words and numbers for people.

import type { TransferSummary } from '@shoal/api';
import { formatBytes } from '../numbers.ts';
import type { Span } from '../output.ts';

const stateWords = {
  metadata: 'asking',
  checking: 'checking',
  fetching: 'fetching',
  sharing: 'sharing',
  'disk-full': 'disk full',
  queued: 'queued',
  paused: 'paused',
  failed: 'failed',
  stopped: 'stopped',
} as const;

/** In a sentence about it. */
export function doingText({ state, moving }: TransferSummary): string {
  if (moving?.state === 'moving') return 'moving its files';
  if (state === 'metadata') return 'asking for metadata';
  if (state === 'checking') return 'looking at what is there';
  return state === 'disk-full' ? 'waiting for room on the disk' : stateWords[state];
}

export function stateSpan({ state, moving }: TransferSummary): Span {
  if (moving?.state === 'moving') return { text: 'moving', style: 'yellow' };
  const text = stateWords[state];
  switch (state) {
    case 'sharing':
      return { text, style: 'green' };
    case 'fetching':
    case 'metadata':
      return { text, style: 'cyan' };
    case 'failed':
    case 'disk-full':
      return { text, style: 'red' };
    case 'paused':
    case 'queued':
    case 'stopped':
      return { text, style: 'dim' };
    default:
      return text;
  }
}

/** Rounded down: 100 % is all of it. */
export function percentText({
  bytes,
  total,
  isComplete,
}: Pick<TransferSummary, 'bytes' | 'total' | 'isComplete'>): string {
  if (isComplete) return '100 %';
  return total === 0 ? '-' : `${Math.min(99.9, Math.floor((1000 * bytes) / total) / 10).toFixed(1)} %`;
}

export function rateText(bytesPerSecond: number): string {
  return bytesPerSecond < 1 ? '-' : `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

export function limitText(limit: number | null): string {
  return limit === null ? 'none' : `${formatBytes(limit)}/s`;
}

export function ratioOf({
  uploaded,
  downloaded,
  size,
}: Pick<TransferSummary, 'uploaded' | 'downloaded' | 'size'>): number {
  const taken = downloaded === 0 ? size : downloaded;
  return taken === 0 ? 0 : uploaded / taken;
}

/** Why it failed, or stands still. */
export function troubleText({ error, waiting, moving }: TransferSummary): string | undefined {
  return error?.message ?? moving?.error?.message ?? waiting?.message;
}
