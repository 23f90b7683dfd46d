// Who may do what with a node: the token, pages of other origins, and requests that cannot be meant.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { openApiDocument, operations } from '@shoal/api';
import { createNodeWorld } from '@shoal/base/node';
import fc from 'fast-check';
import { createLog } from '../src/index.ts';
import { createServer } from '../src/server/server.ts';
import { makeFile, startTestNode, type TestNode, temporaryFolder } from './node.ts';

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** With these very headers, which fetch would not send. */
function ask(
  { node }: TestNode,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, node.url), { method, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => {
        const { error }: { error?: { code?: string } } = /json/.test(String(answer.headers['content-type']))
          ? JSON.parse(text === '' ? '{}' : text)
          : {};
        resolve({ status: answer.statusCode ?? 0, code: error?.code, headers: answer.headers });
      });
      answer.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

test('whatever is not a GET takes the token, and without it nothing changes', async (context) => {
  const folder = await temporaryFolder(context);
  const node = await startTestNode(context, folder);
  const path = await makeFile(folder, 'a.bin', 1000);
  const { id } = await node.client.call('addTransfer', { body: { path, isPaused: true } });
  const before = await node.client.call('transfer', { params: { id } });
  const origin = node.node.url.slice(0, -1);
  const changing = Object.values(operations).filter(({ method }) => method !== 'GET');
  for (const { method, path: pattern } of changing) {
    const place = pattern.replace('{id}', id).replace('{file}', '0');
    const cases: readonly [Record<string, string>, number, string][] = [
      [{}, 401, 'token-missing'],
      [{ origin }, 401, 'token-missing'],
      [{ cookie: 'shoal-session=guess', origin }, 401, 'token-missing'],
      [{ authorization: 'Bearer guess' }, 403, 'token-wrong'],
      [{ authorization: node.node.token }, 403, 'token-wrong'],
      [{ authorization: `Bearer ${node.node.token}`, origin: 'http://evil.example' }, 403, 'cross-site'],
      [{ authorization: `Bearer ${node.node.token}`, 'sec-fetch-site': 'cross-site' }, 403, 'cross-site'],
      [{ authorization: `Bearer ${node.node.token}`, origin: 'null' }, 403, 'cross-site'],
    ];
    for (const [headers, status, code] of cases) {
      const answer = await ask(node, method, place, headers);
      assert.deepEqual([answer.status, answer.code], [status, code], `${method} ${place}`);
    }
  }
  assert.deepEqual(await node.client.call('transfer', { params: { id } }), before);
});

test('a page shows the token once, and then its cookie, from its own origin alone', async (context) => {
  const node = await startTestNode(context, await temporaryFolder(context));
  const origin = node.node.url.slice(0, -1);
  const authorization = `Bearer ${node.node.token}`;
  const opened = await ask(node, 'POST', '/api/session', { authorization, origin });
  assert.equal(opened.status, 204);
  const [cookie = ''] = String(opened.headers['set-cookie']).split(';');
  assert.match(String(opened.headers['set-cookie']), /HttpOnly; SameSite=Strict/);
  assert.ok(!cookie.includes(node.node.token));
  const patch = (headers: Record<string, string>) =>
    ask(
      node,
      'PATCH',
      '/api/config',
      { 'content-type': 'application/json', ...headers },
      '{"limits.up":"1MB"}',
    );
  assert.equal((await patch({ cookie, origin })).status, 200);
  assert.equal((await patch({ cookie, 'sec-fetch-site': 'same-origin' })).status, 200);
  assert.equal((await patch({ cookie })).status, 401);
  assert.equal((await patch({ cookie, origin: 'http://127.0.0.1:1' })).code, 'cross-site');
  assert.equal((await patch({ cookie, origin, 'sec-fetch-site': 'same-site' })).code, 'cross-site');
  assert.equal((await ask(node, 'POST', '/api/session', { cookie, origin })).status, 400);
});

test('reading is open to programs of this machine, and to no page of another origin', async (context) => {
  const node = await startTestNode(context, await temporaryFolder(context));
  assert.equal((await ask(node, 'GET', '/api/transfers')).status, 200);
  const visit = {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  };
  for (const headers of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }, visit])
    assert.equal((await ask(node, 'GET', '/api/transfers', headers)).code, 'cross-site');
  assert.equal((await ask(node, 'GET', '/', visit)).status, 200);
  assert.equal((await ask(node, 'GET', '/api/transfers', { host: 'evil.example' })).code, 'host-refused');
});

test('two hundred clients at once are answered', async (context) => {
  const node = await startTestNode(context, await temporaryFolder(context));
  const answers = await Promise.all(Array.from({ length: 200 }, () => ask(node, 'GET', '/api/transfers')));
  assert.ok(answers.every(({ status }) => status === 200));
});

test('whoever is too slow to send a body is dropped', async (context) => {
  const { clock } = createNodeWorld();
  const log = createLog({ level: 'silent', clock, write: () => {} });
  const facts = () => ({ id: 'me', version: '1', network: 'hybrid', data: '/', uptimeSeconds: 1 });
  const app = createServer({ log, facts, patienceMs: 500 });
  context.after(() => app.close());
  app.post('/slow', () => 'never');
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const port = Number(new URL(url).port);
  const socket = connect(port, '127.0.0.1');
  context.after(() => socket.destroy());
  const head =
    'POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9';
  socket.write(`${head}\r\n\r\n{`);
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes.toString('latin1');
  });
  await new Promise((resolve) => socket.on('close', resolve).on('error', () => {}));
  assert.doesNotMatch(answer, /never/);
});

test('whatever is asked of an operation that the document names, the answer is no fault of the node', async (context) => {
  const folder = await temporaryFolder(context);
  const node = await startTestNode(context, folder);
  const path = await makeFile(folder, 'a.bin', 50_000);
  const { id } = await node.client.call('addTransfer', { body: { path } });
  const document: { paths?: Record<string, Record<string, unknown>> } = JSON.parse(
    await (await fetch(`${node.node.url}openapi.json`)).text(),
  );
  assert.deepEqual(document, JSON.parse(JSON.stringify(openApiDocument('0.1.0'))));
  const all = Object.entries(document.paths ?? {}).flatMap(([place, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), place] as const),
  );
  assert.ok(all.length >= 25);
  const words = fc.constantFrom(
    id,
    '0'.repeat(40),
    'f'.repeat(64),
    '..',
    '%2e%2e%2f',
    '0',
    '-1',
    '99999999999999999999',
    'NaN',
    '%00',
    'x'.repeat(500),
  );
  const keys = fc.constantFrom(
    ...['link', 'url', 'torrent', 'path', 'folder', 'labels', 'limits', 'goals', 'place', 'mode', 'peers'],
    ...['ids', 'action', 'change', 'priority', 'files', 'globs', 'name', 'isThere', 'select', 'network'],
  );
  const values = fc.oneof(
    fc.constantFrom<unknown>('magnet:?xt=urn:btih:0', 'AAAA', '/', '../..', 'pause', 'high', [id], {
      up: -1,
    }),
    fc.constantFrom<unknown>(
      'http://127.0.0.1:1/',
      'magnet:?',
      '\0',
      join(folder, 'x'),
      [],
      null,
      true,
      1e308,
    ),
    fc.jsonValue({ maxDepth: 3 }),
  );
  const bodies = fc.oneof(
    fc.dictionary(keys, values, { maxKeys: 3 }).map((body) => JSON.stringify(body)),
    fc.json(),
    fc.string(),
  );
  const queries = fc.dictionary(
    fc.constantFrom('limit', 'offset', 'sort', 'order', 'state', 'text', 'label', 'files', 'x'),
    fc.oneof(words, fc.constantFrom('name', 'up', 'true', '1')),
    { maxKeys: 3 },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...all.filter(([, place]) => place !== '/api/events')),
      words,
      words,
      queries,
      bodies,
      fc.boolean(),
      async ([method, place], one, other, query, body, hasToken) => {
        const at = place.replace('{id}', one).replace('{file}', other);
        const search = new URLSearchParams(query);
        const isReading = method === 'GET';
        const answer = await ask(
          node,
          method,
          `${at}?${search}`,
          {
            ...(hasToken && { authorization: `Bearer ${node.node.token}` }),
            ...(!isReading && { 'content-type': 'application/json' }),
          },
          isReading ? undefined : body,
        );
        assert.ok(
          answer.status < 500 || answer.status === 502 || answer.status === 507,
          JSON.stringify(answer),
        );
        if (!isReading && !hasToken)
          assert.ok(answer.status === 401 || answer.status === 404 || answer.status === 400);
        if (answer.status >= 400) assert.equal(typeof answer.code, 'string');
      },
    ),
    { numRuns: 400 },
  );
  assert.equal((await node.client.call('health', {})).status, 'ok');
});
