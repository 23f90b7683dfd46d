// What the node says, kept up to date: the list once, then its events. When the node goes away the page keeps what it
// has, says so, and tries again; with the last revision it hears only what changed meanwhile.

import {
  movingNumbers,
  type NodeEvent,
  type NodeFacts,
  type NodeStatistics,
  type Rates,
  type TransferSummary,
} from '@shoal/api';
import { createStore } from '../store.ts';
import { forgetRates, recordRates } from './history.ts';
import { mayChange, node } from './session.ts';

export type Connection = 'connecting' | 'live' | 'away';

export interface Transfers {
  readonly byId: ReadonlyMap<string, TransferSummary>;
  /** Changes whenever one changed. */
  readonly version: number;
  /** Changes when one came, went, or has another name or other labels. */
  readonly names: number;
}

export interface Notice {
  readonly key: number;
  readonly message: string;
  readonly isError: boolean;
}

const byId = new Map<string, TransferSummary>();
export const connection = createStore<Connection>('connecting');
export const transfers = createStore<Transfers>({ byId, version: 0, names: 0 });
export const facts = createStore<NodeFacts | undefined>(undefined);
export const statistics = createStore<NodeStatistics | undefined>(undefined);
export const notices = createStore<readonly Notice[]>([]);

const longestWaitMs = 10_000;
/** A hidden page gives its connection back: browsers allow six to one server, for all tabs together. */
const hiddenMs = 30_000;
const mostNotices = 5;
const budgetMs = 6;
const longestUnseenMs = 500;

let revision: string | undefined;
let source: EventSource | undefined;
let failures = 0;
let timer: number | undefined;
let noticeKey = 0;
let frame = 0;
let namesChanged = false;
let isChanged = false;
let publishedMs = 0;
/** Events that came and were not read yet. */
const waiting: { readonly id: string; readonly data: string }[] = [];

export function follow(): void {
  void connect();
  addEventListener('online', () => connection.get() === 'away' && void connect());
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(pause, hiddenMs);
    else if (source === undefined) void connect();
  });
}

export function notify(message: string, isError = false): void {
  const notice = { key: ++noticeKey, message, isError };
  notices.update((list) => [...list.slice(1 - mostNotices), notice]);
}

export function dismiss(key: number): void {
  notices.update((list) => list.filter((notice) => notice.key !== key));
}

/** Shows an answer at once, before its event comes. */
export function apply(summary: TransferSummary): void {
  put(summary);
  publish();
}

export async function refreshFacts(): Promise<void> {
  const answer = await node.call('node', {});
  facts.set(answer);
  mayChange.set(answer.mayChange);
}

function pause(): void {
  source?.close();
  source = undefined;
  // What was not read comes again after the last revision that was.
  waiting.length = 0;
}

async function connect(): Promise<void> {
  clearTimeout(timer);
  pause();
  const known = facts.get()?.instance;
  try {
    await refreshFacts();
    if (revision === undefined || facts.get()?.instance !== known) await load();
    listen();
  } catch {
    tryAgain();
  }
}

async function load(): Promise<void> {
  const [list, sums] = await Promise.all([
    node.call('transfers', { query: { limit: 100_000 } }),
    node.call('statistics', {}),
  ]);
  byId.clear();
  for (const summary of list.transfers) put(summary);
  namesChanged = true;
  revision = list.revision;
  statistics.set(sums);
  publish();
}

function listen(): void {
  const events = new EventSource(`/api/events?rates=short&since=${encodeURIComponent(revision ?? '')}`);
  source = events;
  const take = ({ data, lastEventId }: MessageEvent<unknown>): void => {
    if (source !== events || typeof data !== 'string') return;
    waiting.push({ id: lastEventId, data });
    // A hidden page is given no frames.
    if (document.hidden) work(Number.POSITIVE_INFINITY);
    else if (frame === 0) frame = requestAnimationFrame(workInFrame);
  };
  for (const kind of ['message', 'reset', 'transfers', 'rates', 'removed', 'statistics', 'notice'])
    events.addEventListener(kind, take);
  events.addEventListener('open', () => {
    failures = 0;
    connection.set('live');
  });
  events.addEventListener('error', () => {
    if (source === events) tryAgain();
  });
}

function tryAgain(): void {
  pause();
  connection.set('away');
  clearTimeout(timer);
  timer = setTimeout(() => void connect(), Math.min(longestWaitMs, 500 * 2 ** failures));
  failures = Math.min(failures + 1, 10);
}

function receive(event: NodeEvent): void {
  switch (event.kind) {
    case 'reset':
      revision = undefined;
      void connect();
      return;
    case 'transfers':
      for (const summary of event.changed) put(summary);
      break;
    case 'rates':
      for (const rates of event.changed) move(rates);
      break;
    case 'removed':
      for (const id of event.ids) {
        byId.delete(id);
        forgetRates(id);
      }
      namesChanged = true;
      break;
    case 'statistics':
      recordRates('', Date.now(), event.statistics.downRate, event.statistics.upRate);
      statistics.set(event.statistics);
      return;
    case 'notice':
      notify(event.message, true);
      return;
  }
  isChanged = true;
}

/** Ten thousand changes in a second would hold up a frame: a part of each is given to them. */
function workInFrame(): void {
  frame = 0;
  work(performance.now() + budgetMs);
  if (waiting.length > 0) frame = requestAnimationFrame(workInFrame);
}

function work(untilMs: number): void {
  let done = 0;
  for (const { id, data } of waiting) {
    if (done > 0 && performance.now() > untilMs) break;
    done++;
    if (id !== '') revision = id;
    const event: NodeEvent = JSON.parse(data);
    receive(event);
  }
  waiting.splice(0, done);
  if (isChanged && (waiting.length === 0 || performance.now() - publishedMs > longestUnseenMs)) publish();
}

function put(summary: TransferSummary): void {
  const before = byId.get(summary.id);
  if (before === undefined || before.name !== summary.name || !isSame(before.labels, summary.labels))
    namesChanged = true;
  byId.set(summary.id, summary);
  recordRates(summary.id, Date.now(), summary.downRate, summary.upRate);
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((text, index) => text === others[index]);
}

/** Nothing of it changed but numbers. */
function move([id, ...numbers]: Rates): void {
  const before = byId.get(id);
  if (before === undefined) return;
  const moved: { -readonly [Name in (typeof movingNumbers)[number]]?: number } = {};
  for (let at = 0; at < movingNumbers.length; at++) {
    const [name, number] = [movingNumbers[at], numbers[at]];
    if (name !== undefined && number != null) moved[name] = number;
  }
  let still = before;
  if (moved.secondsLeft === undefined && before.secondsLeft !== undefined) {
    const { secondsLeft: _, ...rest } = before;
    still = rest;
  }
  const summary = { ...still, ...moved };
  byId.set(id, summary);
  recordRates(id, Date.now(), summary.downRate, summary.upRate);
}

function publish(): void {
  isChanged = false;
  publishedMs = performance.now();
  transfers.update(({ version, names }) => ({
    byId,
    version: version + 1,
    names: namesChanged ? names + 1 : names,
  }));
  namesChanged = false;
}
