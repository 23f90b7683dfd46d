// Names, labels and comments that strangers chose, through every field and page: they are text and nothing else. And
// what axe finds (WCAG 2.2 AA), wide and narrow, in both colours, on pages that show them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { assertAccessible } from './accessible.ts';
import { forgive, openBrowser, openPage, skip } from './browser.ts';
import { buildPages, makeFolder, type RunningNode, removeFolder, startNode, stopNodes } from './nodes.ts';
import { hostileTexts, makeTorrent } from './torrents.ts';

let browser: Browser;
let folder: string;
let node: RunningNode;
const ids: string[] = [];

before(async () => {
  if (skip !== false) return;
  folder = await makeFolder();
  await buildPages();
  [browser, node] = await Promise.all([openBrowser(), startNode(folder)]);
  const names = [...hostileTexts, 'x'.repeat(10_000), 'ש'.repeat(5000)];
  // Of names of files the node takes out what no disk takes; in links and comments everything stays.
  const files = hostileTexts.map((text, index) => `${index} ${text.replaceAll('/', '_').slice(0, 80)}.txt`);
  const labels = hostileTexts.map((text) => text.replace(/[\p{Cc},]/gu, ' ').slice(0, 60));
  for (const name of [hostileTexts[0], hostileTexts[1], 'x'.repeat(200)]) {
    const torrent = makeTorrent({ name: name?.replaceAll('/', '_') ?? '', files, comment: names.join(' ') });
    const body = { torrent, labels: [...new Set(labels)], isPaused: true };
    const added = await node.client.call('addTransfer', { body });
    ids.push(added.id);
  }
  for (const [index, name] of names.entries()) {
    const hash = (index + 1).toString(16).padStart(40, 'c');
    const link = `magnet:?xt=urn:btih:${hash}&dn=${encodeURIComponent(name)}&tr=${encodeURIComponent(`http://127.0.0.1:9/${name}`)}`;
    await node.client.call('addTransfer', { body: { link: link.slice(0, 8000), isPaused: true } });
  }
});
after(async () => {
  if (skip !== false) return;
  await Promise.all([browser.close(), stopNodes()]);
  await removeFolder(folder);
});

const linkOf = ({ url, token }: RunningNode): string => `${url}#token=${token}`;

async function assertUnbroken(page: Page, where: string): Promise<void> {
  assert.equal(await page.evaluate('window.broken'), undefined, where);
  const smuggled = await page.evaluate(
    `document.querySelectorAll('script:not([src]), iframe, math, style, [onerror], [onload], [onfocus], a[href^="javascript:"]').length`,
  );
  assert.equal(smuggled, 0, `${where}: markup of strangers`);
}

test('names and comments of strangers are text on every page', { skip }, async () => {
  const { page, close } = await openPage(browser, linkOf(node));
  await page.getByRole('grid').waitFor();
  await page.getByText('<img src=x onerror="window.broken=1">', { exact: true }).first().waitFor();
  await page.keyboard.press('Control+a');
  await assertUnbroken(page, 'the list');
  await page.keyboard.press('Delete');
  await page.getByRole('dialog').waitFor();
  await assertUnbroken(page, 'the dialog that removes');
  await page.keyboard.press('Escape');
  for (const id of ids) {
    for (const tab of ['overview', 'files', 'finders', 'log']) {
      await page.evaluate(`location.hash = '#/transfer/${id}/${tab}'`);
      await page.getByRole('navigation', { name: 'About this transfer' }).waitFor();
      await page.getByText('Loading…').waitFor({ state: 'hidden' });
      await assertUnbroken(page, `${id} ${tab}`);
    }
  }
  await close();
});

test('signs that turn the reading direction or hide are shown for what they are', { skip }, async () => {
  const { page, close } = await openPage(browser, linkOf(node));
  await page.getByLabel('Search by name or label').fill('gpj.exe');
  await page.getByRole('link', { name: 'cod‹U+202E›gpj.exe' }).first().waitFor();
  const title = page.getByRole('link', { name: 'cod‹U+202E›gpj.exe' }).first();
  assert.equal(await title.locator('bdi').count(), 1);
  await close();
});

test('a name of 10,000 characters moves nothing out of its place', { skip }, async () => {
  const { page, close } = await openPage(browser, linkOf(node), { viewport: { width: 390, height: 800 } });
  await page.getByLabel('Search by name or label').fill('xxxxxxxxxx');
  await page.getByRole('row', { name: /xxxx/ }).first().waitFor();
  const isWider = 'document.documentElement.scrollWidth > innerWidth';
  assert.equal(await page.evaluate(isWider), false);
  await page.getByRole('link', { name: /xxxx/ }).first().click();
  await page.getByRole('heading', { name: /xxxx/ }).waitFor();
  assert.equal(await page.evaluate(isWider), false);
  await close();
});

test('what is typed into any field comes back as text', { skip }, async () => {
  const { page, close } = await openPage(browser, linkOf(node));
  await page.getByRole('grid').waitFor();
  for (const text of hostileTexts) {
    await page.getByLabel('Search by name or label').fill(text);
    await assertUnbroken(page, `search: ${text}`);
  }
  await page.getByLabel('Search by name or label').fill('');
  await page.getByRole('button', { name: 'Add', exact: true }).first().click();
  await page.getByText('More choices').click();
  const dialog = page.getByRole('dialog');
  for (const text of hostileTexts) {
    for (const field of ['Links', 'Folder', 'Labels', 'Share a file or folder of the node’s machine'])
      await dialog.getByLabel(field, { exact: true }).fill(text);
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.getByRole('alert').waitFor();
    await assertUnbroken(page, `add: ${text}`);
  }
  await close();
});

for (const width of [1440, 390]) {
  test(`axe finds nothing at a width of ${width}, in both colours`, { skip }, async () => {
    const options = { viewport: { width, height: 800 }, reducedMotion: 'reduce' as const };
    const { page, troubles, close } = await openPage(browser, linkOf(node), options);
    const look = async (where: string): Promise<void> => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await assertAccessible(page, `${where}, ${colorScheme}`);
      }
    };
    await page.getByRole('grid').waitFor();
    await page.getByRole('checkbox').first().click();
    await look('transfers');
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await look('keys');
    await page.keyboard.press('Escape');
    await page.keyboard.press('a');
    await page.getByText('More choices').click();
    await look('add');
    await page.keyboard.press('Escape');
    await page.keyboard.press('o');
    await page.getByRole('dialog', { name: 'Options' }).waitFor();
    await look('options');
    await page.keyboard.press('Escape');
    for (const tab of ['overview', 'files', 'peers', 'finders', 'log']) {
      await page.evaluate(`location.hash = '#/transfer/${ids[1]}/${tab}'`);
      await page.getByText('Loading…').waitFor({ state: 'hidden' });
      await look(tab);
    }
    for (const name of ['Find', 'Network', 'Settings']) {
      await page.getByRole('link', { name, exact: true }).click();
      await page.getByRole('heading', { name, exact: true }).waitFor();
      await look(name);
    }
    // The page that searches says that no index is asked here.
    forgive(troubles, /409/);
    await close();
  });
}
