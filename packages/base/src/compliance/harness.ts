// What the suite needs of whoever wants a world tested. The suite knows no platform and no virtual time: each test is
// one promise, and `settle` is how the world's owner lets time pass until it is done.

import type { World } from '../world/world.ts';

export type DiskFault = 'no-space' | 'read-only' | 'permission' | 'io';

/** Two hosts that reach each other; in Node's world both are this machine. */
export interface WorldPair {
  readonly a: World;
  readonly b: World;
  /** Where each is reached by the other. */
  readonly addressA: string;
  readonly addressB: string;
  /** A name that `a` resolves to `addressB`. */
  readonly nameOfB: string;
  /** An empty folder on the disk of `a`. */
  readonly folder: string;
  /** Resolves as `promise` does; a simulator runs its events meanwhile. */
  settle<Value>(promise: Promise<Value>): Promise<Value>;
  /** A folder on the disk of `a` in which writing a new file fails so. */
  brokenFolder?(fault: DiskFault): Promise<string>;
  close(): Promise<void>;
}

export type WorldTest = (sentence: string, body: (pair: WorldPair) => Promise<void>) => void;
