// What a verb is, and what it is given.

import type { Command } from '@commander-js/extra-typings';
import type { World } from '@shoal/base';
import type { NetworkConfig } from '@shoal/node/reach';
import type { Output } from './output.ts';

export interface Context {
  readonly output: Output;
  /** Aborted by Ctrl-C or SIGTERM. A verb that then throws ends with 130, one that returns ends with 0. */
  readonly signal: AbortSignal;
  readonly version: string;
  /** Node's world, made when first asked for, and closed when the verb has ended. */
  world(): Promise<World>;
  /**
   * From now on `world` gives one whose network is bound and filtered as the config says; the first call
   * decides. Throws when that cannot be done.
   */
  bind(config: NetworkConfig): Promise<void>;
  /** For an answer that is a no: the command ends with this code, and without an error. */
  exitWith(code: number): void;
}

/** Declares arguments, flags and the action on its command. `context.output` may be used in the action alone. */
export type Verb = (command: Command, context: Context) => void;

/** The verbs there are, in the order of the help. Each is loaded only when it is asked for. */
export interface VerbEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<{ readonly default: Verb }>;
}
