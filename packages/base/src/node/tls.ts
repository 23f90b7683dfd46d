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
  type TLSSocket,
} from 'node:tls';
import type { TlsStreams } from '../world/streams.ts';
import { endpointOf, endpointText, remoteHostOf } from './addresses.ts';
import type { Bindings } from './bindings.ts';
import { abortedError, toWorldError } from './errors.ts';
import type { OpenThings } from './open-things.ts';
import { SocketStream } from './socket-stream.ts';
import { openServer } from './streams.ts';

/** Reading the system's certificates takes some 20 ms, so contexts are kept; few sets of trust are in use at a time. */
const mostContexts = 16;

export function createTls(bindings: Bindings, open: OpenThings): TlsStreams {
  const contexts = new Map<string, SecureContext>();

  function contextFor(trusted: readonly string[]): SecureContext {
    const key = trusted.join('\n');
    let context = contexts.get(key);
    if (context === undefined) {
      context =
        trusted.length === 0
          ? createSecureContext()
          : createSecureContext({ ca: [...getCACertificates('default'), ...trusted] });
      const oldest = contexts.keys().next();
      if (contexts.size >= mostContexts && !oldest.done) contexts.delete(oldest.value);
      contexts.set(key, context);
    }
    return context;
  }

  function toStream(socket: TLSSocket, remote: { address: string; port: number }): SocketStream {
    const local = endpointOf(socket.localAddress ?? '', socket.localPort ?? 0);
    const stream = new SocketStream(socket, local, remote);
    socket.on('data', (bytes) => {
      if (typeof bytes !== 'string') stream.receive(bytes);
    });
    socket.pause();
    open.add(stream, () => socket.destroy());
    socket.once('close', () => open.delete(stream));
    return stream;
  }

  return {
    connect: (to, options) =>
      new Promise((resolve, reject) => {
        const { serverName, signal } = options;
        const what = `Cannot connect to ${serverName} (${endpointText(to)})`;
        const { host, family } = remoteHostOf(to);
        const localAddress = bindings.source(family, options.from);
        if (signal?.aborted) throw abortedError(what, signal);
        let context: SecureContext;
        try {
          context = contextFor(options.trusted ?? []);
        } catch (error) {
          throw toWorldError(error, 'Cannot use the certificates to trust', { fallback: 'tls' });
        }
        const tlsOptions = {
          host,
          port: to.port,
          ...(localAddress === undefined ? {} : { localAddress }),
          secureContext: context,
          allowHalfOpen: true,
          ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
          checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
            checkServerIdentity(serverName, certificate),
        };
        const socket = connectTls(tlsOptions);
        socket.setNoDelay(true);
        const settle = (): void => {
          signal?.removeEventListener('abort', onAbort);
          socket.off('error', onError);
          open.delete(socket);
        };
        const onAbort = (): void => {
          settle();
          socket.on('error', () => {});
          socket.destroy();
          reject(abortedError(what, signal));
        };
        const onError = (error: Error): void => {
          settle();
          // Before the handshake is done every other failure is about certificates and protocol.
          reject(toWorldError(error, what, { fallback: 'tls', value: endpointText(to) }));
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        socket.once('error', onError);
        open.add(socket, () => socket.destroy(abortedError(what, undefined)));
        socket.once('secureConnect', () => {
          settle();
          resolve(toStream(socket, to));
        });
      }),

    async listen(options, accept) {
      const server = createServer({
        cert: options.certificate,
        key: options.key,
        allowHalfOpen: true,
        noDelay: true,
      });
      // A handshake that fails is that peer's loss.
      server.on('tlsClientError', (_error, socket) => socket.destroy());
      server.on('secureConnection', (socket) => {
        const { remoteAddress, remotePort } = socket;
        if (remoteAddress === undefined) socket.destroy();
        else accept(toStream(socket, endpointOf(remoteAddress, remotePort ?? 0)));
      });
      return openServer(server, options, { bindings, open, accept: (socket: Socket) => void socket });
    },
  };
}
