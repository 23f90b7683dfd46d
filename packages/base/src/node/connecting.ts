// Waiting for a socket to connect: whatever comes first of success, failure, abort and the end of the world decides.

import type { Socket } from 'node:net';
import { WorldError, type WorldErrorCode } from '../world/errors.ts';
import { abortedError, toWorldError } from './errors.ts';
import type { OpenThings } from './open-things.ts';

export function untilConnected(
  socket: Socket,
  {
    event,
    what,
    signal,
    fallback,
    open,
  }: {
    readonly event: 'connect' | 'secureConnect';
    /** The start of an error's message. */
    readonly what: string;
    readonly signal: AbortSignal | undefined;
    /** What an error that has no code of its own is. */
    readonly fallback: WorldErrorCode;
    readonly open: OpenThings;
  },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', fail);
      socket.off(event, onConnected);
      open.delete(socket);
    };
    const fail = (error: Error): void => {
      settle();
      socket.on('error', () => {});
      socket.destroy();
      reject(toWorldError(error, what, { fallback }));
    };
    const onAbort = (): void => fail(abortedError(what, signal));
    const onConnected = (): void => {
      settle();
      resolve();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('error', fail);
    socket.on(event, onConnected);
    open.add(socket, () => fail(new WorldError('closed', `${what}: the world was closed`)));
  });
}
