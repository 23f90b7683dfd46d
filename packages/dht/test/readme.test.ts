// The example of the README is run as it stands there.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { test } from 'node:test';

test('the example of the README finds a peer and an item', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const source = stripTypeScriptTypes(example).replaceAll(/'(@shoal\/[^']+)'/g, (_, name: string) =>
    JSON.stringify(import.meta.resolve(name)),
  );
  const lines: unknown[] = [];
  const { log } = console;
  console.log = (line: unknown) => void lines.push(line);
  try {
    await import(`data:text/javascript,${encodeURIComponent(source)}`);
  } finally {
    console.log = log;
  }
  assert.deepEqual(lines, [[{ address: '127.0.0.2', port: 6881 }], Uint8Array.from(Buffer.from('5:hello'))]);
});
