// What the checks ask of the machine beyond a World: its programs and the files in which it describes itself.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { NetworkInterface, World } from '@shoal/base';

export interface System {
  readonly platform: string;
  /** Those that are up and have addresses. */
  interfaces(): NetworkInterface[];
  /** All there are, up or not. Linux only. */
  interfaceNames(): Promise<string[]>;
  /** What a program prints; undefined when it is not there or fails. */
  run(program: string, words: readonly string[]): Promise<string | undefined>;
  /** Undefined when it cannot be read. */
  read(path: string): Promise<string | undefined>;
}

const patienceMs = 5000;
const longestOutput = 4 * 1024 * 1024;

export function systemOf({ interfaces }: Pick<World, 'interfaces'>): System {
  const read = (path: string) => readFile(path, 'utf8').catch(() => undefined);
  return {
    platform: process.platform,
    interfaces: () => interfaces.list(),
    async interfaceNames() {
      const table = (await read('/proc/net/dev')) ?? '';
      return [...table.matchAll(/^\s*([^\s:|]+):/gm)].map(([, name = '']) => name);
    },
    run: (program, words) =>
      new Promise((resolve) => {
        // Where `ip` is on systems whose users do not have it in their path.
        const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
        execFile(
          program,
          [...words],
          { timeout: patienceMs, maxBuffer: longestOutput, env },
          (error, stdout) => resolve(error === null ? stdout : undefined),
        );
      }),
    read,
  };
}
