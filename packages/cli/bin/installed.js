#!/usr/bin/env node
// The `shoal` command of the installed package, whose sources are JavaScript already (tools/pack.ts puts it there in
// the place of shoal.js). It runs on whatever Node is on the path, from 24 on.

const oldestNode = 24;

if (Number(process.versions.node.split('.')[0]) < oldestNode) {
  process.stderr.write(
    `Shoal needs Node ${oldestNode} or later; this is ${process.version}. Get one from https://nodejs.org.\n`,
  );
  process.exitCode = 1;
} else {
  await import(new URL('../src/main.js', import.meta.url).href);
}
