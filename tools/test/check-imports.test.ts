import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkImports } from '../check-imports.ts';
import { makeTree } from './tree.ts';

const fromSource = 'packages/wire/src/index.ts';
const fromTest = 'packages/wire/test/a.test.ts';

function room(name: string, more: object = {}): object {
  return { name: `@shoal/${name}`, exports: { '.': './src/index.ts' }, ...more };
}

const house = {
  'package.json': { devDependencies: { 'fast-check': '1.0.0' } },
  'packages/base/package.json': room('base', {
    exports: {
      '.': './src/index.ts',
      './node': './src/node/index.ts',
      './compliance': './src/compliance/index.ts',
    },
  }),
  'packages/base/src/index.ts': 'export const one = 1;',
  'packages/sim/package.json': room('sim', { dependencies: { '@shoal/base': '0' } }),
  'packages/sim/src/index.ts': "export { one } from '@shoal/base';",
  'packages/wire/package.json': room('wire', {
    dependencies: { '@shoal/base': '0', '@shoal/storage': '0', pure: '1' },
    devDependencies: { forTests: '1' },
  }),
  'packages/wire/src/index.ts': "import { one } from '@shoal/base';\nexport const two = one + one;",
  'packages/storage/package.json': room('storage', { dependencies: { '@shoal/wire': '0' } }),
  'packages/storage/src/index.ts': "import { two } from '@shoal/wire';\nexport const four = two + two;",
};

function problems(t: TestContext, files: Readonly<Record<string, string | object>>): string[] {
  const outcome = checkImports(makeTree(t, { ...house, ...files }));
  return outcome.problems.map(({ path, line, message }) => `${path}:${line} ${message}`);
}

test('a house in order has no problem, and the check says how much it read', (t) => {
  assert.deepEqual(checkImports(makeTree(t, house)), { modules: 4, imports: 3, problems: [] });
});

test('a check that read no module fails', (t) => {
  const root = makeTree(t, { 'package.json': {} });
  const script = fileURLToPath(new URL('../check-imports.ts', import.meta.url));
  const run = spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
  assert.equal(run.status, 1);
  assert.match(run.stdout, /No module was read/);
});

test('the command fails and names file and line where a rule is broken', (t) => {
  const root = makeTree(t, { ...house, [fromSource]: "\n\nimport 'node:net';" });
  const script = fileURLToPath(new URL('../check-imports.ts', import.meta.url));
  const run = spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
  assert.equal(run.status, 1);
  assert.match(run.stdout, /^packages\/wire\/src\/index\.ts:3 imports node:net: take the Streams/);
});

/** One file with one text, and what the one problem says. */
const broken: readonly (readonly [name: string, path: string, text: string, said: RegExp])[] = [
  [
    'a room may not import one that stands after it',
    fromSource,
    "import '@shoal/storage';",
    /wire may not know storage, which stands after it/,
  ],
  ['not for its types either', fromSource, "import type { four } from '@shoal/storage';", /stands after it/],
  [
    'nor with import() in a type',
    fromSource,
    "export type T = import('@shoal/storage').T;",
    /stands after it/,
  ],
  ['nor with a dynamic import', fromSource, "await import('@shoal/storage');", /stands after it/],
  ['nor by exporting from it', fromSource, "export * from '@shoal/storage';", /stands after it/],
  ['nor in a test', fromTest, "import '@shoal/storage';", /stands after it/],
  [
    'what a room does not export is not importable',
    fromSource,
    "import '@shoal/base/src/bytes.ts';",
    /does not export/,
  ],
  [
    'an undeclared package is not importable',
    fromSource,
    "import 'leftpad';",
    /leftpad, which packages\/wire\/package\.json does not declare/,
  ],
  ['what is declared for tests is not for the source', fromSource, "import 'forTests';", /does not declare/],
  ['what the root declares is not for the source', fromSource, "import 'fast-check';", /does not declare/],
  [
    'a relative path stays in its package',
    fromSource,
    "import '../../base/src/index.ts';",
    /reaches out of packages\/wire\//,
  ],
  [
    'so does that of a worker',
    fromSource,
    "export default new URL('../../base/src/index.ts', import.meta.url);",
    /reaches out/,
  ],
  [
    'so does that of lab',
    'lab/bench/a.ts',
    "import '../../packages/base/src/index.ts';",
    /reaches out of lab\//,
  ],
  ['source does not take from lab', fromSource, "import '../../../lab/a.ts';", /reaches out/],
  ['a room imports itself by relative paths', fromSource, "import '@shoal/wire';", /its own room by name/],
  ['require is refused', fromSource, "require('@shoal/base');", /with require/],
  ['import equals is refused', fromSource, "import a = require('@shoal/base');", /with require/],
  [
    'a computed import is refused',
    fromSource,
    "const a = '@shoal/' + 1;\nawait import(a);",
    /known only at run time/,
  ],
  ['a URL is no package', fromSource, "import 'data:text/javascript,1';", /only packages and relative files/],
  ['a test runner is not for the source', fromSource, "import 'node:test';", /tests stand in test/],
  ['a file that does not parse is a problem', fromSource, 'const = 1;', /does not parse/],
  ['a file that imports itself is a circle', fromSource, "import './index.ts';", /in a circle/],
];

for (const [name, path, text, said] of broken) {
  test(name, (t) => {
    const found = problems(t, { [path]: text });
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0] ?? '', said);
    assert.ok(found[0]?.startsWith(`${path}:`));
  });
}

test('two services do not know each other', (t) => {
  const found = problems(t, {
    'packages/talk/package.json': room('talk'),
    'packages/talk/src/index.ts': '',
    'packages/keep/package.json': room('keep', { dependencies: { '@shoal/talk': '0' } }),
    'packages/keep/src/index.ts': "import '@shoal/talk';",
  });
  assert.equal(found.length, 1);
  assert.match(found[0] ?? '', /keep may not know talk, which stands beside it/);
});

test('files that import each other are a circle, told once', (t) => {
  const found = problems(t, {
    'packages/wire/src/a.ts': "import './b.ts';",
    'packages/wire/src/b.ts': "import './c.ts';",
    'packages/wire/src/c.ts': "import './a.ts';",
  });
  assert.equal(found.length, 1);
  assert.match(found[0] ?? '', /a\.ts → .*b\.ts → .*c\.ts → .*a\.ts/);
});

test('types and dynamic imports make no circle', (t) => {
  const files = {
    'packages/wire/src/a.ts': "import type { B } from './b.ts';\nexport type A = B;",
    'packages/wire/src/b.ts':
      "import './a.ts';\nexport type B = 1;\nexport const later = () => import('./c.ts');",
    'packages/wire/src/c.ts': "import './b.ts';",
  };
  assert.deepEqual(problems(t, files), []);
});

test('a room that is not in the table, or is called otherwise, is a problem', (t) => {
  const found = problems(t, {
    'packages/attic/package.json': room('attic'),
    'packages/dht/package.json': room('kademlia'),
  });
  assert.equal(found.length, 2);
  assert.match(found.join('\n'), /attic is not in tools\/rooms\.ts.*\n.*the room dht is @shoal\/dht/);
});

test('lab may use what a room’s tests make', (t) => {
  assert.deepEqual(problems(t, { 'lab/fuzz/a.ts': "import '../../packages/wire/test/making.ts';" }), []);
});

test('a test may import the simulator, the compliance suite, what the root declares, and lab', (t) => {
  const text =
    "import '@shoal/sim';\nimport '@shoal/base/compliance';\nimport 'fast-check';\nimport 'forTests';\nimport '../../../lab/a.ts';";
  assert.deepEqual(
    problems(t, {
      [fromTest]: text,
      'packages/base/test/a.test.ts': "import '@shoal/sim';\nimport '@shoal/base';",
    }),
    [],
  );
});

const platform: readonly string[] = [
  "import 'node:net';",
  "import 'node:dgram';",
  "import 'node:dns';",
  "import 'node:dns/promises';",
  "import 'node:tls';",
  "import 'node:http';",
  "import 'node:https';",
  "import 'node:http2';",
  "import 'node:fs';",
  "import 'node:fs/promises';",
  "import 'fs';",
  "import 'node:worker_threads';",
  "import 'node:child_process';",
  "import 'node:os';",
  "import 'node:timers';",
  "import 'node:timers/promises';",
  "import 'node:perf_hooks';",
  "import process from 'node:process';",
  "import { createRequire } from 'node:module';",
  "import type { Socket } from 'node:net';",
  "export { readFile } from 'node:fs/promises';",
  "await import('node:fs');",
  "import { randomBytes } from 'node:crypto';",
  "import { randomUUID as id } from 'node:crypto';",
  "export { webcrypto } from 'node:crypto';",
  "import { generateKeyPairSync } from 'node:crypto';",
  "import crypto from 'node:crypto';",
  "import * as crypto from 'crypto';",
  "fetch('http://x');",
  'setTimeout(f, 1);',
  'setInterval(f, 1);',
  'setImmediate(f);',
  'const later = setTimeout;',
  'f({ setTimeout });',
  'performance.now();',
  'const t = Date.now();',
  'const t = Date.now;',
  "const t = Date['now']();",
  'new Date();',
  'new Date(...f());',
  'Date();',
  'const { now } = Date;',
  'Temporal.Now.instant();',
  'AbortSignal.timeout(1);',
  'Math.random();',
  'const { random } = Math;',
  'crypto.getRandomValues(f);',
  'crypto.randomUUID();',
  'process.hrtime();',
  'process.nextTick(f);',
  "process.getBuiltinModule('fs');",
  'process.env;',
  "globalThis.fetch('x');",
  'globalThis.Date.now();',
  "globalThis['setTimeout'](f);",
  'const g = globalThis;',
  "globalThis['set' + 'Timeout'](f);",
  "new WebSocket('ws://x');",
  'new MessageChannel();',
  'declare const fetch: unknown;\nf(fetch);',
  'export function g(): void {\n  { const setTimeout = f; setTimeout(); }\n  setTimeout(f);\n}',
  '(Date as unknown);',
];

for (const text of platform) {
  test(`a room may not go around the World with ${text.replaceAll('\n', ' ')}`, (t) => {
    const declared = `${text}\ndeclare function f(...given: unknown[]): unknown[];`;
    const found = problems(t, { [fromSource]: declared });
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0] ?? '', /(imports|uses) .*: \w+/);
  });
}

test('Node’s world, the node and the command may use the platform, and so may tests, lab and tools', (t) => {
  const text = "import 'node:net';\nsetTimeout(() => Date.now(), Math.random());";
  const files = {
    'packages/base/src/node/index.ts': text,
    'packages/node/package.json': room('node'),
    'packages/node/src/index.ts': text,
    'packages/cli/package.json': { name: 'shoal' },
    'packages/cli/src/main.ts': text,
    [fromTest]: text,
    'packages/wire/bench/a.ts': text,
    'lab/a.ts': text,
    'tools/a.ts': text,
  };
  assert.deepEqual(problems(t, files), []);
  assert.equal(problems(t, { 'packages/base/src/nodes.ts': text }).length, 4);
});

test('the compliance suite may use the test runner, and nothing else of the platform', (t) => {
  const path = 'packages/base/src/compliance/index.ts';
  assert.deepEqual(
    problems(t, {
      [path]: "import test from 'node:test';\nimport assert from 'node:assert/strict';\ntest.it(assert);",
    }),
    [],
  );
  assert.equal(problems(t, { [path]: "import 'node:net';" }).length, 1);
});

test('what only looks like the platform is let through', (t) => {
  const text = `
    import { createHash, sign, timingSafeEqual } from 'node:crypto';
    import type { KeyObject } from 'node:crypto';
    import { join } from 'node:path';
    export class Http { fetch(): number { return 1; } performance = 2; setTimeout?: () => void; }
    export function ask(fetch: (url: string) => void, { setTimeout }: { setTimeout: () => void }): void { fetch(''); setTimeout(); }
    export const clock = { setTimeout: (ms: number) => ms, Date: 1 };
    clock.setTimeout(new Http().fetch() + Math.floor(1.5) + Date.UTC(2000) + new Date(0).getTime());
    export type Fetch = typeof fetch;
    export const isDate = (value: unknown): boolean => value instanceof Date || typeof process === 'undefined';
    export const windows = process.platform === 'win32';
    for (const performance of [1]) createHash('sha1').update(String(performance));
    try { join('a'); } catch (fetch) { sign(fetch); }
    queueMicrotask(() => timingSafeEqual);
    export let date: Date | undefined;
    export let key: KeyObject | undefined;
  `;
  assert.deepEqual(problems(t, { [fromSource]: text }), []);
});
