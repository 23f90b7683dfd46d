// What axe finds on a page against WCAG 2.2 AA, and against what it calls best practice.

import assert from 'node:assert/strict';
import axe from 'axe-core';
import type { Page } from 'playwright-core';

export async function assertAccessible(page: Page, where: string): Promise<void> {
  await page.evaluate(axe.source);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found: unknown = await page.evaluate(`axe
    .run({ runOnly: ${JSON.stringify(tags)} })
    .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map((node) => id + ': ' + node.html.slice(0, 200) + ' ' + (node.any[0]?.message ?? ''))))`);
  assert.deepEqual(found, [], where);
}
