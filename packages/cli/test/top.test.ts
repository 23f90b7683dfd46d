import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { widthOf } from '../src/text-width.ts';
import { Board } from '../src/top/board.ts';
import { keysIn } from '../src/top/screen.ts';
import { frame, listRows } from '../src/top/view.ts';
import { hexId, summary } from './making-summaries.ts';

function boardOf(count: number): Board {
  const board = new Board();
  board.replaceAll(
    Array.from({ length: count }, (_, n) =>
      summary({ id: hexId(n), name: `file ${n}`, addedMs: n, downRate: n * 1e5 }),
    ),
  );
  return board;
}

const look = { hasColours: true, scroll: 0, showsPeers: true, line: undefined };

test('a frame is as large as the terminal, whatever is in it', () => {
  const board = boardOf(200);
  board.take({
    kind: 'transfers',
    changed: [
      summary({
        id: hexId(3),
        name: '鱼'.repeat(100),
        state: 'failed',
        error: { code: 'x', message: 'y\x1b[2J' },
      }),
    ],
  });
  board.peers = Array.from({ length: 50 }, (_, n) => ({
    address: `[2001:db8::${n}]:6881`,
    client: '\x1b]0;title\x07 client',
    isIncoming: false,
    isEncrypted: false,
    isOnLan: false,
    has: 1,
    downRate: 1,
    upRate: 1,
    downloaded: 1,
    uploaded: 1,
    flags: 'DU',
  }));
  for (const [columns, rows] of [
    [80, 24],
    [40, 10],
    [200, 60],
    [20, 5],
    [81, 15],
    [120, 24],
  ] as const) {
    const lines = frame({ ...look, board, columns, rows });
    assert.equal(lines.length, rows);
    for (const line of lines) {
      const shown = stripVTControlCharacters(line);
      assert.ok(widthOf(shown) <= columns, `${columns}x${rows}: ${shown}`);
      assert.ok(!/\p{Cc}/u.test(shown), 'what peers and torrents say drives no terminal');
    }
  }
});

test('the choice stays with its transfer when rows move, and goes to a neighbour when that is gone', () => {
  const board = boardOf(10);
  board.choose(4);
  board.sortBy('added', true);
  assert.deepEqual([board.chosen?.name, board.chosenRow], ['file 4', 5]);
  board.take({ kind: 'transfers', changed: [summary({ id: hexId(99), name: 'new', addedMs: 99 })] });
  assert.deepEqual([board.chosen?.name, board.chosenRow], ['file 4', 6]);
  board.take({ kind: 'removed', ids: [hexId(4)] });
  assert.equal(board.chosen?.name, 'file 3');
  board.take({ kind: 'removed', ids: Array.from({ length: 100 }, (_, n) => hexId(n)) });
  assert.equal(board.chosen, undefined);
});

test('rows are those whose name or label has the filter, in the order that was asked for', () => {
  const board = boardOf(30);
  board.take({
    kind: 'transfers',
    changed: [summary({ id: hexId(7), name: 'else', labels: ['File 2 of it'] })],
  });
  board.filter = 'FILE 2';
  assert.equal(board.rows.length, 12);
  board.sortBy('down', false);
  assert.equal(board.rows[0]?.name, 'file 29');
  board.sortBy('down', true);
  assert.equal(board.rows.at(-1)?.name, 'file 29');
});

test('ten thousand rows are arranged and drawn in a blink', () => {
  const board = boardOf(10_000);
  const begunMs = performance.now();
  for (let n = 0; n < 5; n++) {
    board.take({ kind: 'transfers', changed: [summary({ id: hexId(n), name: `moved ${n}` })] });
    frame({ ...look, board, columns: 80, rows: 24 });
  }
  // Some 15 ms each; far from it means that it does far too much.
  assert.ok(performance.now() - begunMs < 30_000);
});

test('keys are told apart, and what is none is nothing', () => {
  assert.deepEqual(keysIn('j\x1b[A\x1bOB\x1b[5~q'), ['j', 'up', 'down', 'page-up', 'q']);
  assert.deepEqual(keysIn('\x1b'), ['escape']);
  assert.deepEqual(keysIn('\x1b[200~ž鱼\x1b[201~\x7f\r\x03'), ['ž', '鱼', 'backspace', 'enter', 'interrupt']);
  assert.deepEqual(keysIn('\x01\x1b[99;5u'), []);
});

test('the list keeps two thirds of the terminal, and all of one that is low', () => {
  assert.equal(listRows({ rows: 24, showsPeers: true }), 13);
  assert.equal(listRows({ rows: 24, showsPeers: false }), 21);
  assert.equal(listRows({ rows: 10, showsPeers: true }), 7);
  assert.equal(listRows({ rows: 2, showsPeers: true }), 1);
});
