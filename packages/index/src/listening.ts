// One port number for TCP and UDP, IPv4 and IPv6. A family that this machine does not have is done without.

import {
  type DatagramHandlers,
  type DatagramSocket,
  type Datagrams,
  type Listener,
  type Stream,
  type Streams,
  type TlsStreams,
  WorldError,
} from '@shoal/base';
import { IndexError } from './errors.ts';

export interface ListeningParts {
  readonly streams: Streams;
  readonly tls: TlsStreams;
  readonly datagrams: Datagrams;
}

export interface ListenSettings {
  readonly addresses: readonly string[];
  readonly port: number;
  /** PEM texts; with them the TCP side speaks TLS alone. */
  readonly https?: { readonly certificate: string; readonly key: string } | undefined;
}

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
  handlersFor: (send: () => DatagramSocket) => DatagramHandlers,
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
  { addresses, port: asked, https }: ListenSettings,
  accept: (stream: Stream) => void,
  handlersFor: (socket: () => DatagramSocket) => DatagramHandlers,
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
      const socket = await parts.datagrams.bind(
        { address, port },
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
