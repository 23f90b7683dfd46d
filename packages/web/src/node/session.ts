// The client of this page's node, and whether it lets us change things. The token comes once, in the fragment of the
// link that `shoal up` prints or typed by hand, and is exchanged for a cookie that scripts cannot read.

import { type AnswerOf, ApiError, createClient, type OperationName, type RequestOf } from '@shoal/api';
import { createStore } from '../store.ts';

const url = `${location.origin}/`;
const ask = (...request: Parameters<typeof fetch>): Promise<Response> => fetch(...request);

export const node = createClient({ url, fetch: ask });

/** Why a token is asked for; undefined while none is. */
export type TokenReason = 'needed' | 'expired' | 'wrong';
export const tokenQuestion = createStore<TokenReason | undefined>(undefined);
export const mayChange = createStore(false);

/** It could once: what it showed then has run out. */
let couldChange = false;
mayChange.subscribe(() => {
  couldChange ||= mayChange.get();
});

let answered: ((isGiven: boolean) => void) | undefined;

/** Takes the token out of the address, so that it stays in no history and no screenshot. */
export async function openSessionFromLink(): Promise<void> {
  const token = /^#token=([^&]+)/.exec(location.hash)?.[1];
  if (token === undefined) return;
  history.replaceState(null, '', `${location.pathname}${location.search}#/`);
  try {
    await giveToken(decodeURIComponent(token));
  } catch (error) {
    if (isRefusedToken(error) || error instanceof URIError) tokenQuestion.set('expired');
  }
}

/** Resolves once the node has taken it; rejects with its word where it has not. */
export async function giveToken(token: string): Promise<void> {
  await createClient({ url, fetch: ask, token: token.trim() }).call('openSession', {});
  mayChange.set(true);
  tokenQuestion.set(undefined);
  answered?.(true);
  answered = undefined;
}

export function refuseToken(): void {
  tokenQuestion.set(undefined);
  answered?.(false);
  answered = undefined;
}

export function askForToken(reason: TokenReason): Promise<boolean> {
  answered?.(false);
  tokenQuestion.set(reason);
  return new Promise((resolve) => {
    answered = resolve;
  });
}

/** Somebody kept the question closed: no words are needed for that. */
export class NotAllowed extends Error {}

/** Calls the node; where it wants the token, asks for that and tries once more. */
export async function change<Name extends OperationName>(
  name: Name,
  request: RequestOf<Name>,
): Promise<AnswerOf<Name>> {
  try {
    return await node.call(name, request);
  } catch (error) {
    if (!isRefusedToken(error)) throw error;
    const reason = couldChange ? 'expired' : 'needed';
    mayChange.set(false);
    if (!(await askForToken(reason))) throw new NotAllowed();
    return node.call(name, request);
  }
}

export function isRefusedToken(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.status === 403);
}
