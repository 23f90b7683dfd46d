// `npm test`: installs what is missing, then runs every test that this machine can run, under the pinned Node.
// `npm test -- packages/wire` runs those of one folder or file; other flags go to `node --test`.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { runInstead } from '../packages/cli/bin/launch.js';
import { bootstrap, root } from './bootstrap.js';

const node = await bootstrap();
const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith('-'));
const chosen = args.filter((arg) => !arg.startsWith('-')).map(testsUnder);
const all = ['packages/*/test/**/*.test.ts', 'tools/test/**/*.test.ts', 'lab/**/*.test.ts'];

process.chdir(root);
await runInstead(node, [
  '--test',
  // Most tests wait for sockets and disks more than they compute, and the slowest files come from different rooms.
  '--test-concurrency=2',
  // No single test may hang a run.
  '--test-timeout=300000',
  '--test-reporter=./tools/reporter.ts',
  '--test-reporter-destination=stdout',
  ...flags,
  ...(chosen.length > 0 ? chosen : all),
]);

function testsUnder(path) {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder ? `${resolve(path)}/**/*.test.ts` : resolve(path);
}
