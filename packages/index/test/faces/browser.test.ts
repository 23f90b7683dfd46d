// The pages in a real browser: nothing that somebody published runs, loads or leaves its place; and people who need no
// mouse, little width or darkness can use them.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { hashOf, publication } from '../catalogue/publishing.ts';
import { hostile } from './hostile.ts';
import { serve } from './serving.ts';

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const skip = program === undefined && 'no Chromium on this machine';

async function withPage(
  run: (page: Page, troubles: string[]) => Promise<void>,
  origin: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<void> {
  const browser = await chromium.launch({
    executablePath: program ?? '',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  try {
    const page = await (await browser.newContext(options)).newPage();
    const troubles: string[] = [];
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('dialog', (dialog) => void dialog.dismiss());
    page.on('console', (message) => {
      // A refusal is a page with the status 4xx, which the browser notes.
      if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
        troubles.push(message.text());
    });
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== origin) troubles.push(`asked somebody else: ${request.url()}`);
    });
    // Set in the page's own world before anything of the page runs: so a script that got through is seen.
    await page.addInitScript('window.hacked = () => { document.documentElement.dataset.hacked = "yes"; }');
    await run(page, troubles);
    assert.deepEqual(troubles, []);
  } finally {
    await browser.close();
  }
}

test('a corpus of hostile texts in every field is shown as text', {
  skip,
  timeout: 180_000,
}, async (context) => {
  const { catalogue, origin } = await serve(context);
  // Other fields of a URL are looked at as text, beside this.
  const paths = (await hostile(catalogue)).filter((path) =>
    /^\/($|torrent\/|search\?(limit|q=(?!x&|a&)))/.test(path),
  );
  await withPage(async (page) => {
    for (const path of paths) {
      await page.goto(origin + path);
      const found = await page.evaluate(String.raw`({
        hacked: document.documentElement.dataset.hacked,
        strange: document.querySelectorAll(
          'script, iframe, img, svg, style, object, embed, base, math, template, meta[http-equiv]',
        ).length,
        handlers: [...document.querySelectorAll('*')].filter((one) =>
          [...one.attributes].some(
            ({ name }) => name.startsWith('on') || name === 'srcdoc' || name === 'style',
          ),
        ).length,
        addresses: [...document.querySelectorAll('a[href], form[action]')]
          .map((one) => ('href' in one ? String(one.href) : one.getAttribute('action')) ?? '')
          .filter((address) => !/^(http:\/\/127\.0\.0\.1|magnet:\?xt=|\/)/.test(address)),
        // The frame stands where it stands on every page.
        frame: [...document.body.children].map(({ localName }) => localName).join(' '),
      })`);
      assert.deepEqual(
        found,
        { hacked: undefined, strange: 0, handlers: 0, addresses: [], frame: 'a header main footer' },
        path,
      );
    }
  }, origin);
});

test('a text from right to left leaves the numbers beside it in their place, and no width is too small', {
  skip,
  timeout: 120_000,
}, async (context) => {
  const { catalogue, origin } = await serve(context);
  const long = 'ÄÖÜ_very-long.name'.repeat(11).slice(0, 200);
  await catalogue.take(
    publication(1, 'שלום עולם (2024)', { size: 12_300_000_000, files: [{ path: 'א/ב.mkv', length: 5 }] }),
  );
  await catalogue.take(
    publication(2, long, {
      description: 'x'.repeat(9_000),
      files: [{ path: long.repeat(2).slice(0, 200), length: 5 }],
    }),
  );
  for (const [width, colorScheme] of [
    [320, 'dark'],
    [1600, 'light'],
  ] as const)
    await withPage(
      async (page) => {
        for (const path of ['/', '/search?q=*', `/torrent/${hashOf(1)}`, `/torrent/${hashOf(2)}`]) {
          await page.goto(origin + path);
          const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
          assert.ok(Number(overflow) <= 0, `${path} at ${width}: ${overflow}`);
          const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
          assert.equal(ground, colorScheme === 'dark' ? 'rgb(20, 24, 28)' : 'rgb(255, 255, 255)');
        }
        await page.goto(origin);
        assert.equal(await page.locator('bdi', { hasText: 'שלום' }).count(), 1);
        const [title, size] = [page.getByText('שלום עולם'), page.getByText('12.3 GB')];
        const [above, below] = [await title.boundingBox(), await size.boundingBox()];
        assert.ok(above !== null && below !== null && above.y < below.y);
      },
      origin,
      { viewport: { width, height: 700 }, colorScheme },
    );
});

test('one who uses the keyboard alone finds, filters and opens; everything has a name', {
  skip,
  timeout: 120_000,
}, async (context) => {
  const { catalogue, origin } = await serve(context);
  await catalogue.take(publication(1, 'Whale song', { category: 'audio' }));
  await withPage(
    async (page) => {
      await page.goto(origin);
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate('document.activeElement?.textContent'), 'To the content');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.type('whale');
      await Promise.all([page.waitForURL(/search\?q=whale/), page.keyboard.press('Enter')]);
      await page.getByText('Filters and order').press('Enter');
      await page.getByLabel('Category').selectOption('audio');
      const button = page.locator('main').getByRole('button', { name: 'Search' });
      await Promise.all([page.waitForURL(/category=audio/), button.press('Enter')]);
      const link = page.getByRole('link', { name: 'Whale song', exact: true });
      await Promise.all([page.waitForURL(/\/torrent\//), link.press('Enter')]);
      assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Whale song');
      for (const path of ['/', '/search?q=whale', `/torrent/${hashOf(1)}`]) {
        await page.goto(origin + path);
        const nameless =
          await page.evaluate(`[...document.querySelectorAll('a, button, input, select, summary')].filter(
              (one) =>
                (
                  one.getAttribute('aria-label') ??
                  one.closest('label')?.textContent ??
                  one.textContent ??
                  ''
                ).trim() === '',
            ).length`);
        assert.equal(nameless, 0, path);
        assert.equal(await page.locator('h1').count(), 1);
      }
    },
    origin,
    { javaScriptEnabled: true },
  );
});
