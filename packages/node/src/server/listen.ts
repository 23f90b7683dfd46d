// Where the server listens: just where it was told to, or at the default port and the next free one after it.

import type { FastifyInstance } from 'fastify';
import { mostPortsTried } from '../bounds.ts';
import { NodeError } from '../errors.ts';
import { isOurHost } from './host.ts';

export interface ListenOptions {
  /** HOST:PORT, as the config has it. */
  readonly api: string;
  /** Nobody asked for this very port, so another one will do. */
  readonly mayMove: boolean;
}

/** Resolves to the port. */
export async function listen(app: FastifyInstance, { api, mayMove }: ListenOptions): Promise<number> {
  const { host, port } = splitApi(api);
  for (let tried = port; ; tried++) {
    try {
      await app.listen({ host, port: tried });
      const address = app.server.address();
      return typeof address === 'object' && address !== null ? address.port : tried;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      const isTaken = code === 'EADDRINUSE';
      if (isTaken && mayMove && tried < Math.min(port + mostPortsTried, 65535)) continue;
      throw isTaken ? portError(api, port) : listenError(api, error);
    }
  }
}

/** For people and programs of this machine: one that listens everywhere is asked on loopback. */
export function urlOf(api: string, port: number, isSecure: boolean): string {
  const { host: listening } = splitApi(api);
  const host = listening === '0.0.0.0' ? '127.0.0.1' : listening === '::' ? '::1' : listening;
  return `${isSecure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}/`;
}

/** Whether nobody else can reach it. */
export function isLoopback(api: string): boolean {
  return isOurHost(api);
}

function splitApi(api: string): { host: string; port: number } {
  const colon = api.lastIndexOf(':');
  const host = api.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host: host === 'localhost' ? '127.0.0.1' : host, port: Number(api.slice(colon + 1)) };
}

function portError(api: string, port: number): NodeError {
  return new NodeError(
    'port-in-use',
    `Port ${port} (${api}) is in use by another program.\nStop that one, or choose another port with --api; port 0 picks a free one.`,
    { value: api },
  );
}

function listenError(api: string, error: unknown): NodeError {
  const why = error instanceof Error ? error.message : String(error);
  return new NodeError(
    'cannot-listen',
    `The node cannot listen at ${api}: ${why}.\nChoose another address with --api.`,
    {
      value: api,
      cause: error,
    },
  );
}
