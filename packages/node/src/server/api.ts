// The routes of the API, from its table of operations: access, the schemas, then what the node does.

import {
  type AnswerOf,
  type Operation,
  type OperationName,
  openApiDocument,
  operations,
  type RequestOf,
} from '@shoal/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { longestBulkBody } from '../bounds.ts';
import type { Gate } from './access.ts';
import { validate } from './validate.ts';

export interface Call {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** The token was shown. */
  readonly mayChange: boolean;
}

/** What answers with something else than JSON sends it, and returns the reply. */
type Handler<Name extends OperationName> = (
  asked: RequestOf<Name>,
  call: Call,
) => AnswerOf<Name> | FastifyReply | Promise<AnswerOf<Name> | FastifyReply>;
export type Handlers = { readonly [Name in OperationName]: Handler<Name> };

/** These carry torrent files or thousands of ids. */
const withLongBodies: ReadonlySet<OperationName> = new Set(['addTransfer', 'bulk', 'publish']);

export interface ApiOptions {
  readonly gate: Gate;
  readonly handlers: Handlers;
  readonly version: string;
}

export function registerApi(app: FastifyInstance, { gate, handlers, version }: ApiOptions): void {
  const names = Object.keys(operations).filter((name): name is OperationName => name in operations);
  for (const name of names) registerOperation(app, name, gate, handlers);
  let document: string | undefined;
  app.get('/openapi.json', (request, reply) => {
    const access = gate.judge(request);
    if (access.kind === 'refused') return reply.code(access.status).send({ error: said(access) });
    document ??= JSON.stringify(openApiDocument(version));
    return reply.type('application/json; charset=utf-8').send(document);
  });
}

/** What may be asked at a path; nothing where there is no such path. */
export function methodsAt(path: string): string[] {
  const methods = Object.values(operations).flatMap(({ method, path: pattern }) => {
    const fits = new RegExp(`^${pattern.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(path);
    return fits ? (method === 'GET' ? ['GET', 'HEAD'] : [method]) : [];
  });
  return [...new Set(methods)];
}

function registerOperation(app: FastifyInstance, name: OperationName, gate: Gate, handlers: Handlers): void {
  const operation: Operation = operations[name];
  const { method, params, query, body, answer, status } = operation;
  // Types that follow from the table of operations: the schemas have been held against what was asked.
  const handler = handlers[name] as (asked: object, call: Call) => unknown;
  app.route({
    method,
    url: operation.path.replace(/\{(\w+)\}/g, ':$1'),
    exposeHeadRoute: name !== 'events',
    ...(withLongBodies.has(name) && { bodyLimit: longestBulkBody }),
    // Before a body is read.
    async onRequest(request, reply) {
      const access = gate.judge(request);
      if (access.kind === 'granted' && (access.mayChange || method === 'GET')) return;
      // Whoever has found the node in node.json asks who it is before they show it the token.
      if (name === 'health' && access.kind === 'refused' && access.code === 'token-missing') return;
      const refused = access.kind === 'refused' ? access : notAllowed;
      reply.code(refused.status).send({ error: said(refused) });
      return reply;
    },
    async handler(request, reply) {
      const access = gate.judge(request);
      const mayChange = access.kind === 'granted' && access.mayChange;
      const asked = {
        ...(params && { params: await validate(params, 'params', request.params) }),
        ...(query && { query: await validate(query, 'query', request.query) }),
        ...(body && { body: await validate(body, 'body', request.body) }),
      };
      const answered = await handler(asked, { request, reply, mayChange });
      if (answered === reply) return reply;
      if (answer === undefined) return reply.code(204).send();
      return reply.code(status ?? 200).send(answered);
    },
  });
}

function said({ code, message }: { readonly code: string; readonly message: string }) {
  return { code, message };
}

const notAllowed = {
  status: 401,
  code: 'token-missing',
  message: 'This takes the token of the node, as `authorization: Bearer …`: DATA/api-token has it.',
} as const;
