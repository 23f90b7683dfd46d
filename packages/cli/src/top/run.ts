// `shoal top` while it runs: events of the node and keys come in, frames go out, at most five a second.

import { followEvents } from '../running/following.ts';
import type { RunningNode } from '../running/running-node.ts';
import type { Context } from '../verb.ts';
import { Board, type SortKey, sortKeys } from './board.ts';
import { openScreen } from './screen.ts';
import { frame, listRows } from './view.ts';

type Terminal = Parameters<typeof openScreen>[0];

const frameMs = 200;
const peersMs = 1000;
const messageMs = 4000;

export async function runTop(context: Context, node: RunningNode, terminal: Terminal): Promise<void> {
  const ending = new AbortController();
  const signal = AbortSignal.any([context.signal, ending.signal]);
  const board = new Board();
  let scroll = 0;
  let showsPeers = true;
  let isFiltering = false;
  /** What a y would do. */
  let asked: { readonly id: string; readonly name: string } | undefined;
  let message: string | undefined;
  let drawing: NodeJS.Timeout | undefined;
  let forgetting: NodeJS.Timeout | undefined;

  const screen = openScreen(terminal, { onKey: press, onResize: drawNow });

  function lastLine(): string | undefined {
    if (asked !== undefined)
      return `Remove ${asked.name}?  y forget it  f remove its files, too  any other key: no`;
    if (isFiltering) return `Filter: ${board.filter}█   ⏎ keep it, Esc show all`;
    return message;
  }

  function drawNow(): void {
    const { columns, rows } = screen;
    const most = listRows({ rows, showsPeers });
    const row = board.chosenRow;
    scroll = Math.max(row - most + 1, Math.min(scroll, row, Math.max(0, board.rows.length - most)));
    const hasColours = terminal.output.hasColors();
    screen.draw(frame({ board, columns, rows, hasColours, scroll, showsPeers, line: lastLine() }));
  }

  function drawSoon(): void {
    drawing ??= setTimeout(() => {
      drawing = undefined;
      drawNow();
    }, frameMs);
  }

  function say(text: string): void {
    message = text;
    clearTimeout(forgetting);
    forgetting = setTimeout(() => {
      message = undefined;
      drawNow();
    }, messageMs);
    drawNow();
  }

  async function run(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      say(what);
    } catch (error) {
      if (!signal.aborted) say(error instanceof Error ? error.message : String(error));
    }
  }

  async function showPeers(): Promise<void> {
    const id = board.chosen?.id;
    if (id === undefined || !showsPeers) return;
    const peers = await node.call('peers', { params: { id } }, signal).catch(() => []);
    if (board.chosen?.id === id) board.peers = peers;
    drawSoon();
  }

  function press(key: string): void {
    if (key === 'interrupt') ending.abort();
    else if (asked !== undefined) answer(key, asked);
    else if (isFiltering) typeFilter(key);
    else command(key);
    if (!signal.aborted) drawNow();
  }

  function answer(key: string, { id, name }: { readonly id: string; readonly name: string }): void {
    asked = undefined;
    if (key !== 'y' && key !== 'f') return;
    const query = { files: key === 'f' };
    const what = key === 'f' ? `removed ${name} and its files` : `removed ${name}`;
    void run(what, () => node.call('removeTransfer', { params: { id }, query }, signal));
  }

  function typeFilter(key: string): void {
    if (key === 'enter') isFiltering = false;
    else if (key === 'escape') {
      isFiltering = false;
      board.filter = '';
    } else if (key === 'backspace') board.filter = [...board.filter].slice(0, -1).join('');
    else if ([...key].length === 1) board.filter += key;
  }

  function command(key: string): void {
    const { chosenRow: row, rows } = board;
    const page = listRows({ rows: screen.rows, showsPeers });
    const places: Readonly<Record<string, number>> = {
      up: row - 1,
      k: row - 1,
      down: row + 1,
      j: row + 1,
      'page-up': row - page,
      'page-down': row + page,
      ' ': row + page,
      home: 0,
      g: 0,
      end: rows.length - 1,
      G: rows.length - 1,
    };
    const to = places[key];
    if (to !== undefined) {
      board.choose(to);
      void showPeers();
    } else if (key === 'q') ending.abort();
    else if (key === 's') board.sortBy(sortAfter(board.sortKey), board.isReversed);
    else if (key === 'r') board.sortBy(board.sortKey, !board.isReversed);
    else if (key === '/') isFiltering = true;
    else if (key === 'escape') board.filter = '';
    else if (key === 'enter') {
      showsPeers = !showsPeers;
      void showPeers();
    } else change(key);
  }

  /** Of the transfer that is chosen. */
  function change(key: string): void {
    const { chosen } = board;
    if (chosen === undefined) return;
    const { id, name, state } = chosen;
    const params = { id };
    const isResting = state === 'paused' || state === 'failed' || state === 'stopped';
    if (key === 'd') asked = { id, name };
    else if (key === 'v')
      void run(`verifying ${name}`, () => node.call('verifyTransfer', { params }, signal));
    else if (key === 'p' && isResting)
      void run(`resumed ${name}`, () => node.call('resumeTransfer', { params }, signal));
    else if (key === 'p') void run(`paused ${name}`, () => node.call('pauseTransfer', { params }, signal));
  }

  const askingForPeers = setInterval(() => void showPeers(), peersMs);
  try {
    const refill = async (): Promise<string> => {
      const [{ transfers, revision }, statistics] = await Promise.all([
        node.call('transfers', { query: { limit: 100_000 } }, signal),
        node.call('statistics', {}, signal),
      ]);
      board.replaceAll(transfers);
      board.statistics = statistics;
      drawNow();
      return revision;
    };
    const since = await refill();
    void showPeers();
    for await (const event of followEvents(node, since, signal)) {
      if (event.kind === 'reset') await refill();
      else if (event.kind === 'notice') say(event.message);
      else if (board.take(event)) drawSoon();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(askingForPeers);
    clearTimeout(drawing);
    clearTimeout(forgetting);
    screen.close();
  }
}

function sortAfter(key: SortKey): SortKey {
  return sortKeys[(sortKeys.indexOf(key) + 1) % sortKeys.length] ?? 'added';
}
