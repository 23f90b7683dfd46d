// Every static check, the same here and in CI: `npm run check`, or `npm run check types imports` for some of them.
// Each says its name and how long it took; the output of those that failed follows.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const checks: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  // Formatting, the order of imports, and lint.
  biome: ['biome', 'check', '--error-on-warnings', '--max-diagnostics=100', '.'],
  // Lint that knows types: promises nobody waits for, `any` that leaks in.
  oxlint: ['oxlint'],
  types: ['tsc', '--project', '.'],
  // The pages, which have a browser's names in place of Node's.
  pages: ['tsc', '--project', 'packages/web/src'],
  // Rooms import downwards and through exports; the platform is used in Node's world and the faces alone.
  imports: ['node', 'tools/check-imports.ts'],
  // Files, exports and dependencies that nobody uses.
  knip: ['knip', '--no-progress', '--no-config-hints'],
};

interface Outcome {
  readonly code: number;
  readonly output: string;
}

function run(command: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(`node_modules/.bin/${command}`, args, {
      cwd: root,
      shell: process.platform === 'win32',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', ({ message }) => resolve({ code: 1, output: message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in checks));
if (unknown.length > 0) {
  console.error(
    `There is no check called ${unknown.join(', ')}. There are: ${Object.keys(checks).join(', ')}.`,
  );
  process.exit(2);
}

for (const [name, [command, ...args]] of Object.entries(checks)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const began = performance.now();
  const { code, output } = await run(command, args);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  console.log(
    `${code === 0 ? '✔' : '✖'} ${name} (${seconds} s)${code === 0 && last !== '' ? `: ${last}` : ''}`,
  );
  if (code !== 0) {
    console.log(output.replace(/^/gm, '  '));
    process.exitCode = 1;
  }
}
