// The example of the README is run as it stands there.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { test } from 'node:test';

test('the example of the README measures a small DHT', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const url = import.meta.resolve('@shoal/experiments');
  const source = stripTypeScriptTypes(example).replace("'@shoal/experiments'", JSON.stringify(url));
  const lines: string[] = [];
  const { log, error } = console;
  console.log = (line: string) => void lines.push(line);
  console.error = () => {};
  try {
    await import(`data:text/javascript,${encodeURIComponent(source)}`);
  } finally {
    Object.assign(console, { log, error });
  }
  assert.match(lines[0] ?? '', /^\| 100, 10% gone +\| +(100|9\d)\.\d% \|/m);
});
