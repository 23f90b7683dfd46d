// The system's Chromium with a page of a node, which fails the test when the page does: script errors, refusals of its
// policy, requests to others.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** What a test says when it cannot run here. */
export const skip = program === undefined && 'no Chromium on this machine';

export function openBrowser(): Promise<Browser> {
  assert.ok(program !== undefined);
  // Root has no sandbox, in CI's containers.
  return chromium.launch({ executablePath: program, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

export interface Watched {
  readonly page: Page;
  /** What went wrong so far; a test may take what it provoked out of it. */
  readonly troubles: string[];
  close(): Promise<void>;
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  // On a machine that is busy with all other tests, too.
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    troubles.push(`a script opened a box: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(url).origin) && !request.url().startsWith('blob:'))
      troubles.push(`asked somebody else: ${request.url()}`);
  });
  await page.goto(url);
  return {
    page,
    troubles,
    async close() {
      await context.close();
      assert.deepEqual(troubles, []);
    },
  };
}

/** What the browser itself notes of a failure that the test provoked. */
export function forgive(troubles: string[], provoked: RegExp): void {
  const rest = troubles.splice(0).filter((trouble) => !provoked.test(trouble));
  troubles.push(...rest);
}
