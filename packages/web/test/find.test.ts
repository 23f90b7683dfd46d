// The page that searches, on a real index: publish on one node, find it on another, get it, rate it.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { assertAccessible } from './accessible.ts';
import { forgive, openBrowser, openPage, skip } from './browser.ts';
import { buildPages, makeFolder, removeFolder, startIndex, startNode, stopNodes } from './nodes.ts';

let browser: Browser;
let folder: string;

before(async () => {
  if (skip !== false) return;
  folder = await makeFolder();
  await buildPages();
  browser = await openBrowser();
});
after(async () => {
  if (skip !== false) return;
  await Promise.all([browser.close(), stopNodes()]);
  await removeFolder(folder);
});

test('what one node publishes is found by the page of another, fetched and rated', { skip }, async () => {
  const index = await startIndex(join(folder, 'index'));
  const [own, other] = await Promise.all([
    startNode(join(folder, 'own'), { index }),
    startNode(join(folder, 'other'), { index }),
  ]);
  const path = join(folder, 'Whale songs.txt');
  await writeFile(path, 'Deep and slow.\n'.repeat(1000));
  const { id } = await other.client.call('addTransfer', { body: { path, trackers: [`${index}announce`] } });

  const publisher = await openPage(browser, `${other.url}#token=${other.token}`);
  await publisher.page.getByRole('link', { name: 'Find', exact: true }).click();
  await publisher.page.getByText('No index has anything that fits.').waitFor();
  await publisher.page.getByRole('button', { name: 'Publish…' }).click();
  const form = publisher.page.getByRole('dialog');
  await form.getByLabel('What', { exact: true }).selectOption(id);
  await form.getByLabel('Title').fill('Songs of <b>whales</b>');
  await form.getByLabel('Description').fill('<img src=x onerror="window.broken=1">');
  await form.getByLabel('Category').selectOption('audio');
  await assertAccessible(publisher.page, 'publishing');
  await form.getByRole('button', { name: 'Publish', exact: true }).click();
  await publisher.page.getByText('Told 1 index.').waitFor();
  await publisher.close();

  const { page, close } = await openPage(browser, `${own.url}#token=${own.token}`);
  await page.getByRole('link', { name: 'Find', exact: true }).click();
  await page.getByRole('searchbox').fill('whales');
  await page.getByRole('heading', { name: 'Songs of <b>whales</b>' }).waitFor();
  await page.getByText('About it').click();
  await page.getByText('<img src=x onerror="window.broken=1">').waitFor();
  assert.equal(await page.evaluate('window.broken'), undefined);
  await assertAccessible(page, 'find');
  await page.getByRole('button', { name: 'Rate' }).click();
  await page.getByRole('dialog').getByLabel('4 stars').check();
  await page.getByRole('dialog').getByRole('button', { name: 'Rate' }).click();
  await page.getByText('Told 1 index.').waitFor();
  await page.getByText('4.0 of 5 stars from 1 rating').waitFor();
  await page.getByText(/^1 complete peer, 0 fetching$/).waitFor();
  await page.getByRole('button', { name: 'Get Songs' }).click();
  await page.getByRole('link', { name: 'Here already' }).click();
  await page.getByRole('progressbar', { name: /100 %/ }).waitFor({ timeout: 60_000 });
  await close();
});

test('a node that asks no index says how it could', { skip }, async () => {
  const alone = await startNode(join(folder, 'alone'));
  const { page, troubles, close } = await openPage(browser, `${alone.url}#/find`);
  await page.getByText(/Name an index under Settings/).waitFor();
  forgive(troubles, /409/);
  await close();
});
