// What a handler is asked, what it answers, and which handler a path belongs to.

import { type Endpoint, fromUtf8, toLatin1, toUtf8 } from '@shoal/base';
import type { RequestHead } from './head.ts';

/**
 * A request. Handlers that answer at once may read bytes where they lie; those that return a promise find everything
 * unchanged after it, too.
 */
export interface IndexRequest {
  readonly head: RequestHead;
  /** Values of `:name` and `*name` in the route's path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly isEncrypted: boolean;
  /** All of it; at most the route's `maxBodyBytes`. */
  readonly body: Uint8Array;
  /** Aborted when the one who asked is gone. */
  readonly signal: AbortSignal;
}

export interface IndexResponse {
  readonly status: number;
  /** Content-Length, Date and Connection are the server's. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes are copied before the handler that answered is called again. */
  readonly body?: string | Uint8Array | BodyStream;
}

/** For long bodies: a chunk is asked for when the one before was taken, and its memory may be used again then. */
export interface BodyStream {
  /** Undefined where it is not known; then the body is chunked. */
  readonly length: number | undefined;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface Route {
  /** A GET is a HEAD, too. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';
  /** "/api/peers/:key", or "/files/*path" for all that is below. */
  readonly path: string;
  /** Default 0: no body. */
  readonly maxBodyBytes?: number;
  /** Asked before a body is read: who is refused (401) costs no memory for one. Default: nobody is. */
  readonly admits?: (head: RequestHead) => boolean;
  handle(request: IndexRequest): IndexResponse | Promise<IndexResponse>;
}

export type Found =
  | { readonly kind: 'route'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'none' }
  | { readonly kind: 'other-method'; readonly allowed: readonly string[] };

const noParams: Readonly<Record<string, string>> = {};

export class Router {
  /** Paths without parameters, found with one look. */
  readonly #plain = new Map<string, Found & { kind: 'route' }>();
  readonly #patterns: { readonly segments: readonly string[]; readonly route: Route }[] = [];

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const isPattern = /\/[:*]/.test(route.path);
      if (isPattern) this.#patterns.push({ segments: route.path.split('/'), route });
      else this.#plain.set(`${route.method} ${route.path}`, { kind: 'route', route, params: noParams });
    }
  }

  find(method: string, path: string): Found {
    const wanted = method === 'HEAD' ? 'GET' : method;
    const plain = this.#plain.get(`${wanted} ${path}`);
    if (plain !== undefined) return plain;
    const segments = path.split('/');
    const allowed: string[] = [];
    for (const found of this.#matching(segments)) {
      if (found.route.method === wanted) return found;
      allowed.push(found.route.method);
    }
    return allowed.length === 0 ? { kind: 'none' } : { kind: 'other-method', allowed };
  }

  *#matching(sent: readonly string[]): Generator<Found & { kind: 'route' }> {
    const segments = sent.map(decodeSegment);
    if (segments.includes(undefined)) return;
    const path = segments.join('/');
    for (const found of this.#plain.values()) if (found.route.path === path) yield found;
    for (const { segments: wanted, route } of this.#patterns) {
      const params = match(wanted, segments);
      if (params !== undefined) yield { kind: 'route', route, params };
    }
  }
}

/** Undefined for what is wrongly encoded, or hides a slash or a zero byte. */
function decodeSegment(segment: string): string | undefined {
  if (!segment.includes('%')) return segment;
  const text = decodePercent(segment);
  return text === undefined || /[/\0]/.test(text) ? undefined : text;
}

function decodePercent(text: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined;
  const parts = text.split(/%(..)/);
  const bytes = parts.flatMap((part, i) => (i % 2 === 1 ? [Number.parseInt(part, 16)] : [...toUtf8(part)]));
  return fromUtf8(Uint8Array.from(bytes));
}

function match(
  wanted: readonly string[],
  sent: readonly (string | undefined)[],
): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [i, segment] of wanted.entries()) {
    if (segment.startsWith('*')) {
      if (sent.length <= i) return undefined;
      params[segment.slice(1)] = sent.slice(i).join('/');
      return params;
    }
    const value = sent[i];
    if (value === undefined) return undefined;
    if (segment.startsWith(':')) {
      if (value === '') return undefined;
      params[segment.slice(1)] = value;
    } else if (segment !== value) return undefined;
  }
  return sent.length === wanted.length ? params : undefined;
}

export function jsonResponse(value: unknown, status = 200): IndexResponse {
  return { status, headers: { 'Content-Type': 'application/json' }, body: `${JSON.stringify(value)}\n` };
}

/** What every route but the tracker's answers when it refuses. */
export function errorResponse(status: number, code: string, message: string): IndexResponse {
  return jsonResponse({ error: { code, message } }, status);
}

/** The query's fields as text. */
export function queryOf({ head }: IndexRequest): URLSearchParams {
  return new URLSearchParams(toLatin1(head.query));
}
