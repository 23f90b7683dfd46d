// The examples of docs/library.md are run as they stand there.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, temporaryFolder } from './shoal.ts';

test('the examples of docs/library.md share, get and read a file', async (context) => {
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, 'film.mp4'), new Uint8Array(300_000).fill(5));
  const text = await readFile(new URL('../../../docs/library.md', import.meta.url), 'utf8');
  const examples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  const module = join(folder, 'examples.ts');
  const [head = '', ...rest] = examples;
  const library = new URL('../src/library.ts', import.meta.url).href;
  const code = `const folder = ${JSON.stringify(folder)};\n${head.replace("'shoal'", JSON.stringify(library))}${rest.join('\n')}`;
  await writeFile(module, code);
  const { code: exitCode, stdout, stderr } = await run(process.execPath, [module]);
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /accepts peers at port \d+/);
  assert.match(stdout, /300000 of 300000 bytes/);
  assert.match(stdout, /read 50000 bytes/);
  assert.match(stdout, /film\.mp4 is sharing/);
  assert.match(stdout, /\d+ connections/);
});
