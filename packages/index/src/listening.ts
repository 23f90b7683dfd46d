// One port number for TCP and UDP, IPv4 and IPv6. A family that this machine does not have is done without.

import {
  atEveryAddress,
  type Clock,
  type DatagramHandlers,
  type DatagramSocket,
  type Datagrams,
  type Interfaces,
  type Listener,
  type Stream,
  type Streams,
  type TlsStreams,
  WorldError,
} from '@shoal/base';
import { IndexError } from './errors.ts';

interface DatagramParts {
  readonly clock: Clock;
  readonly interfaces?: Interfaces | undefined;
  readonly datagrams: Datagrams;
}

export interface ListeningParts extends DatagramParts {
  readonly streams: Streams;
  readonly tls: TlsStreams;
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
  { addresses, port: asked, https, balanced = false }: ListenSettings,
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
      const socket = await datagramsOf(parts).bind(
        { address, port, balanced },
        handlersFor(() => socket),
      );
      sockets.push(socket);
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

/** The TCP side, bound first, sees to it that no other index shares the port. */
export function datagramsOf({ clock, datagrams, interfaces }: DatagramParts): Datagrams {
  return interfaces === undefined ? datagrams : atEveryAddress({ clock, datagrams, interfaces });
}
