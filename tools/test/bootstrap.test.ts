// The bootstrap on a copy of itself in a small tree, with a stand-in for npm that installs, or fails, as told.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeTree } from './tree.ts';

const version = process.version.slice(1);
const packages = {
  '': { name: 'house' },
  'node_modules/node': { version, integrity: 'a' },
  'node_modules/leftpad': { version: '1.0.0', integrity: 'b' },
  'node_modules/only-elsewhere': { version: '1.0.0', integrity: 'c', optional: true },
};

/** Installs what the lock file says; `npm view`, which asks for the network, answers as NPM_VIEW says. */
const npm = `
  const fs = require('node:fs');
  const [command] = process.argv.slice(2);
  fs.appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n');
  const fails = process.env[command === 'view' ? 'NPM_VIEW' : 'NPM_CI'];
  if (fails) { console.error(fails); process.exit(1); }
  if (command === 'ci') {
    fs.rmSync('node_modules', { recursive: true, force: true });
    for (const name of ['node', 'leftpad']) {
      fs.mkdirSync('node_modules/' + name + '/bin', { recursive: true });
      fs.writeFileSync('node_modules/' + name + '/package.json', '{}');
    }
    if (process.env.NODE_SAYS) {
      const script = '#!/bin/sh\\necho "' + process.env.NODE_SAYS + '" >&2\\nexit 127\\n';
      fs.writeFileSync('node_modules/node/bin/node', script, { mode: 0o755 });
    } else {
      fs.symlinkSync(process.execPath, 'node_modules/node/bin/node');
    }
    const lock = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'));
    delete lock.packages['node_modules/only-elsewhere'];
    fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify(lock));
  }
`;

function makeHouse(t: TestContext): string {
  const root = makeTree(t, {
    'package.json': { name: 'house', type: 'commonjs' },
    'package-lock.json': { packages },
    'npm-cli.js': npm,
    'tools/run.mjs': "import { bootstrap } from './bootstrap.mjs';\nconsole.log(await bootstrap());",
  });
  copyFileSync(fileURLToPath(new URL('../bootstrap.js', import.meta.url)), join(root, 'tools/bootstrap.mjs'));
  return root;
}

async function bootstrap(root: string, environment: Readonly<Record<string, string>> = {}) {
  const env = {
    ...process.env,
    npm_execpath: join(root, 'npm-cli.js'),
    npm_node_execpath: process.execPath,
    ...environment,
  };
  const child = spawn(process.execPath, [join(root, 'tools/run.mjs')], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await once(child, 'close');
  return { code: child.exitCode, stdout: stdout.trim(), stderr };
}

function installs(root: string): number {
  if (!existsSync(join(root, 'calls'))) return 0;
  return readFileSync(join(root, 'calls'), 'utf8')
    .split('\n')
    .filter((call) => call.startsWith('ci')).length;
}

test('a bare tree is installed once, said in one line, and the pinned Node is handed back', async (t) => {
  const root = makeHouse(t);
  const first = await bootstrap(root);
  assert.equal(first.code, 0);
  assert.equal(first.stdout, join(root, 'node_modules/node/bin/node'));
  assert.match(first.stderr, /^Installing what Shoal needs.*done in \d+ s\.\n$/);
  const second = await bootstrap(root);
  assert.deepEqual([second.code, second.stderr, installs(root)], [0, '', 1]);
});

const damages: Readonly<Record<string, (root: string) => void>> = {
  'a package that is gone': (root) => rmSync(join(root, 'node_modules/leftpad'), { recursive: true }),
  'a Node that is gone': (root) => rmSync(join(root, 'node_modules/node/bin/node')),
  'a Node that does not run': (root) => {
    rmSync(join(root, 'node_modules/node/bin/node'));
    writeFileSync(join(root, 'node_modules/node/bin/node'), 'half', { mode: 0o755 });
  },
  'an install that was cut off': (root) => rmSync(join(root, 'node_modules/.package-lock.json')),
  'a lock file that has changed': (root) => {
    const changed = { ...packages, 'node_modules/leftpad': { version: '1.0.1', integrity: 'd' } };
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: changed }));
  },
  'the lock of an installer that died': (root) => {
    rmSync(join(root, 'node_modules'), { recursive: true });
    writeFileSync(join(root, '.installing'), '4194305');
  },
};

for (const [name, damage] of Object.entries(damages)) {
  test(`${name} is repaired`, async (t) => {
    const root = makeHouse(t);
    await bootstrap(root);
    damage(root);
    const { code, stderr } = await bootstrap(root);
    assert.equal(code, 0, stderr);
    assert.equal(installs(root), 2);
    assert.equal(existsSync(join(root, '.installing')), false);
  });
}

test('two commands at once install once', async (t) => {
  const root = makeHouse(t);
  const outcomes = await Promise.all([bootstrap(root), bootstrap(root)]);
  assert.deepEqual(
    outcomes.map(({ code }) => code),
    [0, 0],
  );
  assert.equal(installs(root), 1);
});

test('without a network the cache is tried, and then it says what is missing and how to get it', async (t) => {
  const root = makeHouse(t);
  const offline = { NPM_VIEW: 'npm error request failed, reason: getaddrinfo EAI_AGAIN packages.example' };
  const failed = await bootstrap(root, { ...offline, NPM_CI: 'npm error code ENOTCACHED' });
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /missing: Node .* registry cannot be reached \(EAI_AGAIN\)\.\nConnect/);
  assert.doesNotMatch(failed.stderr, /\bat .*bootstrap/);
  const cached = await bootstrap(root, offline);
  assert.equal(cached.code, 0);
  assert.match(readFileSync(join(root, 'calls'), 'utf8'), /ci .*--offline/);
});

const failures: readonly (readonly [output: string, said: RegExp])[] = [
  ['npm error code ENOSPC', /the disk is full/],
  ['npm error code EACCES', /may not write/],
  [
    'npm error code EINTEGRITY\nnpm error sha512 differs',
    /npm failed\.\nnpm error code EINTEGRITY\nnpm error sha512 differs\nTo see all of it/,
  ],
  [
    'npm error network request failed, reason: connect ECONNREFUSED 127.0.0.1:9',
    /cannot be reached \(ECONNREFUSED\)/,
  ],
];

for (const [output, said] of failures) {
  test(`an install that fails with ${output.split(' ').at(-1)} is explained`, async (t) => {
    const { code, stderr } = await bootstrap(makeHouse(t), { NPM_CI: output });
    assert.equal(code, 1);
    assert.match(stderr, said);
  });
}

test('a Node that this system cannot run is explained, and does not stay in the way', async (t) => {
  const root = makeHouse(t);
  const aptGet = join(root, 'bin/apt-get');
  mkdirSync(join(root, 'bin'));
  writeFileSync(aptGet, '#!/bin/sh\nexit 100\n', { mode: 0o755 });
  const NODE_SAYS =
    'node: error while loading shared libraries: libatomic.so.1: cannot open shared object file';
  const PATH = `${join(root, 'bin')}:${process.env.PATH}`;
  const { code, stderr } = await bootstrap(root, { NODE_SAYS, PATH });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /does not run here: node: error while .*libatomic.*\nInstall that library .*apt-get install libatomic1/,
  );
  assert.equal(existsSync(join(root, 'node_modules/node/bin/node')), false);
  assert.equal((await bootstrap(root)).code, 0);
});
