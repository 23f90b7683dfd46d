// The node's HTTP server: on loopback, for programs and pages of this machine. Every failure is
// {"error":{"code","message"}}; nothing about the inside of the node goes out with it.

import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import {
  headTimeoutMs,
  longestRequestBody,
  longestRequestHead,
  mostConnections,
  requestTimeoutMs,
} from '../bounds.ts';
import type { Log } from '../log.ts';
import { type ApiOptions, methodsAt, registerApi } from './api.ts';
import { failureOf } from './failures.ts';
import { isOurHost } from './host.ts';
import { type PageFacts, pageSecurityPolicy, renderPage } from './page.ts';
import { builtPages, registerPages } from './pages.ts';
import type { Tls } from './remote.ts';

export interface ServerOptions {
  readonly log: Log;
  /** Without it there are only pages: in tests. */
  readonly api?: ApiOptions;
  readonly facts: () => PageFacts;
  /** Where the pages are built; others in tests. */
  readonly pagesFolder?: string;
  readonly tls?: Tls | undefined;
  /** It listens to more than this machine. */
  readonly isRemote?: boolean;
  /** For a whole request; shorter in tests. */
  readonly patienceMs?: number;
}

export function createServer({
  log,
  api,
  facts,
  pagesFolder = builtPages,
  tls,
  isRemote = false,
  patienceMs = requestTimeoutMs,
}: ServerOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: longestRequestBody,
    requestTimeout: patienceMs,
    forceCloseConnections: true,
    serverFactory(handler) {
      const options = {
        maxHeaderSize: longestRequestHead,
        requestTimeout: patienceMs,
        headersTimeout: Math.min(patienceMs, headTimeoutMs),
        connectionsCheckingInterval: patienceMs / 10,
      };
      if (tls === undefined) return createHttpServer(options, handler);
      return createHttpsServer(
        { ...options, cert: Buffer.from(tls.cert), key: Buffer.from(tls.key) },
        handler,
      );
    },
    // Ids and names of files are longer than the 100 characters that are usual.
    routerOptions: { maxParamLength: 4096 },
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    clientErrorHandler(_error, socket) {
      if (socket.writable) socket.end(`HTTP/1.1 400 Bad Request\r\n${rawError}`);
    },
    frameworkErrors: (error, _request, reply) => answerError(error, reply, log),
  });
  app.server.maxConnections = mostConnections;

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    // Elsewhere every call shows the token, which no rebound name brings along.
    if (isRemote || isOurHost(request.headers.host)) return;
    sendError(reply, 403, 'host-refused', 'Ask for this node as localhost or by its loopback address.');
    return reply;
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, url } = request;
    log.debug({ method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'answered');
  });

  if (api !== undefined) registerApi(app, api);
  registerPages(app, {
    folder: pagesFolder,
    fallback: (reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', pageSecurityPolicy)
        .send(renderPage(facts())),
  });

  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?', 1);
    const known = methodsAt(path);
    const allowed =
      known.length === 0 && app.hasRoute({ method: 'GET', url: path }) ? ['GET', 'HEAD'] : known;
    if (allowed.length > 0) {
      reply.header('allow', allowed.join(', '));
      sendError(reply, 405, 'method-not-allowed', `${path} answers ${allowed.join(' and ')} only.`);
    } else {
      sendError(reply, 404, 'not-found', 'There is nothing at this address.');
    }
  });
  app.setErrorHandler<FastifyError>((error, _request, reply) => answerError(error, reply, log));
  return app;
}

/**
 * Fastify loads Ajv as soon as it is made, for 3 MiB and 25 ms, unless it is given compilers. Routes have no schemas of its
 * kind: what is asked for is held against those of the API (validate.ts).
 */
function noSchemas(): never {
  throw new Error('Requests are checked by the schemas of the API, not by the framework.');
}

const rawBody = JSON.stringify({ error: { code: 'bad-request', message: 'This is not an HTTP request.' } });
const rawError = `connection: close\r\ncontent-type: application/json\r\ncontent-length: ${rawBody.length}\r\n\r\n${rawBody}`;

const codes: Readonly<Record<number, string>> = {
  400: 'bad-request',
  408: 'timeout',
  413: 'too-large',
  415: 'unsupported-media',
  503: 'stopping',
};

function answerError(error: FastifyError, reply: FastifyReply, log: Log): void {
  const failure = failureOf(error);
  if (failure !== undefined) {
    sendError(reply, failure.status, failure.code, failure.message);
    return;
  }
  const status = error.statusCode ?? 500;
  if (status >= 500 && status !== 503) {
    log.error({ err: error }, 'a request failed');
    sendError(reply, 500, 'internal', 'The node failed at this request; its log says why.');
  } else {
    sendError(reply, status, codes[status] ?? 'bad-request', error.message);
  }
}

function sendError(reply: FastifyReply, status: number, code: string, message: string): void {
  reply.code(status).type('application/json; charset=utf-8').send({ error: { code, message } });
}
