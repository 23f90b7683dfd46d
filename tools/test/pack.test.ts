// What `npm run pack` makes, installed into an empty folder without a network and used from there; and what `npm run
// executable` makes of it, on a machine without Node.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const execute = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'shoal-package-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The older Node that the package promises to run on; each system's binary is a package of npm by itself. */
const olderNode = `node-${process.platform}-${process.arch}@24.9.0`;
const installFlags = ['--no-audit', '--no-fund', '--no-progress', '--loglevel=error', '--ignore-scripts'];

await execute(process.execPath, [join(root, 'tools/pack.ts'), folder]);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const home = emptyFolder('home');
// An empty cache: nothing but the file itself is there to install from.
const fromFile = ['--offline', '--cache', emptyFolder('cache'), join(folder, `shoal-${version}.tgz`)];
await execute('npm', ['install', ...installFlags, ...fromFile], { cwd: home });
const installed = join(home, 'node_modules/shoal');
const command = join(home, 'node_modules/.bin/shoal');

test('the package brings exactly the packages that are locked, and neither tests nor TypeScript to run', async () => {
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const { packages } = JSON.parse(readFileSync(join(home, 'node_modules/.package-lock.json'), 'utf8'));
  const others = Object.keys(packages).filter((path) => path.startsWith('node_modules/shoal/'));
  assert.ok(others.includes('node_modules/shoal/node_modules/fastify'));
  for (const path of others) {
    assert.equal(packages[path].version, locked[path.replace('node_modules/shoal/', '')].version, path);
  }
  const ours = globSync('packages/**', { cwd: installed });
  assert.deepEqual(
    ours.filter(
      (path) => (path.endsWith('.ts') && !path.endsWith('.d.ts')) || /\/test\/|\.test\./.test(path),
    ),
    [],
  );
  for (const file of ['man/shoal-get.1', 'service/shoal-user.service', 'packages/web/dist/index.html']) {
    assert.ok(readFileSync(join(installed, file), 'utf8').length > 100, file);
  }
});

test('the installed command and library make, share, get and show pages on the pinned Node', async () => {
  await useIt([process.execPath, command]);
  await useLibrary(process.execPath);
});

test('and on Node 24, where npm can get it', async (context) => {
  const place = emptyFolder('node-24');
  const flags = ['--prefer-offline', '--fetch-retries=0', ...installFlags];
  try {
    await execute('npm', ['install', ...flags, olderNode], { cwd: place, timeout: 120_000 });
  } catch {
    context.diagnostic(`npm cannot get ${olderNode} here: not tried`);
    return;
  }
  const node = join(place, 'node_modules', olderNode.replace(/@.*/, ''), 'bin/node');
  await useIt([node, command]);
  await useLibrary(node);
});

test('the executable does the same where nothing is installed, unpacks itself once, and for its user alone', {
  skip: process.platform !== 'linux' && 'it is for Linux',
}, async () => {
  const maker = [join(root, 'tools/executable.ts'), folder, join(folder, `shoal-${version}.tgz`)];
  const { stdout } = await execute(process.execPath, maker);
  const cache = join(folder, 'cache-of-user');
  const environment = { PATH: '/nowhere', XDG_CACHE_HOME: cache, HOME: folder, SHOAL_LAN: 'off' };
  await Promise.all([1, 2, 3].map(() => execute(stdout.trim(), ['--version'], { env: environment })));
  const unpacked = readdirSync(join(cache, 'shoal'));
  assert.equal(unpacked.length, 1);
  assert.match(unpacked[0] ?? '', /^[\d.]+-[0-9a-f]{12}$/);
  const place = join(cache, 'shoal', unpacked[0] ?? '');
  assert.equal(statSync(place).mode & 0o777, 0o700);
  await useIt([stdout.trim()], environment);

  const page = spawn(
    stdout.trim(),
    [
      'up',
      '--json',
      '--api',
      '127.0.0.1:0',
      '--port',
      '0',
      '--network',
      'centralized',
      '--port-mapping',
      'off',
      '--data',
      join(folder, 'up'),
    ],
    {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    for await (const line of createInterface({ input: page.stdout })) {
      const { event, url }: Record<string, unknown> = JSON.parse(line);
      if (event !== 'ready') continue;
      assert.match(await (await fetch(String(url))).text(), /<!doctype html>/i);
      break;
    }
  } finally {
    page.kill('SIGKILL');
  }

  // What others could have changed is not run.
  chmodSync(place, 0o777);
  await assert.rejects(
    execute(stdout.trim(), ['--version'], { env: { ...environment, TMPDIR: '/dev/null' } }),
    /somebody else's/,
  );
});

async function useIt(how: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const place = mkdtempSync(join(folder, 'use-'));
  const [program = '', ...before] = how;
  const shoal = (...words: string[]) => execute(program, [...before, ...words], { cwd: place, env });
  assert.equal((await shoal('--version')).stdout.trim(), version);

  const content = Buffer.alloc(3_000_000, 'what is shared ');
  writeFileSync(join(place, 'file.bin'), content);
  await shoal('make', 'file.bin', '-o', 'file.torrent');

  const words = ['share', 'file.bin', '--json', '--data', 'sharer', '--port', '0', '--no-lan'];
  const sharing = spawn(program, [...before, ...words], {
    cwd: place,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    for await (const line of createInterface({ input: sharing.stdout })) {
      const event: Record<string, unknown> = JSON.parse(line);
      if (event.event !== 'sharing') continue;
      const from = ['--peer', `127.0.0.1:${event.port}`, '--no-lan', '--data', 'getter', '-o', 'out'];
      await shoal('get', String(event.magnet), ...from);
      break;
    }
  } finally {
    sharing.kill('SIGKILL');
  }
  assert.deepEqual(readFileSync(join(place, 'out/file.bin')), content);
}

async function useLibrary(node: string): Promise<void> {
  const place = mkdtempSync(join(folder, 'library-'));
  writeFileSync(join(place, 'file.bin'), 'what is shared');
  writeFileSync(
    join(home, 'library.mjs'),
    `import { createNode } from 'shoal';
     const config = { lan: 'off', 'port-mapping': 'off' };
     await using node = await createNode({ data: ${JSON.stringify(join(place, 'library'))}, config });
     const shared = await node.share(${JSON.stringify(join(place, 'file.bin'))});
     const page = await fetch(node.url);
     console.log((await shared.show()).magnet, page.status, page.headers.get('content-type'));`,
  );
  const { stdout } = await execute(node, ['library.mjs'], { cwd: home });
  assert.match(stdout, /^magnet:\S+ 200 text\/html/);
}

function emptyFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, 'package.json'), '{"private":true}');
  return path;
}
