// The table of operations against what is written of it, and the client against bytes as they may come.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ApiError, createClient, type Fetch, operations } from '../src/index.ts';

test('docs/api.md lists every operation, and no other', async () => {
  const text = await readFile(new URL('../../../docs/api.md', import.meta.url), 'utf8');
  const listed = [...text.matchAll(/^\| `(\w+)` \| `(\w+ \S+)` \| (.+) \|$/gm)].map(
    ([, name, request, summary]) => [name, request, summary],
  );
  const expected = Object.entries(operations).map(([name, { method, path, summary }]) => [
    name,
    `${method} ${path}`,
    summary,
  ]);
  assert.deepEqual(listed, expected);
});

function answering(status: number, chunks: readonly string[]): Fetch {
  const bytes = chunks.map((chunk) => new TextEncoder().encode(chunk));
  async function* body(): AsyncGenerator<Uint8Array> {
    yield* bytes;
  }
  return async () => ({
    ok: status < 400,
    status,
    body: Object.assign(body(), { cancel: async () => {} }),
    json: async () => JSON.parse(chunks.join('')),
  });
}

test('events are read wherever the stream was cut', async () => {
  const stream =
    ': hello\n\nevent: removed\nid: a.1\ndata: {"kind":"removed","ids":["ü"]}\n\n:\n\nevent: reset\nid: a.2\ndata: {"kind":"reset"}\n\n';
  for (const size of [1, 2, 7, 1000]) {
    const chunks = stream.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? [];
    const client = createClient({ url: 'http://localhost/', fetch: answering(200, chunks) });
    const seen: unknown[] = [];
    for await (const told of client.events(undefined, new AbortController().signal)) seen.push(told);
    assert.deepEqual(seen, [
      { revision: 'a.1', event: { kind: 'removed', ids: ['ü'] } },
      { revision: 'a.2', event: { kind: 'reset' } },
    ]);
  }
});

test('a refusal has the code of the node, and what is no node says so', async () => {
  const said = '{"error":{"code":"not-found","message":"no"}}';
  const cases: readonly [Fetch, string, number][] = [
    [answering(404, [said]), 'not-found', 404],
    [answering(502, ['<html>']), 'no-node', 502],
    [() => Promise.reject(new Error('refused')), 'unreachable', 0],
  ];
  for (const [fetch, code, status] of cases) {
    const client = createClient({ url: 'http://localhost/', fetch });
    await assert.rejects(
      client.call('health', {}),
      (error: unknown) => error instanceof ApiError && error.code === code && error.status === status,
    );
  }
});
