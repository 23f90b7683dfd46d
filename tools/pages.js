// Builds the pages of the node where they are missing or older than what they are made from. Plain JavaScript for
// Node 20, and a few milliseconds where nothing is to be done: it runs at each start.

import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../packages/', import.meta.url));
const built = join(packages, 'web/dist/index.html');
const sources = ['web/src', 'web/index.html', 'web/build.ts', 'web/package.json', 'api/src'];

/** A node without pages still does all else: a build that fails is said, and stops nothing. */
export async function buildPages(node) {
  const why = whyToBuild();
  if (why === undefined) return true;
  process.stderr.write(`Building the pages, which takes a few seconds (${why}) … `);
  const began = Date.now();
  const { code, output } = await run(node, [join(packages, 'web/build.ts')]);
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  process.stderr.write(
    code === 0 ? `done in ${seconds} s.\n` : `failed; the node runs without them.\n${output}`,
  );
  return code === 0;
}

function whyToBuild() {
  const builtMs = changedMs(built);
  if (builtMs === undefined) return 'there are none yet';
  const isNewer = (path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return false;
    // A folder is newer than the build when a file of it was added or removed.
    if (stats.mtimeMs > builtMs) return true;
    return stats.isDirectory() && readdirSync(path).some((name) => isNewer(join(path, name)));
  };
  return sources.some((path) => isNewer(join(packages, path))) ? 'their sources have changed' : undefined;
}

function changedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function run(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve) => {
    child.on('error', ({ message }) => resolve({ code: 1, output: `${message}\n` }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = (await buildPages(process.execPath)) ? 0 : 1;
}
