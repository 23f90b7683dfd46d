// The parts of qBittorrent's Web API (`/api/v2`) that automation tools use: user `shoal`, password the API's token, or the
// token itself as a bearer's. Invariant: nothing but a login is answered before somebody was let in, no page of another
// origin is, and a body is read only after that.

import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { longestBulkBody, longestLoginBody } from '../bounds.ts';
import type { Action, Actions, Answer, WebApiParts } from './api.ts';
import { appActions, logActions, transferActions } from './app.ts';
import { statusOf, WebApiError } from './errors.ts';
import { readForm } from './form.ts';
import { Happenings } from './happenings.ts';
import { LoginLimit, type Session, Sessions } from './sessions.ts';
import { syncActions } from './sync.ts';
import { torrentActions } from './torrents.ts';

export interface WebApiOptions extends WebApiParts {
  readonly token: string;
}

const user = 'shoal';
const cookieName = 'SID';
const plain = 'text/plain; charset=UTF-8';

export function registerWebApi(app: FastifyInstance, options: WebApiOptions): void {
  const { token, log, world } = options;
  const sessions = new Sessions(world);
  const limit = new LoginLimit(world.clock);
  const scopes: ReadonlyMap<string, Actions> = new Map([
    ['app', appActions(options)],
    ['torrents', torrentActions(options)],
    ['transfer', transferActions(options)],
    ['sync', syncActions(options)],
    ['log', logActions(new Happenings(options.transfers))],
  ]);

  /** With the token in each request, or the cookie of a login. */
  function sessionOf({ headers }: FastifyRequest): Session | undefined {
    const [, scheme = '', shown = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec(headers.authorization ?? '') ?? [];
    if (scheme.toLowerCase() === 'bearer' && isSame(shown, token)) return sessions.ofToken;
    // Some send it beside their cookie, as they would to a proxy.
    if (
      scheme.toLowerCase() === 'basic' &&
      isSame(Buffer.from(shown, 'base64').toString(), `${user}:${token}`)
    )
      return sessions.ofToken;
    return sessions.find(cookieOf(headers.cookie));
  }

  async function login(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { ip, body, headers } = request;
    if (limit.isBanned(ip))
      throw new WebApiError('forbidden', 'Too many logins have failed from this address: try again later.');
    const form = await readForm(request.url, headers['content-type'], bytesOf(body));
    const [name, password] = [form.text('username') ?? '', form.text('password') ?? ''];
    if (sessionOf(request) === undefined && !(isSame(password, token) && name === user)) {
      limit.failed(ip);
      return reply.type(plain).send('Fails.');
    }
    limit.succeeded(ip);
    const rest = `HttpOnly; path=/; SameSite=Strict${request.protocol === 'https' ? '; Secure' : ''}`;
    return reply.header('set-cookie', `${cookieName}=${sessions.open()}; ${rest}`).type(plain).send('Ok.');
  }

  function actionAt(request: FastifyRequest): Action {
    const [, scope = '', name = ''] = /^\/api\/v2\/([^/?]*)\/([^/?]*)\/?(?:\?|$)/.exec(request.url) ?? [];
    const actions = scopes.get(scope);
    const action = actions !== undefined && Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (action === undefined) throw new WebApiError('not-found', 'Not Found');
    if (action.changes === true && request.method !== 'POST')
      throw new WebApiError('method-not-allowed', 'Method Not Allowed');
    return action;
  }

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
    scope.addHook('onRequest', async (request) => {
      if (isFromElsewhere(request)) throw new WebApiError('cross-site', 'Unauthorized');
    });
    scope.setErrorHandler((error: Error & { readonly statusCode?: number }, _request, reply) => {
      const status = statusOf(error) ?? error.statusCode ?? 500;
      if (status >= 500) log.error({ err: error }, 'a request failed');
      const words = status >= 500 ? 'The node failed at this request; its log says why.' : error.message;
      reply.code(status).type(plain).send(words);
    });
    scope.route({ method: 'POST', url: '/api/v2/auth/login', bodyLimit: longestLoginBody, handler: login });
    scope.route({
      method: 'POST',
      url: '/api/v2/auth/logout',
      bodyLimit: longestLoginBody,
      async handler({ headers }, reply) {
        sessions.close(cookieOf(headers.cookie));
        return reply.header('set-cookie', `${cookieName}=; HttpOnly; path=/; Max-Age=0`).type(plain).send('');
      },
    });
    scope.route({
      method: ['GET', 'POST'],
      url: '/api/v2/*',
      bodyLimit: longestBulkBody,
      exposeHeadRoute: false,
      async onRequest(request) {
        if (sessionOf(request) === undefined) throw new WebApiError('forbidden', 'Forbidden');
        actionAt(request);
      },
      async handler(request, reply) {
        const session = sessionOf(request);
        if (session === undefined) throw new WebApiError('forbidden', 'Forbidden');
        const form = await readForm(request.url, request.headers['content-type'], bytesOf(request.body));
        return send(reply, await actionAt(request).run({ form, session }));
      },
    });
  });
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  if (answer === undefined || typeof answer === 'string') return reply.type(plain).send(answer ?? '');
  if (answer instanceof Uint8Array) return reply.type('application/x-bittorrent').send(Buffer.from(answer));
  return reply.type('application/json').send(JSON.stringify(answer));
}

function bytesOf(body: unknown): Uint8Array | undefined {
  return body instanceof Uint8Array ? body : undefined;
}

/** A browser says whose page asks. Tools say nothing, or name ourselves. */
function isFromElsewhere({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return [headers.origin, headers.referer].some(
    (page) => page !== undefined && URL.parse(page)?.host !== headers.host?.toLowerCase(),
  );
}

function cookieOf(header: string | undefined): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === cookieName) return value;
  }
  return undefined;
}

function isSame(shown: string, right: string): boolean {
  const [one, other] = [Buffer.from(shown), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
