// What a page says and does when things come in other ways than by the button, and when they go wrong: dropped and pasted,
// the first run, a token that ran out, a full disk, a link that nobody has.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { assertAccessible } from './accessible.ts';
import { forgive, openBrowser, openPage, skip } from './browser.ts';
import { buildPages, makeFolder, type RunningNode, removeFolder, startNode, stopNodes } from './nodes.ts';
import { makeTorrent } from './torrents.ts';

let browser: Browser;
let folder: string;
let node: RunningNode;

before(async () => {
  if (skip !== false) return;
  folder = await makeFolder();
  await buildPages();
  [browser, node] = await Promise.all([openBrowser(), startNode(join(folder, 'node'))]);
});
after(async () => {
  if (skip !== false) return;
  await Promise.all([browser.close(), stopNodes()]);
  await removeFolder(folder);
});

const linkOf = ({ url, token }: RunningNode): string => `${url}#token=${token}`;

test('a torrent file that is dropped anywhere is added', { skip }, async () => {
  const torrent = makeTorrent({ name: 'Dropped', files: ['a.txt', 'b.txt'], comment: '' });
  const { page, close } = await openPage(browser, linkOf(node));
  await page.getByRole('button', { name: 'Add', exact: true }).first().waitFor();
  const drag = (kind: string) => `{
    const data = new DataTransfer();
    const bytes = Uint8Array.from(atob('${torrent}'), (one) => one.charCodeAt(0));
    data.items.add(new File([bytes], 'dropped.torrent'));
    dispatchEvent(new DragEvent('${kind}', { dataTransfer: data, cancelable: true, bubbles: true }));
  }`;
  await page.evaluate(drag('dragover'));
  await page.getByText('Drop torrent files or links to add them').waitFor();
  await page.evaluate(drag('drop'));
  const dialog = page.getByRole('dialog', { name: 'Add transfers' });
  await dialog.getByText('1 torrent file chosen').waitFor();
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('row', { name: /Dropped/ }).waitFor();
  await close();
});

test('a link that is pasted is added, and one that nobody has says that nothing is to be done', {
  skip,
}, async () => {
  const link = `magnet:?xt=urn:btih:${'cd'.repeat(20)}&dn=Pasted`;
  const { page, close } = await openPage(browser, linkOf(node));
  await page.getByRole('button', { name: 'Add', exact: true }).first().waitFor();
  await page.evaluate(`{
    const data = new DataTransfer();
    data.setData('text/plain', '${link}\\n');
    dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, cancelable: true, bubbles: true }));
  }`);
  const dialog = page.getByRole('dialog', { name: 'Add transfers' });
  await dialog.waitFor();
  assert.equal((await dialog.getByLabel('Links').inputValue()).trim(), link);
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('link', { name: 'Pasted' }).click();
  await page.getByText('Looking for somebody who has it').first().waitFor();
  await page.getByText(/None was found so far\. The node goes on asking by itself/).waitFor();
  await page.getByRole('link', { name: 'Files' }).click();
  await page.getByText('The list of files has not come yet.').waitFor();
  await page.getByRole('link', { name: 'Peers' }).click();
  await page.getByText('Nobody is connected.').waitFor();
  await close();
});

test('the first run asks three questions, and none of them again', { skip }, async () => {
  const fresh = await startNode(join(folder, 'fresh'), { flags: ['--no-lan'] });
  const { page, close } = await openPage(browser, linkOf(fresh));
  await page.getByRole('heading', { name: 'Welcome to Shoal' }).waitFor();
  await page.getByText(/^Three questions/).waitFor();
  await assertAccessible(page, 'welcome');
  await page.getByLabel('Where do downloads go?').fill(join(folder, 'elsewhere'));
  await page.getByRole('radio', { name: /Among peers/ }).check();
  await page.getByLabel('Coming in').fill('fast');
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Coming in').fill('3MB');
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('heading', { name: 'Welcome to Shoal' }).waitFor({ state: 'hidden' });
  const { keys } = await fresh.client.call('config', {});
  const saved = (key: string) => keys.find((one) => one.key === key)?.value;
  assert.deepEqual(
    [saved('downloads'), saved('network'), saved('limits.down'), saved('limits.up')],
    [join(folder, 'elsewhere'), 'distributed', '3MB', 'none'],
  );
  await page.getByRole('link', { name: 'Network' }).click();
  assert.ok(await page.getByRole('radio', { name: /Among peers/ }).isChecked());
  await page.getByRole('radio', { name: /Through servers/ }).click();
  await page.getByText('The kind of network was changed, and holds from now on.').waitFor();
  assert.equal((await fresh.client.call('node', {})).network, 'centralized');
  await page.getByText('This node is in no DHT', { exact: false }).waitFor();
  await close();
  // A browser that remembers nothing asks nothing, either: it was answered.
  const again = await openPage(browser, linkOf(fresh));
  await again.page.getByText('Nothing here yet').waitFor();
  assert.equal(await again.page.getByRole('heading', { name: 'Welcome to Shoal' }).count(), 0);
  await again.close();
});

test('a token that runs out under an open page is asked for anew, with the reason', { skip }, async () => {
  const data = join(folder, 'renewed');
  let renewed = await startNode(data);
  const { port } = new URL(renewed.url);
  const { page, troubles, close } = await openPage(browser, linkOf(renewed));
  await page.getByText('Nothing here yet').waitFor();
  await renewed.stop();
  await page.getByText(/The node went away/).waitFor();
  await rm(join(data, 'api-token'));
  renewed = await startNode(data, { api: `127.0.0.1:${port}` });
  await page.getByText('Looking only').waitFor();
  await page.keyboard.press('a');
  await page.getByLabel('Links').fill(`magnet:?xt=urn:btih:${'ef'.repeat(20)}&dn=Later`);
  await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
  const question = page.getByRole('dialog', { name: 'May this page change things?' });
  await question.getByText(/permission has run out/).waitFor();
  await question.getByLabel('Token').fill(renewed.token);
  await question.getByRole('button', { name: 'Allow changes' }).click();
  await page.getByRole('row', { name: /Later/ }).waitFor();
  forgive(troubles, /401|403|ERR_|Failed to fetch/);
  await close();
});

const mount = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c'];
const canMount =
  skip === false && spawnSync('unshare', [...mount.slice(1), 'mount -t tmpfs none /mnt']).status === 0;
const noDisk = skip !== false ? skip : !canMount && 'no disk can be mounted here (unshare --user --mount)';

test('a full disk is said, with what to do, and after that it goes on', { skip: noDisk }, async () => {
  const data = join(folder, 'full');
  await mkdir(join(data, 'small'), { recursive: true });
  const script = 'mount -t tmpfs -o size=2m none "$0" && shift 0 && exec "$@"';
  const full = await startNode(data, { prefix: [...mount, script, join(data, 'small')] });
  const seed = await startNode(join(folder, 'seed'));
  const path = join(folder, 'Too large.bin');
  await writeFile(path, Buffer.alloc(6_000_000, 'too large'));
  const { id } = await seed.client.call('addTransfer', { body: { path } });
  while ((await seed.client.call('transfer', { params: { id } })).state !== 'sharing')
    await new Promise((resolve) => setTimeout(resolve, 50));
  const { magnet } = await seed.client.call('transfer', { params: { id } });
  const peers = [await seed.peerAddress()];
  await full.client.call('addTransfer', { body: { link: magnet, peers, folder: join(data, 'small') } });
  const { page, close } = await openPage(browser, linkOf(full));
  const row = page.getByRole('row', { name: /Too large/ });
  await row.getByText('Disk full').waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: /Need help/ }).click();
  await row.getByRole('link').click();
  await page.getByText(/Make room there, or move it to another folder/).waitFor();
  await assertAccessible(page, 'a full disk');
  await page.getByRole('button', { name: 'Move', exact: true }).click();
  await page.getByLabel('To this folder').fill(join(data, 'large'));
  await page.getByRole('dialog').getByRole('button', { name: 'Move', exact: true }).click();
  const progress = page.getByRole('progressbar', { name: /100 %/ });
  const resume = page.getByRole('button', { name: 'Resume' });
  await progress.or(resume).first().waitFor({ timeout: 60_000 });
  while ((await progress.count()) === 0) {
    if (await resume.isVisible()) await resume.click({ timeout: 2000 }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await close();
});
