// Takes the pictures of the pages in docs/pictures: `node tools/draw-pages.ts [FOLDER]`. A node fetches from five
// others on this machine, held back enough that there is something to see; the system's Chromium looks at its pages.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';

const root = join(import.meta.dirname, '..');
const target = resolve(process.argv[2] ?? join(root, 'docs/pictures'));
const work = mkdtempSync(join(tmpdir(), 'shoal-pictures-'));
const nodes: ChildProcess[] = [];
process.on('exit', () => {
  for (const node of nodes) node.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true });
});
process.on('SIGINT', () => process.exit(130));

/** What is shared: names, megabytes, labels, and kilobytes a second that may come. */
const shared = [
  {
    name: 'Open films 2026',
    files: ['Tides.mp4', 'Tides.srt', 'Making of.mp4', 'Poster.png'],
    mb: 48,
    rate: 1500,
  },
  {
    name: 'Field recordings, spring',
    files: ['01 Marsh.flac', '02 Harbour.flac', 'notes.txt'],
    mb: 30,
    rate: 700,
  },
  { name: 'street-maps-north.zip', files: [], mb: 24, rate: 2500 },
  { name: 'Lecture notes', files: ['1 Peers.pdf', '2 Pieces.pdf', '3 Trust.pdf'], mb: 6, rate: undefined },
  { name: 'Old radio plays', files: ['The lighthouse.ogg', 'Two rivers.ogg'], mb: 18, rate: 350 },
] as const;
const labels: Readonly<Record<string, string[]>> = {
  'Open films 2026': ['films'],
  'Old radio plays': ['sound'],
};

const built = spawn(process.execPath, [join(root, 'tools/pages.js')], { stdio: 'inherit' });
await once(built, 'close');
for (const { name, files, mb } of shared) {
  const paths = files.length === 0 ? [name] : files.map((file) => join(name, file));
  for (const path of paths) writeContent(join(work, 'shared', path), (mb * 1e6) / paths.length);
}

const first = await startNode('a');
const way = `127.0.0.1:${(await first.call('GET', '/api/node')).port}`;
const others = [first, ...(await Promise.all(['b', 'c', 'd', 'e'].map((name) => startNode(name, way))))];
const own = await startNode('own', way);
for (const { name, rate } of shared) {
  let magnet = '';
  for (const other of others) {
    const { id } = await other.call('POST', '/api/transfers', { path: join(work, 'shared', name) });
    magnet ||= (await other.call('GET', `/api/transfers/${id}`)).magnet ?? '';
  }
  // The DHT tells of the rest.
  const peers = await Promise.all(
    others.slice(0, 2).map(async (other) => `127.0.0.1:${(await other.call('GET', '/api/node')).port}`),
  );
  const limits = rate === undefined ? {} : { limits: { down: rate * 1000 } };
  await own.call('POST', '/api/transfers', { link: magnet, peers, labels: labels[name] ?? [], ...limits });
}
await own.call('POST', '/api/transfers', {
  link: `magnet:?xt=urn:btih:${'5'.repeat(40)}&dn=${encodeURIComponent('Harbour webcam archive')}`,
});

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
mkdirSync(target, { recursive: true });
await picture('transfers', { width: 1280, height: 640 }, 'light', async (page) => {
  await page.getByText('Getting the file list').waitFor({ state: 'hidden' });
  await page
    .getByRole('row', { name: /Lecture notes/ })
    .getByText('100 %')
    .waitFor();
  await sleep(6000);
});
await picture('transfer', { width: 1280, height: 860 }, 'dark', async (page) => {
  await page.getByRole('link', { name: 'Open films 2026' }).click();
  await page.getByText('Info hash', { exact: true }).waitFor();
  await sleep(5000);
});
await picture('swarm', { width: 1280, height: 760 }, 'light', async (page) => {
  await page.getByRole('link', { name: 'Field recordings, spring' }).click();
  await page.getByRole('link', { name: 'Peers' }).click();
  await page.getByText(/peers; coming in/).waitFor();
  await sleep(4000);
});
await picture('network', { width: 1280, height: 820 }, 'light', async (page) => {
  await page.getByRole('link', { name: 'Network' }).click();
  await page.getByText(/nodes of the DHT/).waitFor();
  await sleep(4000);
});
await picture('phone', { width: 390, height: 780 }, 'dark', () => sleep(1500));
await browser.close();
for (const node of nodes) node.kill('SIGTERM');
await Promise.all(nodes.map((node) => node.exitCode ?? once(node, 'close')));

async function picture(
  name: string,
  viewport: { readonly width: number; readonly height: number },
  colorScheme: 'light' | 'dark',
  prepare: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ viewport, colorScheme });
  const page = await context.newPage();
  await page.goto(`${own.url}#token=${own.token}`);
  await page.getByRole('row', { name: /Open films/ }).waitFor();
  await prepare(page);
  await page.screenshot({ path: join(target, `${name}.png`) });
  await context.close();
}

interface Answer {
  readonly id?: string;
  readonly magnet?: string;
  readonly port?: number;
}

/** `way` leads into the DHT. */
async function startNode(name: string, way?: string) {
  const data = join(work, name);
  const child = spawn(
    process.execPath,
    [
      join(root, 'packages/cli/bin/shoal.js'),
      'up',
      '--json',
      '--data',
      data,
      '--api',
      '127.0.0.1:0',
      '--port',
      '0',
      '--network',
      'distributed',
      ...(way === undefined ? [] : ['--dht-bootstrap', way]),
    ],
    { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, SHOAL_LAN: 'off', HOME: data } },
  );
  nodes.push(child);
  const url = await new Promise<string>((found) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const ready = /"url":"([^"#]+)/.exec(text)?.[1];
      if (ready !== undefined) found(ready);
    });
  });
  const token = readFileSync(join(data, 'api-token'), 'utf8').trim();
  return {
    url,
    token,
    async call(method: string, path: string, body?: object): Promise<Answer> {
      const response = await fetch(new URL(path, url), {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      const answer: Answer = JSON.parse(await response.text());
      if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
      return answer;
    },
  };
}

/** The same bytes each time, so that all share the same. */
function writeContent(path: string, size: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const block = createHash('sha512').update(path.slice(work.length)).digest();
  const blocks = Array.from({ length: 1024 }, (_, i) =>
    createHash('sha512').update(block).update(`${i}`).digest(),
  );
  const chunk = Buffer.concat(blocks);
  const whole = Buffer.concat(Array.from({ length: Math.ceil(size / chunk.length) }, () => chunk));
  writeFileSync(path, whole.subarray(0, Math.round(size)));
}
