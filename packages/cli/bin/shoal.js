#!/usr/bin/env node
// The `shoal` command for whatever Node (20 or later) is on the path: finds the pinned Node and runs src/main.ts
// under it, in this very process where it already is the pinned one.

import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = new URL('../src/main.ts', import.meta.url);
const pinned = findPinnedNode();

// npm puts a shell between itself and us. Told to stop, that shell dies and tells nobody: then we stop as if told.
if (process.env.npm_execpath !== undefined) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  watch.unref();
}

if (pinned === undefined) {
  process.stderr.write(
    'Node 26, which Shoal runs on, is not installed here yet. Run `npm start` in its folder once.\n',
  );
  process.exitCode = 1;
} else if (process.version === `v${pinned.version}`) {
  // Worker threads look for it in their environment: it saves 40 ms for each.
  process.env.NODE_COMPILE_CACHE ??= pinned.codeCache;
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import(main.href);
} else {
  const { runInstead } = await import('./launch.js');
  const env = { NODE_COMPILE_CACHE: pinned.codeCache, ...process.env };
  await runInstead(pinned.path, [fileURLToPath(main), ...process.argv.slice(2)], { env });
}

function findPinnedNode() {
  const require = module.createRequire(import.meta.url);
  try {
    const manifest = require.resolve('node/package.json');
    const folder = dirname(manifest);
    const path = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    if (!existsSync(path)) return undefined;
    return {
      path,
      version: require(manifest).version,
      codeCache: join(folder, '..', '.cache', 'shoal', 'code'),
    };
  } catch {
    return undefined;
  }
}
