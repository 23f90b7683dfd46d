// Builds the pages into dist/: files with hashes in their names, each beside its brotli and gzip form. The new build
// takes the place of the old one at the end, so that a build that fails, or two at once, leave a whole one behind.

import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';

const room = import.meta.dirname;
const target = join(room, 'dist');
const making = `${target}-${process.pid}`;

/** Images are compressed as they are; smaller files gain nothing. */
const worthCompressing = /\.(?:html|js|css|svg)$/;
const smallestCompressed = 1000;
const mostTries = 5;

try {
  await build({
    root: room,
    configFile: false,
    logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic' } },
    build: {
      outDir: making,
      emptyOutDir: true,
      target: 'es2023',
      // The policy of the pages refuses whatever is not a file of its own.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  });
  compress(making);
  putInPlace();
} finally {
  rmSync(making, { recursive: true, force: true });
}

/** Another build may do the same at this moment: one of them is the last. */
function putInPlace(): void {
  for (let tries = 1; ; tries++) {
    rmSync(target, { recursive: true, force: true });
    try {
      renameSync(making, target);
      return;
    } catch (error) {
      if (tries === mostTries) throw error;
    }
  }
}

function compress(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !worthCompressing.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    if (bytes.length < smallestCompressed) continue;
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
}
