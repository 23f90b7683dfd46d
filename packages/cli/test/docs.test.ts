// The examples of docs/verbs, each page run as it stands: its blocks of sh, one after the other in an empty folder, with
// `shoal` being this command. Comments prepare what a reader would have: `<!-- before … -->` is a script, and from
// `<!-- node -->` on a node runs. A command that fails, fails the page.

import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { verbs } from '../src/verbs.ts';
import { run, shoalPath, temporaryFolder } from './shoal.ts';

const folder = join(import.meta.dirname, '../../../docs/verbs');
const pages = (await readdir(folder)).filter((name) => name.endsWith('.md'));

/** Ends what a page has left running, and a page that hangs. */
const frame = (script: string): string => `set -euo pipefail
trap 'code=$?; kill $(jobs -p) 2>/dev/null || true; wait; exit $code' EXIT
node_up() {
  shoal up --api 127.0.0.1:0 --port 0 > "$HOME/ready" 2> "$HOME/log" &
  until grep -q running "$HOME/ready"; do kill -0 $! || { cat "$HOME/log"; exit 1; }; sleep 0.05; done
}
${script}`;

function scriptOf(page: string): string {
  const parts = page.matchAll(/^<!-- before\n([\s\S]*?)^-->$|^(<!-- node -->)$|^```sh\n([\s\S]*?)^```$/gm);
  return [...parts]
    .map(([, before, node, example]) => before ?? (node ? 'node_up\n' : (example ?? '')))
    .join('');
}

const examples = pages.map((name) => ({
  name: `docs/verbs/${name}`,
  read: () => readFile(join(folder, name), 'utf8'),
}));
const firstMinutes = {
  name: 'README.md',
  read: async () => {
    const text = await readFile(join(folder, '../../README.md'), 'utf8');
    return /^## Your first ten minutes\n[\s\S]*?^## /m.exec(text)?.[0] ?? '';
  },
};

for (const { name, read } of [...examples, firstMinutes])
  test(`the examples of ${name} run`, {
    skip: process.platform === 'win32' && 'needs bash',
  }, async (context) => {
    const home = await temporaryFolder(context);
    const shim = join(home, 'bin', 'shoal');
    await mkdir(join(home, 'bin'));
    await writeFile(shim, `#!/bin/sh\nexec "${process.execPath}" "${shoalPath}" "$@"\n`, { mode: 0o755 });
    await mkdir(join(home, 'here'));
    const script = scriptOf(await read());
    assert.match(script, /^shoal /m, 'a page without an example');
    const ended = await run('timeout', ['60', 'bash', '-c', `cd "$HOME/here"\n${frame(script)}`], {
      HOME: home,
      PATH: `${join(home, 'bin')}:${process.env.PATH}`,
      XDG_CONFIG_HOME: join(home, 'config'),
      XDG_STATE_HOME: join(home, 'state'),
    });
    assert.equal(ended.code, 0, `${ended.stdout}\n${ended.stderr}`);
  });

test('each verb has its page, and the index of the docs names it', async () => {
  const index = await readFile(join(folder, '../README.md'), 'utf8');
  for (const { name } of verbs) {
    assert.ok(pages.includes(`${name}.md`), `docs/verbs/${name}.md is missing`);
    assert.ok(index.includes(`(verbs/${name}.md)`), `docs/README.md does not name ${name}`);
  }
});
