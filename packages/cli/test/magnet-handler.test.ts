// `shoal magnet-handler`: what it writes for desktops, as their own programs read it, and what becomes of a link.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient } from '@shoal/api';
import { desktopEntry, withHandler, withoutHandler } from '../src/desktop/linux.ts';
import { installCalls, removeCalls } from '../src/desktop/windows.ts';
import { run, shoal, startUp, temporaryFolder } from './shoal.ts';

const needsLinux = process.platform !== 'linux' && 'for desktops of freedesktop.org';
const link = `magnet:?xt=urn:btih:${'ab'.repeat(20)}&dn=a%20film`;

async function hasProgram(name: string): Promise<boolean> {
  return (await run('sh', ['-c', `command -v ${name}`])).code === 0;
}

async function desktop(context: TestContext) {
  const home = await temporaryFolder(context);
  const env = {
    HOME: home,
    XDG_DATA_HOME: join(home, 'data'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_DIRS: join(home, 'system'),
    XDG_CONFIG_DIRS: join(home, 'system'),
    XDG_CURRENT_DESKTOP: '',
  };
  const entry = join(home, 'data/applications/shoal-magnet.desktop');
  return { home, env, entry, list: join(home, 'config/mimeapps.list') };
}

test('links open with Shoal after install, and with whoever had them before after remove', {
  skip: needsLinux,
}, async (context) => {
  const { home, env, entry, list } = await desktop(context);
  const before =
    '[Default Applications]\ntext/html=browser.desktop\nx-scheme-handler/magnet=other.desktop;\n\n[Added Associations]\nimage/png=viewer.desktop;\n';
  await mkdir(join(home, 'config'));
  await writeFile(list, before);
  await mkdir(join(home, 'data/applications'), { recursive: true });
  const other =
    '[Desktop Entry]\nType=Application\nName=Other\nExec=/bin/true %u\nMimeType=x-scheme-handler/magnet;\n';
  await writeFile(join(home, 'data/applications/other.desktop'), other);
  // Twice is once.
  for (const _ of [1, 2]) {
    const installed = await shoal(
      ['magnet-handler', 'install', '--data', join(home, 'a "b" $c%d\\e`'), '--json'],
      env,
    );
    assert.equal(installed.code, 0, installed.stderr + installed.stdout);
  }
  assert.match(
    await readFile(list, 'utf8'),
    /^x-scheme-handler\/magnet=shoal-magnet\.desktop;other\.desktop;$/m,
  );
  const asked: [string, string[], RegExp][] = [
    ['desktop-file-validate', [entry], /^$/],
    ['xdg-mime', ['query', 'default', 'x-scheme-handler/magnet'], /^shoal-magnet\.desktop\n$/],
    ['gio', ['mime', 'x-scheme-handler/magnet'], /^Default application for .*: shoal-magnet\.desktop\n/],
  ];
  for (const [program, words, expected] of asked) {
    if (!(await hasProgram(program))) {
      context.diagnostic(`${program} is not installed: not asked`);
      continue;
    }
    const { code, stdout, stderr } = await run(program, words, { ...env, LC_ALL: 'C' });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, expected, program);
  }
  assert.equal((await shoal(['magnet-handler', 'remove'], env)).code, 0);
  assert.equal(await readFile(list, 'utf8'), before);
  assert.ok(!existsSync(entry));
  assert.equal((await shoal(['magnet-handler', 'remove'], env)).code, 0);
});

test('what the desktop starts gets its words as they are', { skip: needsLinux }, async (context) => {
  if (!(await hasProgram('gio'))) return context.diagnostic('gio is not installed: not tried');
  const { home, env, entry } = await desktop(context);
  const told = join(home, 'told');
  const script = join(home, 'a "tell" $x `y` 100%.mjs');
  await writeFile(
    script,
    `import { renameSync, writeFileSync } from 'node:fs'; const [, , told, ...words] = process.argv; writeFileSync(told + '.new', words.join('\\n')); renameSync(told + '.new', told);`,
  );
  await mkdir(join(home, 'data/applications'), { recursive: true });
  await writeFile(
    entry,
    desktopEntry([process.execPath, script, told, 'a b', '"', '$HOME', '\\', '%u', '`']),
  );
  const { code, stderr } = await run('gio', ['launch', entry, link], env);
  assert.equal(code, 0, stderr);
  while (!existsSync(told)) await wait(50);
  assert.equal(await readFile(told, 'utf8'), ['a b', '"', '$HOME', '\\', '%u', '`', link].join('\n'));
});

test("nobody else's line of a list changes", () => {
  const lists = [
    '',
    '[Default Applications]\n',
    '[Default Applications]\nx-scheme-handler/magnet=one.desktop;two.desktop;\n',
    '# mine\n[Added Associations]\nx-scheme-handler/magnet=one.desktop;\n',
    '[Added Associations]\na/b=c.desktop;\n\n[Default Applications]\na/b=c.desktop\n\n[Removed Associations]\nd/e=f.desktop\n',
    '[Default Applications]\na/b=c.desktop',
  ];
  for (const text of lists) {
    const ours = withHandler(text);
    const [, section = ''] = /\[Default Applications\]\n([^[]*)/.exec(ours) ?? [];
    assert.match(section, /^x-scheme-handler\/magnet=shoal-magnet\.desktop;/m, text);
    assert.equal(withHandler(ours), ours, text);
    for (const line of text.split('\n').filter((line) => !line.startsWith('x-scheme-handler/magnet')))
      assert.ok(ours.includes(line), line);
    assert.ok(!withoutHandler(ours).includes('shoal'), text);
    assert.ok(withoutHandler(ours).startsWith(text.trimEnd()), text);
  }
});

test('on Windows the link is one word of the command', () => {
  const calls = installCalls(['C:\\Program Files\\node.exe', 'C:\\shoal.js', 'magnet-handler', 'open']);
  assert.deepEqual(
    calls.map(([verb]) => verb),
    ['add', 'add', 'add'],
  );
  assert.ok(calls[2]?.includes('"C:\\Program Files\\node.exe" "C:\\shoal.js" "magnet-handler" "open" "%1"'));
  assert.deepEqual(removeCalls(), [['delete', 'HKCU\\Software\\Classes\\magnet', '/f']]);
});

test('a link goes to the running node, and is known the second time', async (context) => {
  const data = await temporaryFolder(context);
  const flags = ['--network', 'centralized', '--port', '0', '--port-mapping', 'off'];
  const { child, url, ended } = await startUp(context, ['--data', data, '--downloads', data, ...flags]);
  const first = await shoal(['magnet-handler', 'open', link, '--data', data, '--json']);
  assert.match(first.stdout, /"event":"added","id":"(?:ab){20}"/, first.stdout + first.stderr);
  const second = await shoal(['magnet-handler', 'open', link, '--data', data, '--json']);
  assert.match(second.stdout, /"event":"known"/);
  const { transfers } = await createClient({ url, fetch }).call('transfers', {});
  assert.deepEqual(
    transfers.map(({ name }) => name),
    ['a film'],
  );
  for (const wrong of ['http://example.org/', 'magnet:?dn=nothing', '', '--help; touch x'])
    assert.notEqual((await shoal(['magnet-handler', 'open', '--data', data, '--', wrong])).code, 0, wrong);
  child.kill('SIGTERM');
  await ended;
});

test('without a node a terminal shows how it comes', { skip: needsLinux }, async (context) => {
  const home = await temporaryFolder(context);
  const programs = join(home, 'bin');
  const told = join(home, 'told');
  await mkdir(programs);
  const terminal = join(programs, 'x-terminal-emulator');
  await writeFile(terminal, `#!/bin/sh\nprintf '%s\\n' "$@" > '${told}.new' && mv '${told}.new' '${told}'\n`);
  await chmod(terminal, 0o755);
  const where = ['--data', join(home, 'data')];
  const env = { HOME: home, PATH: `${programs}:${process.env.PATH}` };
  const { code, stdout, stderr } = await shoal(
    ['magnet-handler', 'open', `${link}&x.y=%22%3B%20touch%20x`, ...where],
    env,
  );
  assert.equal(code, 0, stdout + stderr);
  while (!existsSync(told)) await wait(50);
  const words = (await readFile(told, 'utf8')).split('\n');
  assert.deepEqual(words.slice(words.indexOf('get'), -1), [
    'get',
    link,
    '-o',
    join(home, 'Downloads'),
    ...where,
  ]);
  const none = await shoal(['magnet-handler', 'open', link, ...where], { HOME: home, PATH: '/nowhere' });
  assert.equal(none.code, 1);
  assert.match(none.stderr, /no terminal to fetch it in/);
});
