// `npm run pack -- [FOLDER]`: one installable package, shoal-VERSION.tgz, in FOLDER (dist, unless told). It has the
// rooms that the command and the library reach, as JavaScript (Node strips no types below node_modules), in the same
// folders as here, so that what they find beside themselves is there; the pages, the man pages, the service files, and
// every package of others that runs, as package-lock.json has it: installing needs no network.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emit } from './pack/emit.ts';
import { copyPackages } from './pack/packages.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = resolve(process.argv[2] ?? join(root, 'dist'));
const mostTries = 5;
const stage = mkdtempSync(join(tmpdir(), 'shoal-pack-'));

try {
  const rooms = emit(root, stage);
  copyPages();
  cpSync(join(root, 'packages/cli/service'), join(stage, 'service'), { recursive: true });
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md']) cpSync(join(root, file), join(stage, file));
  const command = join(stage, 'packages/cli/bin/shoal.js');
  cpSync(join(root, 'packages/cli/bin/installed.js'), command);
  chmodSync(command, 0o755);
  run(process.execPath, ['packages/cli/src/main.ts', 'man', '--output', join(stage, 'man')]);
  const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const dependencies = copyPackages(root, stage, rooms);
  const manifest = {
    name: 'shoal',
    version,
    description: 'A peer-to-peer node: the shoal command, and createNode for programs.',
    license,
    type: 'module',
    engines: { node: '>=24' },
    bin: { shoal: 'packages/cli/bin/shoal.js' },
    exports: {
      '.': { types: './packages/cli/src/library.d.ts', default: './packages/cli/src/library.js' },
    },
    man: readdirSync(join(stage, 'man')).map((page) => `./man/${page}`),
    files: ['packages', 'service', 'man', 'CHANGELOG.md'],
    dependencies,
    bundleDependencies: Object.keys(dependencies),
  };
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  mkdirSync(target, { recursive: true });
  run('npm', ['pack', '--silent', '--ignore-scripts', '--offline', '--pack-destination', target], stage);
  console.log(join(target, `shoal-${version}.tgz`));
} finally {
  rmSync(stage, { recursive: true, force: true });
}

/** Another build that ends at this moment takes the pages away while they are copied, and brings the same ones. */
function copyPages(): void {
  for (let tries = 1; ; tries++) {
    run(process.execPath, ['tools/pages.js']);
    try {
      cpSync(join(root, 'packages/web/dist'), join(stage, 'packages/web/dist'), { recursive: true });
      return;
    } catch (error) {
      if (tries === mostTries) throw error;
    }
  }
}

function run(command: string, args: readonly string[], cwd = root): void {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: command === 'npm' && process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed.\n${stdout}${stderr}`);
}
