// The pages in a real browser, on real nodes: a first-time user, no token, a node that goes away, keys.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { forgive, openBrowser, openPage, skip } from './browser.ts';
import { buildPages, makeFolder, type RunningNode, removeFolder, startNode, stopNodes } from './nodes.ts';
import { makeTone } from './torrents.ts';

let browser: Browser;
let folder: string;
let node: RunningNode;
let seed: RunningNode;

before(async () => {
  if (skip !== false) return;
  folder = await makeFolder();
  await buildPages();
  [browser, node, seed] = await Promise.all([
    openBrowser(),
    startNode(join(folder, 'node')),
    startNode(join(folder, 'seed')),
  ]);
});
after(async () => {
  if (skip !== false) return;
  await Promise.all([browser.close(), stopNodes()]);
  await removeFolder(folder);
});

const linkOf = ({ url, token }: RunningNode): string => `${url}#token=${token}`;

/** A folder that the other node shares, as a link that names it. */
async function share(name: string): Promise<{ readonly id: string; readonly magnet: string }> {
  const path = join(folder, name);
  await mkdir(path);
  await writeFile(join(path, 'read me.txt'), 'What was shared <b>arrives</b>.\n');
  await writeFile(join(path, 'tone.wav'), makeTone(3));
  await writeFile(join(path, 'bytes.bin'), Buffer.alloc(3_000_000, name));
  const { id } = await seed.client.call('addTransfer', { body: { path } });
  for (;;) {
    const { magnet, state } = await seed.client.call('transfer', { params: { id } });
    if (state === 'sharing') return { id, magnet: `${magnet}&x.pe=${await seed.peerAddress()}` };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('somebody who was given the link adds a magnet link and watches it arrive', { skip }, async () => {
  const { id, magnet } = await share('First things');
  // Nothing flows until the page has shown whom it comes from.
  await seed.client.call('changeTransfer', { params: { id }, body: { limits: { up: 0 } } });
  const { page, close } = await openPage(browser, linkOf(node));
  assert.equal(await page.evaluate('location.hash'), '#/');
  await page.getByRole('button', { name: 'Add', exact: true }).first().click();
  await page.getByLabel('Links').fill(`${magnet}\n`);
  await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
  const row = page.getByRole('row', { name: /First things/ });
  await row.getByText('1 peer').waitFor({ timeout: 60_000 });
  await row.getByRole('link', { name: 'First things' }).click();
  await page.getByRole('link', { name: 'Peers' }).click();
  await page.getByText(/^1 peer; coming in/).waitFor();
  await page.getByRole('link', { name: 'Back to the transfers' }).click();
  await seed.client.call('changeTransfer', { params: { id }, body: { limits: { up: null } } });
  await row.getByText('100 %').waitFor({ timeout: 60_000 });
  await row.getByText('Sharing').waitFor();

  await row.getByRole('link', { name: 'First things' }).click();
  await page.getByRole('heading', { name: 'First things' }).waitFor();
  await page.getByText(/^(\d+) pieces of \1 here, 0 on their way$/).waitFor();
  await page.getByRole('link', { name: 'Files' }).click();
  await page.getByRole('link', { name: 'Look at read me.txt' }).click();
  await page.getByText('What was shared <b>arrives</b>.').waitFor();
  await page.getByRole('link', { name: 'Play tone.wav' }).click();
  const duration = "document.querySelector('audio')?.duration";
  while ((await page.evaluate(duration)) !== 3) await new Promise((resolve) => setTimeout(resolve, 50));
  for (const tab of ['Finders', 'Log', 'Overview'])
    await page.getByRole('link', { name: tab, exact: true }).click();
  await page.getByText('Info hash', { exact: true }).waitFor();
  await close();
});

test('without the token the page looks, and asks for it when something is to be changed', {
  skip,
}, async () => {
  const { magnet } = await share('Second things');
  const { page, troubles, close } = await openPage(browser, node.url);
  await page.getByText('Looking only').waitFor();
  await page.getByRole('button', { name: 'Add', exact: true }).first().click();
  await page.getByLabel('Links').fill(magnet);
  await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
  const question = page.getByRole('dialog', { name: 'May this page change things?' });
  await question.getByText('api-token').waitFor();
  await question.getByLabel('Token').fill('not the token');
  await question.getByRole('button', { name: 'Allow changes' }).click();
  await question.getByText('The node does not know this token.').waitFor();
  await question.getByLabel('Token').fill(linkOf(node));
  await question.getByRole('button', { name: 'Allow changes' }).click();
  await page.getByRole('row', { name: /Second things/ }).waitFor();
  assert.equal(await page.getByText('Looking only').count(), 0);
  // The browser itself notes the two refusals that were provoked.
  forgive(troubles, /401|403/);
  await close();
});

test('a link whose token ran out has its words', { skip }, async () => {
  const { page, troubles, close } = await openPage(browser, `${node.url}#token=old`);
  await page.getByText(/its link is old/).waitFor();
  assert.equal(await page.evaluate('location.hash'), '#/');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('Looking only').waitFor();
  forgive(troubles, /403/);
  await close();
});

test('a node that goes away is said, and its page goes on by itself when it is back', { skip }, async () => {
  const data = join(folder, 'leaving');
  let leaving = await startNode(data);
  const { port } = new URL(leaving.url);
  const { page, troubles, close } = await openPage(browser, linkOf(leaving));
  await page.getByText('Nothing here yet').waitFor();
  await leaving.stop();
  await page.getByText(/The node went away/).waitFor();
  leaving = await startNode(data, { api: `127.0.0.1:${port}` });
  await page.getByText(/The node went away/).waitFor({ state: 'hidden' });
  const link = `magnet:?xt=urn:btih:${'ab'.repeat(20)}&dn=After%20the%20pause`;
  await leaving.client.call('addTransfer', { body: { link } });
  await page.getByRole('row', { name: /After the pause/ }).waitFor();
  await page.getByText('Looking for somebody who has it').waitFor();
  await leaving.stop();
  forgive(troubles, /ERR_|Failed to fetch/);
  await close();
});

test('the list is worked with keys alone', { skip }, async () => {
  const many = await startNode(join(folder, 'many'));
  for (let i = 1; i <= 40; i++) {
    const link = `magnet:?xt=urn:btih:${i.toString(16).padStart(40, '0')}&dn=Thing%20${i}`;
    await many.client.call('addTransfer', { body: { link, isPaused: true } });
  }
  const { page, close } = await openPage(browser, linkOf(many));
  await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
  await page.getByRole('grid').focus();
  await page.keyboard.press('End');
  const rows = page.getByRole('row', { name: /Thing/ });
  await page.getByRole('row', { name: 'Thing 40' }).waitFor();
  await page.keyboard.press('Home');
  await page.getByRole('row', { name: 'Select Thing 1 Thing 1' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await page.getByText('3 selected').waitFor();
  assert.equal(await rows.and(page.locator('[aria-selected=true]')).count(), 3);
  await page.keyboard.press('l');
  await page.getByLabel('Add labels').fill('kept, films');
  await page.keyboard.press('Enter');
  await page.getByRole('navigation', { name: 'Show' }).getByRole('button', { name: /films/ }).click();
  await page.getByText('3 of 40 transfers').or(page.getByText('3 selected')).first().waitFor();
  await page.getByRole('grid').focus();
  await page.keyboard.press('Delete');
  await page
    .getByRole('dialog', { name: 'Remove 3 transfers?' })
    .getByRole('button', { name: 'Remove' })
    .click();
  await page.getByText('No transfer fits what you look for.').waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();
  await page.getByText('37 transfers').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('thing 17');
  await page.getByText('1 of 37 transfers').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('4');
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  await close();
});

test('settings are checked before they are sent, and kept', { skip }, async () => {
  const { page, close } = await openPage(browser, `${linkOf(node)}`);
  await page.getByRole('link', { name: 'Settings' }).click();
  // It was given as a flag, and this one no page may set.
  for (const fixed of ['network', 'scan.command'])
    assert.ok(await page.getByLabel(fixed, { exact: true }).isDisabled());
  const field = page.getByLabel('limits.up', { exact: true });
  await field.fill('a lot');
  await page.getByText(/This does not fit/).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Save' }).isDisabled(), true);
  await field.fill('5MB');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText(/^Saved\./).waitFor();
  const { keys } = await node.client.call('config', {});
  assert.equal(keys.find(({ key }) => key === 'limits.up')?.value, '5MB');
  await close();
});
