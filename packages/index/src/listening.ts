// One port number for TCP and UDP, IPv4 and IPv6. A family that this machine does not have is done without.

import {
  type DatagramHandlers,
  type DatagramSocket,
  type Datagrams,
  type Interfaces,
  ipScope,
  type Listener,
  type Stream,
  type Streams,
  type TlsStreams,
  WorldError,
} from '@shoal/base';
import { IndexError } from './errors.ts';

export interface ListeningParts {
  readonly interfaces?: Interfaces | undefined;
  readonly streams: Streams;
  readonly tls: TlsStreams;
  readonly datagrams: Datagrams;
}

export interface ListenSettings {
  readonly addresses: readonly string[];
  readonly port: number;
  /** Other threads bind the same port, and datagrams are dealt out among them. */
  readonly balanced?: boolean | undefined;
  /** PEM texts; with them the TCP side speaks TLS alone. */
  readonly https?: { readonly certificate: string; readonly key: string } | undefined;
}

type HandlersFor = (socket: () => DatagramSocket) => DatagramHandlers;

export interface Listening {
  readonly port: number;
  readonly addresses: readonly string[];
  readonly sockets: readonly DatagramSocket[];
  /** Idempotent: takes no more connections, reads no more datagrams. */
  close(): Promise<void>;
}

/** A free TCP port may be taken for UDP: then another one is picked. */
const portsTried = 20;

export async function listen(
  parts: ListeningParts,
  settings: ListenSettings,
  accept: (stream: Stream) => void,
  handlersFor: HandlersFor,
): Promise<Listening> {
  for (let tried = 1; ; tried++) {
    try {
      return await listenOnce(parts, settings, accept, handlersFor);
    } catch (error) {
      const isTaken = error instanceof WorldError && error.code === 'address-in-use';
      if (settings.port !== 0 || !isTaken || tried === portsTried) throw error;
    }
  }
}

async function listenOnce(
  parts: ListeningParts,
  { addresses, port: asked, https, balanced }: ListenSettings,
  accept: (stream: Stream) => void,
  handlersFor: HandlersFor,
): Promise<Listening> {
  const listeners: Listener[] = [];
  const sockets: DatagramSocket[] = [];
  const bound: string[] = [];
  let port = asked;
  let missing: unknown;
  async function close(): Promise<void> {
    for (const socket of sockets) socket.close();
    await Promise.all(listeners.map((listener) => listener.close()));
  }
  try {
    for (const address of addresses) {
      try {
        const listener =
          https === undefined
            ? await parts.streams.listen({ address, port }, accept)
            : await parts.tls.listen({ address, port, ...https }, accept);
        listeners.push(listener);
        port = listener.local.port;
      } catch (error) {
        const isMissing =
          error instanceof WorldError &&
          (error.code === 'address-unavailable' || error.code === 'unreachable');
        if (!isMissing) throw error;
        missing = error;
        continue;
      }
      sockets.push(...(await bindDatagrams(parts, { address, port, balanced }, handlersFor)));
      bound.push(address);
    }
  } catch (error) {
    await close();
    throw error;
  }
  if (bound.length === 0)
    throw missing ?? new IndexError('settings', 'An index listens on at least one address.');
  return { port, addresses: bound, sockets, close };
}

export async function bindDatagrams(
  parts: Pick<ListeningParts, 'datagrams' | 'interfaces'>,
  to: { readonly address: string; readonly port: number; readonly balanced?: boolean | undefined },
  handlersFor: HandlersFor,
): Promise<DatagramSocket[]> {
  const { address, port, balanced = false } = to;
  const own = ownAddresses(parts.interfaces, address);
  const sockets: DatagramSocket[] = [];
  try {
    for (const at of own.length > 1 ? [address, ...own] : [address]) {
      const socket = await parts.datagrams.bind(
        { address: at, port, balanced, shared: own.length > 1 },
        handlersFor(() => socket),
      );
      sockets.push(socket);
    }
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
  return sockets;
}

/** On more a machine has no business being reached at each of them. */
const mostOwnAddresses = 64;

/**
 * Where a machine has several addresses, its answer to a datagram comes from the one that its routes choose, and the
 * one who asked another of them does not know it. So each has a socket of its own, which the system prefers to the one
 * for all. (The TCP side, bound first, sees to it that no other program shares the port.)
 */
function ownAddresses(interfaces: Interfaces | undefined, wildcard: string): string[] {
  if (interfaces === undefined || (wildcard !== '0.0.0.0' && wildcard !== '::')) return [];
  const family = wildcard === '::' ? 6 : 4;
  const own = interfaces
    .list()
    .filter(
      (one) =>
        one.family === family &&
        ipScope(one.address) !== 'link-local' &&
        one.address !== '127.0.0.1' &&
        one.address !== '::1',
    )
    .map(({ address }) => address);
  return [...new Set(own)].slice(0, mostOwnAddresses);
}
