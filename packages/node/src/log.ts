// What the node tells while it runs: one JSON object a line, through pino. How a line looks to people is the face's
// affair.

import type { Clock } from '@shoal/base';
import { type Logger, pino } from 'pino';
import type { Config } from './config/schema.ts';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

export interface LogOptions {
  readonly level: Config['log.level'];
  readonly clock: Clock;
  /** Takes a line with its line feed. */
  readonly write: (line: string) => void;
}

export function createLog({ level, clock, write }: LogOptions): Log {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":${Math.round(clock.wallTimeMs())}`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, { write });
}
