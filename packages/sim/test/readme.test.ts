// The example of the README is run as it stands there.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { test } from 'node:test';

test('the example of the README runs and sends its megabyte in about a second', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const url = import.meta.resolve('@shoal/sim');
  const source = stripTypeScriptTypes(example).replace("'@shoal/sim'", JSON.stringify(url));
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => void lines.push(line);
  try {
    await import(`data:text/javascript,${encodeURIComponent(source)}`);
  } finally {
    console.log = log;
  }
  const [, milliseconds] = /^a megabyte in (\d+) ms of virtual time$/.exec(lines[0] ?? '') ?? [];
  assert.ok(Number(milliseconds) > 1000 && Number(milliseconds) < 10_000, lines.join());
});
