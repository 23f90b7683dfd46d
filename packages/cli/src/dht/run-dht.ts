// A DHT node that answers others for as long as its process runs, and remembers whom it knows.

import { WorldError } from '@shoal/base';
import type { Context } from '../verb.ts';
import { type OpenDht, type OpenDhtOptions, openDht } from './open-dht.ts';

/** The usual port of Mainline clients. */
const usualPort = 6881;
const saveEveryMs = 10 * 60_000;

export interface RunDhtOptions extends Omit<OpenDhtOptions, 'port'> {
  /** Absent: the usual one. */
  readonly port?: number | undefined;
  /** Another port will do when the usual one is taken. */
  readonly mayMovePort?: boolean;
}

/** Its `close` saves, too. */
export async function runDht(context: Context, options: RunDhtOptions): Promise<OpenDht> {
  const { clock } = await context.world();
  const open = await openAtPort(context, options);
  let timer = clock.setTimer(saveEveryMs, save);
  function save(): void {
    open
      .save()
      .catch((error: Error) => context.output.note(`warning: the nodes were not saved: ${error.message}`));
    timer = clock.setTimer(saveEveryMs, save);
  }
  return {
    ...open,
    async close() {
      timer.cancel();
      try {
        await open.save();
      } finally {
        await open.close();
      }
    },
  };
}

async function openAtPort(context: Context, options: RunDhtOptions): Promise<OpenDht> {
  const { port = usualPort, mayMovePort = false } = options;
  try {
    return await openDht(context, { ...options, port });
  } catch (error) {
    const isTaken = error instanceof WorldError && error.code === 'address-in-use';
    if (!isTaken || !mayMovePort || options.port !== undefined) throw error;
    return openDht(context, { ...options, port: 0 });
  }
}
