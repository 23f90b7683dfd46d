// UDP. Sends go straight to the system: no name lookup, no callback, no promise for a datagram.

import { createSocket, type RemoteInfo } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';
import type { Endpoint } from '../world/address.ts';
import type { DatagramSocket, Datagrams } from '../world/datagrams.ts';
import type { WorldError } from '../world/errors.ts';
import { endpointOf, endpointText, hostOf } from './addresses.ts';
import type { Bindings } from './bindings.ts';
import { toWorldError } from './errors.ts';
import type { OpenThings } from './open-things.ts';

/** A DHT node answers bursts of thousands of small packets; the system's default (208 KiB) holds some hundred. */
const socketBufferBytes = 4 * 1024 * 1024;

/** What a send brings back later (ICMP): the socket lives on. */
const passingErrors = new Set(['refused', 'unreachable', 'reset', 'timeout', 'permission', 'invalid']);

export function createDatagrams(bindings: Bindings, open: OpenThings): Datagrams {
  return {
    bind: (options, handlers) =>
      new Promise((resolve, reject) => {
        const text = endpointText(options);
        const asked = hostOf(options);
        const family = asked.family;
        const socket = createSocket({
          type: family === 4 ? 'udp4' : 'udp6',
          reuseAddr: options.shared === true,
          reusePort: options.balanced === true,
          ipv6Only: family === 6,
          lookup: (address, _options, callback) => callback(null, address, family),
        });
        const onBindError = (error: Error): void => {
          socket.close();
          const what = `Cannot bind datagrams to ${text}`;
          reject(toWorldError(error, what, { fallback: 'address-unavailable', value: text }));
        };
        socket.once('error', onBindError);
        socket.bind({ address: bindings.local(asked), port: options.port, exclusive: true }, () => {
          socket.off('error', onBindError);
          growBuffers(socket);
          let closed = false;
          const close = (error?: WorldError): void => {
            if (closed) return;
            closed = true;
            open.delete(socket);
            socket.close(() => handlers.close(error));
          };
          socket.on('error', (error) => {
            const failure = toWorldError(error, `Datagrams on ${text} broke`);
            if (!passingErrors.has(failure.code)) close(failure);
          });
          socket.on('message', (bytes: Uint8Array, from: RemoteInfo) => {
            if (!closed) handlers.message(bytes, endpointOf(from.address, from.port));
          });
          open.add(socket, () => close());
          const bound = socket.address();
          const local = endpointOf(bound.address, bound.port);

          const made: DatagramSocket = {
            local,
            send(bytes, to) {
              const { port } = to;
              if (closed || !bindings.isHere || !(port > 0 && port < 65536)) return;
              const host = hostFor(to);
              if (isIP(host) !== family) return;
              // A full socket buffer makes Node keep the bytes for later, so it gets its own.
              socket.send(Buffer.from(bytes), port, host);
            },
            join(group, onInterface) {
              attempt(`Cannot join ${group}`, () =>
                socket.addMembership(group, interfaceText(group, onInterface)),
              );
            },
            leave(group, onInterface) {
              attempt(`Cannot leave ${group}`, () =>
                socket.dropMembership(group, interfaceText(group, onInterface)),
              );
            },
            setMulticast({ ttl, loopback, interface: on }) {
              attempt('Cannot set up multicast', () => {
                if (ttl !== undefined) socket.setMulticastTTL(ttl);
                if (loopback !== undefined) socket.setMulticastLoopback(loopback);
                if (on !== undefined)
                  socket.setMulticastInterface(family === 6 && !on.includes('%') ? `::%${on}` : on);
              });
            },
            close: () => close(),
          };
          resolve(made);
        });
      }),
  };
}

function hostFor({ address, zone }: Endpoint): string {
  return zone === undefined ? address : `${address}%${zone}`;
}

function interfaceText(group: string, onInterface: string | undefined): string | undefined {
  if (onInterface === undefined || !isIPv6(group)) return onInterface;
  return onInterface.includes('%') ? onInterface : `::%${onInterface}`;
}

function attempt(what: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw toWorldError(error, what, { fallback: 'address-unavailable' });
  }
}

function growBuffers(socket: ReturnType<typeof createSocket>): void {
  try {
    socket.setRecvBufferSize(socketBufferBytes);
    socket.setSendBufferSize(socketBufferBytes);
  } catch {
    // The system allows less: what it gave stands.
  }
}
