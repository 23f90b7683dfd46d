// HTTP 1.1 by Node's own client, over whatever Streams, TlsStreams and Names it is given: a bind or a proxy holds
// for it too. No redirects, no cookies, bounded heads.

import type { ClientRequest } from 'node:http';
import { WorldError } from '../world/errors.ts';
import type { Http, HttpRequest, HttpResponse } from '../world/http.ts';
import { abortedError, toWorldError } from './errors.ts';
import type { HttpConnection } from './http-connection.ts';
import { HttpConnections, type HttpParts } from './http-connections.ts';
import { NodeResponse } from './http-response.ts';
import { StreamDuplex } from './stream-duplex.ts';

/** An import of node:http reads all its exports, WebSocket too, and so loads undici: 15 MiB and 30 ms for nothing. */
const { request: nodeRequest } = process.getBuiltinModule('node:http');

/** Twice Node's own default; trackers and web seeds send some hundred bytes. */
const longestHead = 32 * 1024;
const mostHeaders = 200;

export function createHttp(parts: HttpParts): Http & { close(): void } {
  const connections = new HttpConnections(parts);

  return {
    async request(request) {
      const url = parseUrl(request.url);
      if (request.signal?.aborted) throw abortedError(`Cannot ask ${url.host}`, request.signal);
      const reused = request.keepAlive === false ? undefined : connections.reuse(url, request);
      if (reused !== undefined) {
        try {
          return await exchange(url, request, reused, connections);
        } catch (error) {
          // The server may have closed it as we wrote. Only what may be said twice is said again.
          const isSafe = request.method === undefined || ['GET', 'HEAD'].includes(request.method);
          if (!isSafe || request.signal?.aborted || !(error instanceof WorldError) || error.code !== 'reset')
            throw error;
        }
      }
      return exchange(url, request, await connections.dial(url, request), connections);
    },
    close: () => connections.close(),
  };
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new WorldError('invalid', 'Not an http: or https: address', { value: text });
  return url;
}

/** One request and the head of its response over a connection. */
function exchange(
  url: URL,
  request: HttpRequest,
  connection: HttpConnection,
  connections: HttpConnections,
): Promise<HttpResponse> {
  const what = `Cannot get an answer from ${url.host}`;
  const { signal } = request;
  const duplex = new StreamDuplex(connection);
  return new Promise((resolve, reject) => {
    let sent: ClientRequest;
    try {
      sent = nodeRequest({
        createConnection: () => duplex,
        method: request.method ?? 'GET',
        path: url.pathname + url.search,
        maxHeaderSize: longestHead,
        ...(url.username === ''
          ? {}
          : { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` }),
        headers: {
          host: url.host,
          ...request.headers,
          connection: request.keepAlive === false ? 'close' : 'keep-alive',
        },
      });
    } catch (error) {
      duplex.destroy();
      reject(toWorldError(error, what, { fallback: 'invalid' }));
      return;
    }
    sent.maxHeadersCount = mostHeaders;
    const onAbort = (): void => void sent.destroy(abortedError(what, signal));
    signal?.addEventListener('abort', onAbort, { once: true });
    sent.on('close', () => signal?.removeEventListener('abort', onAbort));
    sent.on('error', (error) => reject(toWorldError(error, what, { fallback: 'http' })));
    const keep = (): void => connections.keep(url, request, connection);
    sent.on('response', (response) =>
      resolve(new NodeResponse({ sent, response, duplex, what, signal, keep })),
    );
    duplex.once('free', () => {
      duplex.detach();
      keep();
    });
    sent.end(request.body);
  });
}
