// A crawler over the node's OpenAPI document: every operation with input that nearly fits its schema, from many clients at
// once, some slow, some huge, some without the token. The node must answer each with a stable error or what the
// document promises, stay well, and without the token nothing may change.
// Run: node lab/fuzz/api.ts [SECONDS] [SEED] [CLIENTS].

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const shoal = fileURLToPath(new URL('../../packages/cli/bin/shoal.js', import.meta.url));
const seconds = Number(process.argv[2] ?? 30);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const clients = Number(process.argv[4] ?? 200);

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly additionalProperties?: boolean | Schema;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: Schema;
}
interface Described {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

let state = seed >>> 0 || 1;
const below = (limit: number): number => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
};
const pick = <Item>(items: readonly Item[]): Item => {
  const item = items[below(items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
};

const folder = await mkdtemp(join(tmpdir(), 'shoal-crawl-'));
const data = join(folder, 'data');
const content = join(folder, 'content');
await mkdir(join(content, 'album'), { recursive: true });
for (const name of ['one.bin', 'two.bin', 'album/a.ogg', 'album/b.ogg'])
  await writeFile(join(content, name), Buffer.alloc(50_000, name));

const env = { ...process.env, XDG_CONFIG_HOME: folder, SHOAL_LAN: 'off' };
const words = [
  'up',
  '--json',
  '--data',
  data,
  '--downloads',
  join(folder, 'downloads'),
  '--api',
  '127.0.0.1:0',
];
const child = spawn(process.execPath, [shoal, ...words, '--port', '0', '--port-mapping', 'off'], {
  stdio: ['ignore', 'pipe', 'pipe'],
  env,
});
const errors: string[] = [];
createInterface({ input: child.stderr }).on('line', (line) => {
  if (line.includes('"level":"error"')) errors.push(line);
});
const [ready] = await once(createInterface({ input: child.stdout }), 'line');
const { url }: { url: string } = JSON.parse(String(ready));
const token = (await readFile(join(data, 'api-token'), 'utf8')).trim();

const ids: string[] = [];
/** What the crawl has removed is there again. */
async function restock(): Promise<void> {
  for (const name of ['one.bin', 'two.bin', 'album']) {
    const answer = await fetch(`${url}api/transfers`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ path: join(content, name) }),
    });
    const added: { id?: string } = JSON.parse(await answer.text());
    if (added.id !== undefined && !ids.includes(added.id)) ids.push(added.id);
  }
}
await restock();

const odd: readonly unknown[] = [
  ...[
    null,
    true,
    -1,
    0,
    1.5,
    1e308,
    -0,
    2 ** 53,
    '',
    ' ',
    'a\0b',
    '../../etc/passwd',
    '..%2f..%2f',
    '\u202e',
    '💾',
  ],
  ...[
    'x'.repeat(5000),
    [],
    [[]],
    {},
    { __proto__: null, constructor: 1 },
    '/dev/null',
    '/dev/zero',
    'none',
    'NaN',
  ],
  ...[
    '-1',
    '99999999999999999999',
    'true',
    'http://127.0.0.1:1/x',
    'magnet:?',
    `magnet:?xt=urn:btih:${'0'.repeat(40)}`,
  ],
];
const texts: readonly string[] = [
  ...[
    join(content, 'one.bin'),
    join(content, 'album'),
    join(folder, 'downloads'),
    join(folder, 'made', 'by', 'crawl'),
  ],
  ...[`magnet:?xt=urn:btih:${'1'.repeat(40)}`, `http://127.0.0.1:9/x.torrent`, 'http://127.0.0.1:9/'],
  ...[
    '*.ogg',
    'a.ogg',
    'label',
    'ab'.repeat(20),
    'cd'.repeat(32),
    '2MB',
    '500kB',
    'none',
    'off',
    'on',
    '127.0.0.1:6881',
  ],
];

function valueFor(schema: Schema, depth = 0): unknown {
  if (below(15) === 0 || depth > 6) return pick(odd);
  if (schema.enum !== undefined) return pick(schema.enum);
  const type = typeof schema.type === 'string' ? schema.type : pick(schema.type ?? ['string']);
  switch (type) {
    case 'object': {
      const value: Record<string, unknown> = {};
      for (const [name, inner] of Object.entries(schema.properties ?? {}))
        if (below(3) === 0 || (schema.required?.includes(name) === true && below(20) > 0))
          value[name] = valueFor(inner, depth + 1);
      if (typeof schema.additionalProperties === 'object' && below(2) === 0)
        value[pick(['limits.up', 'goals.ratio', 'x', '__proto__'])] = valueFor(
          schema.additionalProperties,
          depth + 1,
        );
      return value;
    }
    case 'array':
      return Array.from({ length: below(4) }, () => valueFor(schema.items ?? {}, depth + 1));
    case 'integer':
    case 'number':
      return pick([
        0,
        1,
        2,
        7,
        1000,
        schema.minimum ?? 0,
        schema.maximum ?? 1e9,
        (schema.maximum ?? 1e9) + 1,
        -1,
        0.5,
      ]);
    case 'boolean':
      return below(2) === 0;
    default:
      return below(4) === 0 ? pick(ids) : pick(texts);
  }
}

/** Of several ways to name a thing, one. */
function sensible(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || below(4) === 0) return value;
  const ways = ['link', 'url', 'torrent', 'path', 'transfer'].filter((name) => name in value);
  if (ways.length < 2) return value;
  const kept = pick(ways);
  return Object.fromEntries(Object.entries(value).filter(([name]) => name === kept || !ways.includes(name)));
}

const document: { paths: Record<string, Record<string, Described>> } = JSON.parse(
  await (await fetch(`${url}openapi.json`)).text(),
);
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => ({ path, method: method.toUpperCase(), described })),
);
const counts = new Map<string, number>();
const faults: string[] = [];
const endMs = Date.now() + seconds * 1000;
let asked = 0;
let turnedAway = 0;

async function ask(): Promise<void> {
  const { path, method, described } = pick(operations);
  let at = path;
  const search = new URLSearchParams();
  for (const { name, in: where, schema } of described.parameters ?? []) {
    const value = where === 'path' && below(3) > 0 && name === 'id' ? pick(ids) : valueFor(schema);
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (where === 'path') at = at.replace(`{${name}}`, encodeURIComponent(text) || '%20');
    else if (below(2) === 0) search.append(name, text);
  }
  const hasToken = below(5) > 0;
  const schema = described.requestBody?.content['application/json']?.schema;
  let body = schema === undefined ? undefined : JSON.stringify(sensible(valueFor(schema)));
  if (body !== undefined && below(15) === 0) body = body.slice(0, below(body.length + 1));
  if (body !== undefined && below(200) === 0) body = JSON.stringify({ x: 'y'.repeat(3_000_000) });
  const target = `${url.slice(0, -1)}${at}${search.size > 0 ? `?${search}` : ''}`;
  const headers = {
    ...(hasToken && { authorization: `Bearer ${below(20) === 0 ? `${token}0` : token}` }),
    ...(body !== undefined && {
      'content-type': pick(['application/json', 'application/json', 'text/plain']),
    }),
  };
  const what = `${method} ${target} ${body?.slice(0, 300) ?? ''}`;
  // What streams without an end is left after a moment.
  const isStream = described.operationId === 'events';
  const signal = AbortSignal.timeout(isStream ? 300 : 30_000);
  try {
    const request = { method, headers, signal, ...(body !== undefined && { body }) };
    // Beyond its bound of connections, which clients that left half-way fill up, a node accepts none: they come again.
    const answer = await fetch(target, request).catch(async (error: unknown) => {
      if (signal.aborted || isStream) throw error;
      turnedAway++;
      await new Promise((resolve) => setTimeout(resolve, 500));
      return fetch(target, request);
    });
    const text = isStream ? '' : await answer.text();
    if (isStream) await answer.body?.cancel();
    const key = `${described.operationId} ${answer.status}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (answer.status >= 500 && answer.status !== 502 && answer.status !== 507 && answer.status !== 503)
      faults.push(`${answer.status}: ${what}: ${text.slice(0, 200)}`);
    if (answer.status >= 400 && !isStream) {
      const { error }: { error?: { code?: unknown; message?: unknown } } = JSON.parse(text);
      if (typeof error?.code !== 'string' || typeof error.message !== 'string')
        faults.push(`no error: ${what}: ${text}`);
      if (/node_modules|packages\/|at .*:\d+:\d+/.test(text))
        faults.push(`it tells of its inside: ${what}: ${text}`);
    }
    if (method !== 'GET' && !hasToken && answer.status < 400)
      faults.push(`changed without the token: ${what}`);
  } catch (error) {
    if (isStream) return;
    if (body !== undefined && body.length > 1_000_000) return;
    faults.push(`no answer: ${what}: ${error} ${error instanceof Error ? error.cause : ''}`);
  }
  asked++;
}

/** Sends its request a few bytes at a time, or half of it and no more. */
async function drip(): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  const lines = `POST /api/transfers HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"link":`;
  for (let at = 0; at < lines.length && Date.now() < endMs && !socket.destroyed; at += 5) {
    socket.write(lines.slice(at, at + 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  socket.destroy();
}

try {
  console.log(`seed ${seed}, ${operations.length} operations, ${clients} clients`);
  await Promise.all([
    ...Array.from({ length: clients }, async () => {
      while (Date.now() < endMs && child.exitCode === null) await ask();
    }),
    (async () => {
      for (; Date.now() < endMs; await new Promise((resolve) => setTimeout(resolve, 200))) await restock();
    })().catch((error: unknown) => faults.push(`nothing can be added: ${error}`)),
    ...Array.from({ length: 20 }, async () => {
      while (Date.now() < endMs) await drip();
    }),
  ]);
  const health = await fetch(`${url}health`, { signal: AbortSignal.timeout(10_000) }).then(
    ({ status }) => `status ${status}`,
    (error: unknown) => String(error),
  );
  if (health !== 'status 200') faults.push(`it is not well at the end: ${health}`);
  const statuses = new Map<string, number>();
  for (const [key, count] of counts) {
    const status = key.split(' ')[1] ?? '';
    statuses.set(status, (statuses.get(status) ?? 0) + count);
  }
  console.log(`${asked} requests, ${turnedAway} connections turned away`, Object.fromEntries(statuses));
  const untried = operations.filter(
    ({ described }) => ![...counts.keys()].some((key) => key.startsWith(`${described.operationId} 2`)),
  );
  console.log('never done:', untried.map(({ described }) => described.operationId).join(', ') || 'none');
  for (const line of errors.slice(0, 10)) console.log('log:', line.slice(0, 600));
  for (const fault of new Set(faults.slice(0, 20))) console.log('FAULT', fault);
  process.exitCode = faults.length > 0 || errors.length > 0 ? 1 : 0;
  const stopMs = performance.now();
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = await exited;
  console.log(`stopped with ${code} after ${Math.round(performance.now() - stopMs)} ms`);
} finally {
  child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
