// TCP. Every socket, dialled or accepted, reads into the one buffer of its world.

import { createServer, type Server, Socket, type SocketConstructorOpts } from 'node:net';
import type { Endpoint } from '../world/address.ts';
import type { Listener, ListenOptions, Stream, Streams } from '../world/streams.ts';
import { endpointOf, endpointText, hostOf, localEndpointOf, remoteHostOf } from './addresses.ts';
import type { Bindings } from './bindings.ts';
import { untilConnected } from './connecting.ts';
import { abortedError, toWorldError } from './errors.ts';
import type { OpenThings } from './open-things.ts';
import { SocketStream } from './socket-stream.ts';

/** Receiving a GiB cost 0.20 CPU s with 256 KiB, 0.15 with 512 KiB, 0.11 with 1 MiB, 0.10 with 2 MiB. */
const readBufferLength = 1024 * 1024;

export function createStreams(bindings: Bindings, open: OpenThings): Streams {
  const readBuffer = new Uint8Array(readBufferLength);

  /** The options that make a socket read into the shared buffer, for the stream that `attach` names later. */
  function sharedReads() {
    let stream: SocketStream | undefined;
    const callback = (length: number): boolean =>
      stream?.receive(length === readBufferLength ? readBuffer : readBuffer.subarray(0, length)) ?? false;
    return {
      onread: { buffer: readBuffer, callback },
      attach(socket: Socket, local: Endpoint, remote: Endpoint): Stream {
        stream = new SocketStream(socket, local, remote);
        open.add(stream, () => socket.destroy());
        socket.once('close', () => open.delete(stream));
        return stream;
      },
    };
  }

  return {
    async connect(to, { signal, from } = {}) {
      const what = `Cannot connect to ${endpointText(to)}`;
      const { host, family, endpoint } = remoteHostOf(to);
      const localAddress = bindings.source(family, from);
      if (signal?.aborted) throw abortedError(what, signal);
      const reads = sharedReads();
      const socket = new Socket({ allowHalfOpen: true, onread: reads.onread });
      // Paused before it connects: nothing is read until the stream is started.
      socket.pause();
      socket.setNoDelay(true);
      socket.connect({ host, port: to.port, ...(localAddress === undefined ? {} : { localAddress }) });
      await untilConnected(socket, { event: 'connect', what, signal, fallback: 'unreachable', open });
      return reads.attach(socket, localEndpointOf(socket), endpoint);
    },

    listen: (options, accept) =>
      openServer(createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }), options, {
        bindings,
        open,
        accept(accepted) {
          const { remoteAddress, remotePort } = accepted;
          // Gone already.
          if (remoteAddress === undefined) {
            accepted.destroy();
            return;
          }
          const local = localEndpointOf(accepted);
          const reads = sharedReads();
          const socket = withSharedReads(accepted, reads.onread);
          accept(reads.attach(socket, local, endpointOf(remoteAddress, remotePort ?? 0)));
        },
      }),
  };
}

interface ReadOptions {
  readonly buffer: Uint8Array;
  callback(length: number): boolean;
}

/**
 * Node takes `onread` for sockets that it is asked to make, not for those that a server accepts. So the accepted
 * connection's handle moves into a socket of our own. Where a Node has no such handle, data events do the same work
 * at about twice the cost.
 */
function withSharedReads(accepted: Socket, onread: ReadOptions): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle)) {
    accepted.on('data', (bytes) => {
      if (typeof bytes !== 'string') {
        onread.buffer.set(bytes);
        onread.callback(bytes.length);
      }
    });
    accepted.pause();
    return accepted;
  }
  Reflect.set(accepted, '_handle', null);
  const options: SocketConstructorOpts = { allowHalfOpen: true, onread };
  Reflect.set(options, 'handle', handle);
  Reflect.set(options, 'pauseOnCreate', true);
  const socket = new Socket(options);
  socket.pause();
  return socket;
}

/** Listening, for TCP and TLS alike: `accept` gets every connection before anything was read from it. */
export function openServer(
  server: Server,
  options: ListenOptions,
  { bindings, open, accept }: { bindings: Bindings; open: OpenThings; accept(socket: Socket): void },
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const host = bindings.local(hostOf(options));
    const onError = (error: Error): void => {
      const text = endpointText(options);
      reject(
        toWorldError(error, `Cannot listen on ${text}`, { fallback: 'address-unavailable', value: text }),
      );
    };
    server.once('error', onError);
    server.on('connection', accept);
    server.listen({ host, port: options.port, ipv6Only: true, backlog: options.backlog ?? 511 }, () => {
      server.off('error', onError);
      // A connection that could not be accepted (no file descriptor left) is that peer's loss.
      server.on('error', () => {});
      const bound = server.address();
      const local =
        bound === null || typeof bound === 'string'
          ? { address: host, port: options.port }
          : endpointOf(bound.address, bound.port);
      const close = (): void => {
        open.delete(server);
        server.close();
      };
      open.add(server, close);
      resolve({
        local: options.zone === undefined ? local : { ...local, zone: options.zone },
        async close() {
          close();
        },
      });
    });
  });
}
