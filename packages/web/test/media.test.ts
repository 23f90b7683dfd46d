// Files played and shown while they come: a film that the browser itself recorded, sound, a picture, text. The one who
// shares sends so slowly that most of it is still missing while it plays.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { assertAccessible } from './accessible.ts';
import { openBrowser, openPage, skip } from './browser.ts';
import { buildPages, makeFolder, type RunningNode, removeFolder, startNode, stopNodes } from './nodes.ts';
import { makeTone } from './torrents.ts';

let browser: Browser;
let folder: string;
let node: RunningNode;
let seed: RunningNode;
let id: string;

before(async () => {
  if (skip !== false) return;
  folder = await makeFolder();
  await buildPages();
  [browser, node, seed] = await Promise.all([
    openBrowser(),
    startNode(join(folder, 'node')),
    startNode(join(folder, 'seed')),
  ]);
  const path = join(folder, 'Shared');
  await mkdir(path);
  const { film, picture } = await record();
  await writeFile(join(path, 'film.webm'), film);
  await writeFile(join(path, 'picture.png'), picture);
  await writeFile(join(path, 'tone.wav'), makeTone(60));
  await writeFile(join(path, 'notes.txt'), `First line <b>as it is</b>.\n${'More of it. '.repeat(30_000)}`);
  await writeFile(join(path, 'page.html'), '<script>window.broken=1</script><h1>A page</h1>');
  await writeFile(join(path, 'rest.bin'), Buffer.alloc(100_000_000, 'rest'));
  ({ id } = await seed.client.call('addTransfer', { body: { path } }));
  while ((await seed.client.call('transfer', { params: { id } })).state !== 'sharing')
    await new Promise((resolve) => setTimeout(resolve, 50));
  const { magnet } = await seed.client.call('transfer', { params: { id } });
  const peers = [await seed.peerAddress()];
  await node.client.call('addTransfer', { body: { link: magnet, peers, limits: { down: 300_000 } } });
});
after(async () => {
  if (skip !== false) return;
  await Promise.all([browser.close(), stopNodes()]);
  await removeFolder(folder);
});

const linkOf = ({ url, token }: RunningNode): string => `${url}#token=${token}`;

/** Three seconds of noise on a canvas, as the browser records it, and a picture of it. */
async function record(): Promise<{ readonly film: Buffer; readonly picture: Buffer }> {
  const page = await browser.newPage();
  const recorded = await page.evaluate<{ film: string; picture: string }>(`(async () => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [320, 180];
    const context = canvas.getContext('2d');
    const timer = setInterval(() => {
      for (let i = 0; i < 400; i++) {
        context.fillStyle = 'hsl(' + Math.random() * 360 + ' 90% 50%)';
        context.fillRect(Math.random() * 320, Math.random() * 180, 9, 9);
      }
    }, 40);
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm', videoBitsPerSecond: 2e6 });
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
    recorder.start();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    recorder.stop();
    await stopped;
    clearInterval(timer);
    const base64 = async (blob) => {
      const bytes = new Uint8Array(await blob.arrayBuffer());
      let text = '';
      for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
      return btoa(text);
    };
    const picture = await new Promise((resolve) => canvas.toBlob(resolve));
    return { film: await base64(new Blob(parts)), picture: await base64(picture) };
  })()`);
  await page.close();
  return { film: Buffer.from(recorded.film, 'base64'), picture: Buffer.from(recorded.picture, 'base64') };
}

async function until(page: Page, expression: string): Promise<void> {
  while ((await page.evaluate(expression)) !== true) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function isComplete(): Promise<boolean> {
  return (await node.client.call('transfer', { params: { id } })).isComplete;
}

test('film, sound, picture and text are played and shown while the most is still missing', {
  skip,
}, async () => {
  const { page, close } = await openPage(browser, linkOf(node));
  await page.getByRole('link', { name: 'Shared' }).click();
  await page.getByRole('link', { name: 'Files' }).click();
  await page.getByRole('link', { name: 'Play film.webm' }).click();
  await until(page, "document.querySelector('video')?.currentTime > 0.5");
  assert.ok((await page.evaluate<number>("document.querySelector('video').videoWidth")) === 320);
  await assertAccessible(page, 'a film');
  await page.getByRole('link', { name: 'Play tone.wav' }).click();
  await until(page, "document.querySelector('audio')?.currentTime > 0.2");
  await page.getByRole('link', { name: 'Look at picture.png' }).click();
  await until(page, "document.querySelector('.player img')?.naturalWidth === 320");
  await page.getByRole('link', { name: 'Look at notes.txt' }).click();
  await page.getByText('First line <b>as it is</b>.').waitFor();
  await page.getByText(/^The first 200 kB of 360 kB\.$/).waitFor();
  await page.getByRole('link', { name: 'Look at page.html' }).click();
  await page.getByText('<script>window.broken=1</script>').waitFor();
  assert.equal(await page.evaluate('window.broken'), undefined);
  assert.equal(await isComplete(), false, 'all of it was here before it was played');
  await page.getByRole('button', { name: 'Close the player' }).click();
  await page.getByRole('link', { name: 'Look at page.html' }).waitFor();
  await close();
});

test('pieces under way say whom they come from, and one that is picked with keys says who has it', {
  skip,
}, async () => {
  const { page, close } = await openPage(browser, linkOf(node));
  await page.getByRole('link', { name: 'Shared' }).click();
  // The other may have called us, from any port.
  const address = /^127\.0\.0\.1:\d+$/;
  await page.getByRole('heading', { name: 'On their way' }).waitFor();
  await page.getByRole('region', { name: 'On their way' }).getByText(address).first().waitFor();
  const map = page.getByRole('slider', { name: /^Pieces/ });
  await map.focus();
  for (const key of ['End', 'ArrowLeft', 'ArrowUp', 'Home', 'ArrowRight']) await page.keyboard.press(key);
  assert.match((await map.getAttribute('aria-valuetext')) ?? '', /^Pieces? \d+/);
  await page.getByText(/^Who has piece \d+:/).waitFor();
  await page
    .getByRole('region', { name: /^Piece \d/ })
    .getByText(address)
    .first()
    .waitFor();
  await assertAccessible(page, 'a picked piece');
  await page.keyboard.press('Escape');
  await page.getByText(/^Who has piece/).waitFor({ state: 'hidden' });
  await page.getByRole('link', { name: 'Peers' }).click();
  await page
    .getByRole('cell', { name: /named here|it called us/ })
    .first()
    .waitFor();
  await close();
});

test('options are set for one, and for many without what was not said', { skip }, async () => {
  const link = `magnet:?xt=urn:btih:${'12'.repeat(20)}&dn=Other`;
  const other = await node.client.call('addTransfer', { body: { link, limits: { up: 5000 } } });
  const { page, close } = await openPage(browser, linkOf(node));
  const state = async (of: string) => await node.client.call('transfer', { params: { id: of } });
  await page.getByRole('link', { name: 'Shared' }).click();
  await page.getByRole('heading', { name: 'Shared' }).waitFor();
  await page.keyboard.press('o');
  const dialog = page.getByRole('dialog', { name: 'Options' });
  assert.equal(await dialog.getByLabel('Coming in').inputValue(), '300 kB');
  await dialog.getByLabel('Coming in').fill('fast');
  await dialog.getByText('Give a number with a unit').waitFor();
  await dialog.getByLabel('Coming in').fill('450 kB');
  await dialog.getByLabel('Going out').fill('1MiB');
  await dialog.getByLabel('Sent for each byte fetched').fill('1.5');
  await dialog.getByLabel('Hours shared while complete').fill('2');
  await dialog.getByLabel('Place in the queue').selectOption('last');
  await dialog.getByLabel('When it runs').selectOption('yes');
  await dialog.getByLabel('Trackers').fill('http://127.0.0.1:9/announce\nwss://tracker.example/');
  await assertAccessible(page, 'options');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'hidden' });
  const one = await state(id);
  assert.deepEqual(
    [one.limits, one.goals, one.isForced, one.trackers, one.place],
    [
      { down: 450_000, up: 1_048_576 },
      { ratio: 1.5, seconds: 7200 },
      true,
      ['http://127.0.0.1:9/announce', 'wss://tracker.example/'],
      1,
    ],
  );
  await page.getByRole('link', { name: 'Back to the transfers' }).click();
  await page.getByRole('grid').focus();
  await page.keyboard.press('Control+a');
  await page.getByRole('button', { name: 'Options' }).click();
  const many = page.getByRole('dialog', { name: 'Options of 2 transfers' });
  await many.getByLabel('Coming in').fill('none');
  await many.getByLabel('Further trackers').fill('not a tracker');
  await many.getByRole('button', { name: 'Save' }).click();
  await page.getByText(/A tracker is an address/).waitFor();
  await many.getByLabel('Further trackers').fill('udp://127.0.0.1:9');
  await many.getByRole('button', { name: 'Save' }).click();
  await many.waitFor({ state: 'hidden' });
  const [changed, also] = [await state(id), await state(other.id)];
  assert.deepEqual(
    [changed.limits, changed.goals, changed.trackers.at(-1)],
    [{ down: null, up: 1_048_576 }, { ratio: 1.5, seconds: 7200 }, 'udp://127.0.0.1:9'],
  );
  assert.deepEqual(
    [also.limits, also.isForced, also.trackers],
    [{ down: null, up: 5000 }, false, ['udp://127.0.0.1:9']],
  );
  await close();
});

test('the nodes of the DHT are drawn and told', { skip }, async () => {
  const way = await node.peerAddress();
  const flags = ['--network', 'distributed', '--dht-bootstrap', way];
  const near = await startNode(join(folder, 'near'), { flags });
  const { page, close } = await openPage(browser, `${linkOf(near)}`);
  await page.getByRole('link', { name: 'Network' }).click();
  await page.getByText(/^\d+ nodes? of the DHT, \d+ of which answered lately/).waitFor({ timeout: 60_000 });
  await page.getByText('Node by node').click();
  await page.getByRole('rowheader', { name: way }).waitFor();
  await page.getByText('How to mend it:').waitFor();
  await assertAccessible(page, 'network');
  await close();
});
