// How fast the pages are in the system's Chromium. Run: node lab/bench/pages.ts [--rows N] [--seconds N] [--runs N]
// First paint and the size of the first view come from a real node. Its list is then made longer on the way to the
// browser: rows that exist nowhere, of which all have other rates each second. Frames are measured while it scrolls
// and the heap after a collection, while the same goes on.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { movingNumbers, type Rates } from '@shoal/api';
import { type Browser, chromium, type Page } from 'playwright-core';
import { shoalCommand } from '../clients/shoal.ts';
import { median, printTable } from './table.ts';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '20' },
    runs: { type: 'string', default: '7' },
    browser: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const [rows, seconds, runs] = [Number(options.rows), Number(options.seconds), Number(options.runs)];

const folder = mkdtempSync(join(tmpdir(), 'shoal-pages-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

const built = spawn(process.execPath, [join(import.meta.dirname, '../../tools/pages.js')], {
  stdio: 'inherit',
});
const [code]: unknown[] = await once(built, 'close');
assert.equal(code, 0, 'the pages are built');

const node = spawn(
  process.execPath,
  [
    shoalCommand,
    'up',
    '--json',
    '--data',
    folder,
    '--api',
    '127.0.0.1:0',
    '--port',
    '0',
    '--network',
    'centralized',
  ],
  { stdio: ['ignore', 'pipe', 'ignore'] },
);
process.on('exit', () => node.kill('SIGKILL'));
const nodeUrl = await new Promise<string>((resolve) => {
  node.stdout.setEncoding('utf8').on('data', (text: string) => {
    const url = /"url":"([^"]+)"/.exec(text)?.[1];
    if (url !== undefined) resolve(url);
  });
});
const long = await lengthen(nodeUrl);
const browser = await chromium.launch({
  executablePath: options.browser,
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
const results: string[][] = [];
const report = (what: string, value: string, goal: string): void => void results.push([what, value, goal]);

const paints: { paint: number; ready: number }[] = [];
for (let run = 0; run < runs; run++) paints.push(await firstPaint(browser, nodeUrl));
report('first paint, ms (median)', median(paints.map(({ paint }) => paint)).toFixed(0), 'under 500');
report('list shown, ms (median)', median(paints.map(({ ready }) => ready)).toFixed(0), '');
report('first view, kB in gzip', ((await firstView(browser, nodeUrl)) / 1000).toFixed(1), 'under 120');

const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
const page = await context.newPage();
await page.goto(long.url);
await page.getByRole('row').nth(5).waitFor();
await sleep(2000);
// What the machine does to frames by itself is told by the same with nothing that changes.
long.rest();
reportFrames(`${rows} rows at rest scroll`, await scroll(page, seconds * 500));
long.move();
reportFrames(`${rows} rows, all changing each second, scroll`, await scroll(page, seconds * 1000));

const heaps: number[] = [];
const session = await context.newCDPSession(page);
for (let i = 0; i < 6; i++) {
  await sleep((seconds * 1000) / 5);
  await session.send('HeapProfiler.collectGarbage');
  heaps.push((await session.send('Runtime.getHeapUsage')).usedSize / 1e6);
}
report(`heap over ${seconds} s, MB`, heaps.map((heap) => heap.toFixed(1)).join(' '), 'flat');
printTable(['what', 'measured', 'goal'], results);

await browser.close();
long.close();
node.kill('SIGTERM');
await once(node, 'close');

function reportFrames(what: string, frames: number[]): void {
  frames.sort((a, b) => a - b);
  const [over, longest] = [frames.filter((ms) => ms > 50).length, frames.at(-1) ?? Number.NaN];
  const most = frames[Math.floor(frames.length * 0.99)] ?? Number.NaN;
  report(`${what}: frames over 50 ms`, `${over} of ${frames.length}`, 'none');
  report('  longest, and longest of 99 in 100, ms', `${longest.toFixed(0)}, ${most.toFixed(0)}`, '');
}

async function firstPaint(from: Browser, url: string): Promise<{ paint: number; ready: number }> {
  const fresh = await from.newContext();
  const opened = await fresh.newPage();
  await opened.goto(url);
  await opened.getByText('Nothing here yet').waitFor();
  const [paint, ready] = await opened.evaluate<[number, number]>(
    `[performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN, performance.now()]`,
  );
  await fresh.close();
  return { paint, ready };
}

/** Bytes of all files of the pages that come before anything is clicked. */
async function firstView(from: Browser, url: string): Promise<number> {
  const fresh = await from.newContext();
  const opened = await fresh.newPage();
  const files = new Set<string>();
  opened.on('request', (asked) => {
    const { pathname } = new URL(asked.url());
    if (pathname === '/' || pathname.startsWith('/assets/')) files.add(pathname);
  });
  await opened.goto(url);
  await opened.getByText('Nothing here yet').waitFor();
  await fresh.close();
  const sizes = await Promise.all([...files].map((path) => sizeInGzip(new URL(path, url))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function sizeInGzip(url: URL): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
      });
      response.on('end', () => resolve(size));
    });
    asked.on('error', reject);
    asked.end();
  });
}

function scroll(opened: Page, forMs: number): Promise<number[]> {
  return opened.evaluate<number[]>(`new Promise((resolve) => {
    const list = document.querySelector('[role=grid]');
    const frames = [];
    const end = performance.now() + ${forMs};
    let last = performance.now(), step = 137;
    requestAnimationFrame(function next(now) {
      frames.push(now - last);
      last = now;
      if (list.scrollTop + list.clientHeight >= list.scrollHeight - 1 && step > 0) step = -step;
      if (list.scrollTop <= 0 && step < 0) step = -step;
      list.scrollTop += step;
      if (now < end) requestAnimationFrame(next);
      else resolve(frames.slice(1));
    });
  })`);
}

interface LongList {
  readonly url: string;
  /** Nothing changes until `move`. */
  rest(): void;
  move(): void;
  close(): void;
}

/** The node's server with a longer list: all else is passed on to it. */
async function lengthen(target: string): Promise<LongList> {
  const transfers = Array.from({ length: rows }, (_, i) => madeUp(i));
  const listeners = new Set<ServerResponse>();
  const server = createServer((asked, answer) => {
    const { pathname } = new URL(asked.url ?? '/', target);
    if (pathname === '/api/transfers') {
      answer.setHeader('content-type', 'application/json');
      answer.end(JSON.stringify({ transfers, total: rows, revision: 'made-up.1' }));
    } else if (pathname === '/api/events') {
      answer.writeHead(200, { 'content-type': 'text/event-stream' });
      answer.write(':\n\n');
      listeners.add(answer);
      answer.on('close', () => listeners.delete(answer));
    } else {
      const passed = request(
        new URL(asked.url ?? '/', target),
        { method: asked.method ?? 'GET', headers: { ...asked.headers, host: new URL(target).host } },
        (response) => {
          answer.writeHead(response.statusCode ?? 502, response.headers);
          response.pipe(answer);
        },
      );
      asked.pipe(passed);
    }
  });
  let isMoving = true;
  const timer = setInterval(() => {
    if (!isMoving) return;
    for (const transfer of transfers) {
      transfer.downRate = Math.random() * 1e6;
      transfer.upRate = Math.random() * 1e5;
      transfer.bytes = Math.min(transfer.total, transfer.bytes + transfer.downRate);
      transfer.secondsLeft = (transfer.total - transfer.bytes) / transfer.downRate;
    }
    for (const listener of listeners)
      for (let at = 0; at < rows; at += 500) {
        const changed = transfers.slice(at, at + 500).map(ratesOf);
        listener.write(
          `event: rates\nid: made-up.1\ndata: ${JSON.stringify({ kind: 'rates', changed })}\n\n`,
        );
      }
  }, 1000);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    url: `http://127.0.0.1:${address.port}/`,
    rest: () => {
      isMoving = false;
    },
    move: () => {
      isMoving = true;
    },
    close() {
      clearInterval(timer);
      server.closeAllConnections();
      server.close();
    },
  };
}

function madeUp(index: number) {
  const size = 1e9 + (index % 977) * 1e6;
  return {
    id: index.toString(16).padStart(40, '0'),
    name: `Some thing of ${index % 37} or more, part ${index}`,
    state: 'fetching',
    bytes: size * ((index % 100) / 100),
    total: size,
    size,
    downRate: 0,
    upRate: 0,
    downloaded: 0,
    uploaded: 0,
    wasted: 0,
    peers: index % 50,
    seeds: index % 9,
    secondsLeft: 1,
    isComplete: false,
    isPrivate: false,
    mode: 'usual',
    labels: index % 3 === 0 ? ['films'] : [],
    folder: '/somewhere',
    addedMs: 1.75e12 - index * 1e6,
    place: index,
    isForced: false,
    limits: { down: null, up: null },
    goals: {},
  };
}

/** As the node tells the page what moved. */
function ratesOf(transfer: ReturnType<typeof madeUp>): Rates {
  return [transfer.id, ...movingNumbers.map((name) => transfer[name])];
}
