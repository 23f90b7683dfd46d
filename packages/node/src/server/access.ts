// Who may ask for what. Reading is open on loopback; whatever changes something takes the token, or the cookie that was
// given for it together with the browser's word that our own page asks. Pages of other origins get nothing at all.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

export type Access =
  | { readonly kind: 'granted'; readonly mayChange: boolean }
  | {
      readonly kind: 'refused';
      readonly status: 401 | 403;
      readonly code: 'token-missing' | 'token-wrong' | 'cross-site';
      readonly message: string;
    };

export interface AccessRules {
  readonly token: string;
  /** Without it, reading takes the token too: the node listens to more than this machine. */
  readonly isLoopback: boolean;
}

const cookieName = 'shoal-session';
const cookieDays = 90;

export class Gate {
  readonly #rules: AccessRules;
  readonly #session: string;

  constructor(rules: AccessRules) {
    this.#rules = rules;
    // Holds as long as the token does, and tells nobody what that is.
    this.#session = createHmac('sha256', rules.token).update('session of a page').digest('hex');
  }

  /** For the one who has shown the token. `isSecure` is for TLS. */
  cookie(isSecure: boolean): string {
    const age = cookieDays * 86_400;
    const rest = `Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
    return `${cookieName}=${this.#session}; ${rest}`;
  }

  judge(request: FastifyRequest): Access {
    const { headers, method } = request;
    const isReading = method === 'GET' || method === 'HEAD';
    if (isFromElsewhere(request))
      return refusal(403, 'cross-site', 'A page of another origin may not ask this node.');
    const { authorization } = headers;
    if (authorization !== undefined) {
      const shown = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
      if (shown !== undefined && isSame(shown, this.#rules.token))
        return { kind: 'granted', mayChange: true };
      return refusal(403, 'token-wrong', 'This is not the token of this node: DATA/api-token has it.');
    }
    const hasCookie = cookiesOf(headers.cookie).some((value) => isSame(value, this.#session));
    const isOurPage = headers['sec-fetch-site'] === 'same-origin' || isOwnOrigin(request);
    const mayChange = hasCookie && isOurPage;
    if (mayChange || (isReading && (this.#rules.isLoopback || hasCookie)))
      return { kind: 'granted', mayChange };
    return refusal(
      401,
      'token-missing',
      'This takes the token of the node, as `authorization: Bearer …`: DATA/api-token has it.',
    );
  }
}

/** Somebody may follow a link to our page; nothing else comes from another site. */
function isFromElsewhere(request: FastifyRequest): boolean {
  const { headers, method, url } = request;
  const site = headers['sec-fetch-site'];
  const isVisit =
    method === 'GET' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document' &&
    /^\/(?:\?|$)/.test(url);
  if (isVisit) return false;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return headers.origin !== undefined && !isOwnOrigin(request);
}

function isOwnOrigin({ headers, protocol }: FastifyRequest): boolean {
  return headers.origin !== undefined && headers.origin === `${protocol}://${headers.host}`;
}

function cookiesOf(header: string | undefined): string[] {
  return (header ?? '').split(';').flatMap((part) => {
    const [name, value] = part.trim().split('=');
    return name === cookieName && value !== undefined ? [value] : [];
  });
}

function isSame(shown: string, right: string): boolean {
  const [one, other] = [Buffer.from(shown), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function refusal(
  status: 401 | 403,
  code: Extract<Access, { kind: 'refused' }>['code'],
  message: string,
): Access {
  return { kind: 'refused', status, code, message };
}
