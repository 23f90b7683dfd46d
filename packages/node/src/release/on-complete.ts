// The program that runs for each transfer that was fetched to the end: one after the other, once for each, and with the
// node's end over, too.

import type { Clock } from '@shoal/base';
import { onCompletePatienceMs } from '../bounds.ts';
import type { Log } from '../log.ts';
import type { Item } from '../transfers/item.ts';
import { runCommand, wordsOf } from './command.ts';

export interface HookParts {
  readonly clock: Clock;
  readonly log: Log;
  /** As it is now; `none` where there is none. */
  readonly command: () => string;
}

export interface Hook {
  run(item: Item): void;
  close(): void;
}

export function createHook({ clock, log, command }: HookParts): Hook {
  const closing = new AbortController();
  let turn: Promise<void> = Promise.resolve();
  async function run(item: Item): Promise<void> {
    const words = wordsOf(command());
    if (closing.signal.aborted || command() === 'none') return;
    const { id, name, folder } = item.record;
    const { status, message } = await runCommand(words, {
      clock,
      patienceMs: onCompletePatienceMs,
      signal: closing.signal,
      environment: { SHOAL_ID: id, SHOAL_NAME: item.transfer.name || name, SHOAL_FOLDER: folder },
    });
    const isDone = status === 0;
    const [program = ''] = words;
    item.log.add({ kind: 'on-complete', message: isDone ? `${program} has run` : message });
    if (!isDone) log.warn({ id, program, reason: message }, 'the program for complete transfers failed');
  }
  return {
    run(item) {
      turn = turn
        .then(() => run(item))
        .catch((error: unknown) => log.error({ err: error }, 'on-complete failed'));
    },
    close: () => closing.abort(),
  };
}
