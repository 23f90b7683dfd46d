// The typed client of a node's API, over whatever fetch it is given: Node's, a browser's. Answers are the node's own
// word and are not checked again; a refusal is an ApiError with the node's code.

import type { XStatic } from 'typebox/schema';
import { readEvents } from './event-stream.ts';
import type { NodeEvent } from './node.ts';
import type { Operation } from './operation.ts';
import { type OperationName, operations } from './operations.ts';

type Table = typeof operations;
type PartOf<Name extends OperationName, Part extends string> = Table[Name] extends {
  readonly [key in Part]: infer Schema;
}
  ? Schema
  : never;
type Given<Name extends OperationName, Part extends 'params' | 'query' | 'body'> = [
  PartOf<Name, Part>,
] extends [never]
  ? unknown
  : Part extends 'query'
    ? { readonly query?: XStatic<PartOf<Name, 'query'>> }
    : { readonly [key in Part]: XStatic<PartOf<Name, Part>> };

export type RequestOf<Name extends OperationName> = Given<Name, 'params'> &
  Given<Name, 'query'> &
  Given<Name, 'body'>;

export type AnswerOf<Name extends OperationName> = [PartOf<Name, 'answer'>] extends [never]
  ? undefined
  : XStatic<PartOf<Name, 'answer'>>;

export class ApiError extends Error {
  /** The node's, or `unreachable` where none answered. */
  readonly code: string;
  /** Of HTTP; 0 where there was no answer. */
  readonly status: number;

  constructor(code: string, message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
  }
}

/** What is used of fetch. A browser's or Node's will do; so will something smaller that is loaded faster. */
export type Fetch = (address: URL, request: FetchRequest) => Promise<FetchAnswer>;

export interface FetchRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface FetchAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly body: (AsyncIterable<Uint8Array> & { cancel(): Promise<void> }) | null;
  json(): Promise<unknown>;
}

export interface ClientOptions {
  /** Of the node, as its ready line and node.json have it. */
  readonly url: string;
  readonly fetch: Fetch;
  /** Pages have a cookie in its place. */
  readonly token?: string;
}

export interface NodeClient {
  call<Name extends OperationName>(
    name: Name,
    request: RequestOf<Name>,
    signal?: AbortSignal,
  ): Promise<AnswerOf<Name>>;
  /** Until the signal, or until the connection breaks: `since` goes on where the last event was. */
  events(
    since: string | undefined,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly revision: string; readonly event: NodeEvent }>;
}

interface Parts {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
}

export function createClient({ url, fetch, token }: ClientOptions): NodeClient {
  async function ask(name: OperationName, parts: Parts, signal?: AbortSignal): Promise<FetchAnswer> {
    const { method } = operations[name];
    const headers: Record<string, string> = {};
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (parts.body !== undefined) headers['content-type'] = 'application/json';
    let response: FetchAnswer;
    try {
      response = await fetch(addressOf(url, name, parts), {
        method,
        headers,
        ...(parts.body === undefined ? {} : { body: JSON.stringify(parts.body) }),
        ...(signal && { signal }),
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new ApiError('unreachable', `No node answers at ${url}.`, 0, { cause });
    }
    if (!response.ok) throw await refusal(response);
    return response;
  }

  return {
    async call<Name extends OperationName>(
      name: Name,
      request: RequestOf<Name>,
      signal?: AbortSignal,
    ): Promise<AnswerOf<Name>> {
      // Types that follow from the table of operations, which is what Parts and the answers are made by.
      const response = await ask(name, request as Parts, signal);
      const operation: Operation = operations[name];
      if (operation.answer === undefined) await response.body?.cancel();
      return (operation.answer === undefined ? undefined : await response.json()) as AnswerOf<Name>;
    },
    async *events(since, signal) {
      const response = await ask('events', since === undefined ? {} : { query: { since } }, signal);
      if (response.body !== null) yield* readEvents(response.body);
    },
  };
}

function addressOf(base: string, name: OperationName, { params = {}, query = {} }: Parts): URL {
  const path = operations[name].path.replace(/\{(\w+)\}/g, (_, key: string) =>
    encodeURIComponent(String(params[key])),
  );
  const address = new URL(path, base);
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) address.searchParams.set(key, String(value));
  }
  return address;
}

async function refusal(response: FetchAnswer): Promise<ApiError> {
  const { status } = response;
  const answer: unknown = await response.json().catch(() => undefined);
  if (typeof answer === 'object' && answer !== null && 'error' in answer) {
    const { error } = answer;
    if (typeof error === 'object' && error !== null && 'code' in error && 'message' in error)
      return new ApiError(String(error.code), String(error.message), status);
  }
  return new ApiError('no-node', `What answers there is no Shoal node (HTTP ${status}).`, status);
}
