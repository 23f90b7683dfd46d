// Tries addresses one after another without waiting for the slow ones (RFC 8305): the next starts when one failed
// or has not answered in time, the first to succeed wins, all others are aborted.

import { WorldError } from '../world/errors.ts';

/** RFC 8305 section 5 recommends 250 ms. */
const headStartMs = 250;

/** Rejects when all fail, with the first error of one that answered if there is any. `discard` gets what came after the winner. */
export function firstToConnect<Connection>(
  addresses: readonly string[],
  connect: (address: string, signal: AbortSignal) => Promise<Connection>,
  options: { readonly signal: AbortSignal | undefined; readonly discard: (late: Connection) => void },
): Promise<Connection> {
  const race = new AbortController();
  const signal = options.signal === undefined ? race.signal : AbortSignal.any([options.signal, race.signal]);
  return new Promise((resolve, reject) => {
    let next = 0;
    let underWay = 0;
    let failure: unknown;
    let isOver = false;
    let timer: NodeJS.Timeout | undefined;

    function start(): void {
      clearTimeout(timer);
      const address = signal.aborted ? undefined : addresses[next];
      if (isOver) return;
      if (address === undefined) {
        if (underWay === 0) reject(failure ?? new WorldError('name-not-found', 'No address to connect to'));
        return;
      }
      next++;
      underWay++;
      if (next < addresses.length) timer = setTimeout(start, headStartMs);
      connect(address, signal).then(
        (connection) => {
          if (isOver) {
            options.discard(connection);
            return;
          }
          isOver = true;
          clearTimeout(timer);
          race.abort();
          resolve(connection);
        },
        (error) => {
          underWay--;
          if (failure === undefined || (isSilence(failure) && !isSilence(error))) failure = error;
          start();
        },
      );
    }
    start();
  });
}

/** `localhost` is two addresses, and most servers listen at one: what the other says is of no interest. */
function isSilence(error: unknown): boolean {
  return (
    error instanceof WorldError && ['refused', 'unreachable', 'address-unavailable'].includes(error.code)
  );
}
