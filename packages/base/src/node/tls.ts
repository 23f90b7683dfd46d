// TLS over TCP, as Node does it natively. Certificates are always checked; `trusted` adds to what the system trusts.

import { isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  createServer,
  getCACertificates,
  type PeerCertificate,
  type SecureContext,
  type Server,
  type TLSSocket,
} from 'node:tls';
import type { Endpoint } from '../world/address.ts';
import type { TlsStreams } from '../world/streams.ts';
import { endpointOf, endpointText, localEndpointOf, remoteHostOf } from './addresses.ts';
import type { Bindings } from './bindings.ts';
import { untilConnected } from './connecting.ts';
import { abortedError, toWorldError } from './errors.ts';
import type { OpenThings } from './open-things.ts';
import { SocketStream } from './socket-stream.ts';
import { openServer } from './streams.ts';

/** Reading the system's certificates takes some 20 ms, so contexts are kept; few sets of trust are in use at a time. */
const mostContexts = 16;
/** A handshake is two round trips. */
const longestHandshakeMs = 20_000;

export function createTls(bindings: Bindings, open: OpenThings): TlsStreams {
  const contexts = new Map<string, SecureContext>();

  function contextFor(trusted: readonly string[]): SecureContext {
    const key = trusted.join('\n');
    let context = contexts.get(key);
    if (context === undefined) {
      try {
        context = createSecureContext(
          trusted.length === 0 ? {} : { ca: [...getCACertificates('default'), ...trusted] },
        );
      } catch (error) {
        throw toWorldError(error, 'Cannot use the certificates to trust', { fallback: 'tls' });
      }
      const oldest = contexts.keys().next();
      if (contexts.size >= mostContexts && !oldest.done) contexts.delete(oldest.value);
      contexts.set(key, context);
    }
    return context;
  }

  function toStream(socket: TLSSocket, remote: Endpoint): SocketStream {
    const stream = new SocketStream(socket, localEndpointOf(socket), remote);
    socket.on('data', (bytes) => {
      if (typeof bytes !== 'string') stream.receive(bytes);
    });
    socket.pause();
    open.add(stream, () => socket.destroy());
    socket.once('close', () => open.delete(stream));
    return stream;
  }

  return {
    async connect(to, { serverName, signal, from, trusted = [] }) {
      const what = `Cannot connect to ${serverName} (${endpointText(to)})`;
      const { host, family, endpoint } = remoteHostOf(to);
      const localAddress = bindings.source(family, from);
      if (signal?.aborted) throw abortedError(what, signal);
      const options = {
        host,
        port: to.port,
        ...(localAddress === undefined ? {} : { localAddress }),
        secureContext: contextFor(trusted),
        allowHalfOpen: true,
        // Names only: RFC 6066 has none for addresses.
        ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
        checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
          checkServerIdentity(serverName, certificate),
      };
      const socket = connectTls(options);
      socket.setNoDelay(true);
      // What has no code of its own before the handshake is done is about certificates and protocol.
      await untilConnected(socket, { event: 'secureConnect', what, signal, fallback: 'tls', open });
      return toStream(socket, endpoint);
    },

    async listen(options, accept) {
      let server: Server;
      try {
        server = createServer({
          cert: options.certificate,
          key: options.key,
          allowHalfOpen: true,
          noDelay: true,
          handshakeTimeout: longestHandshakeMs,
        });
      } catch (error) {
        throw toWorldError(error, 'Cannot use the certificate and key', { fallback: 'tls' });
      }
      const handshakes = new Map<string, Socket>();
      // A handshake that fails is that peer's loss.
      server.on('tlsClientError', (_error, socket) => socket.destroy());
      server.on('secureConnection', (socket) => {
        const { remoteAddress, remotePort } = socket;
        const key = keyOf(socket);
        open.delete(handshakes.get(key));
        handshakes.delete(key);
        if (remoteAddress === undefined) socket.destroy();
        else accept(toStream(socket, endpointOf(remoteAddress, remotePort ?? 0)));
      });
      return openServer(server, options, {
        bindings,
        open,
        accept(socket) {
          // Only while its handshake lasts: Node 26 crashes when a socket and the TLS over it are both destroyed.
          const key = keyOf(socket);
          handshakes.set(key, socket);
          open.add(socket, () => socket.destroy());
          socket.once('close', () => {
            open.delete(socket);
            handshakes.delete(key);
          });
        },
      });
    },
  };
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
