// What an operator blocks is gone from wherever others see it, and comes back when it is unblocked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashOf, keyOf, publication, torrentOf } from '../catalogue/publishing.ts';
import { operatorToken, type Served, serve } from './serving.ts';

function operate(served: Served, method: string, path: string, body?: object): Promise<Response> {
  return fetch(new URL(`/api/moderation/${path}`, served.url), {
    method,
    headers: { Authorization: `Bearer ${operatorToken}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function seen(served: Served, word: string): Promise<number> {
  const places = [
    `/search?q=${word}`,
    `/feeds/rss?q=${word}`,
    `/feeds/atom?q=${word}`,
    `/feeds/json?q=${word}`,
    `/torznab/api?t=search&q=${word}`,
    `/api/search?q=${word}`,
    '/',
  ];
  const texts = await Promise.all(places.map((path) => served.text(path)));
  return texts.filter((text) => text.includes('Bad thing')).length;
}

test('what is blocked by hash, key or word is gone everywhere, is refused, and comes back', async (context) => {
  const served = await serve(context);
  const { catalogue } = served;
  await catalogue.take(
    publication(1, 'Bad thing', { by: 2, infoHashes: { v1: torrentOf(1), v2: new Uint8Array(32).fill(7) } }),
  );
  await catalogue.take(publication(2, 'Good thing', { by: 3 }));
  const second = '07'.repeat(20);
  for (const [kind, value, names] of [
    ['hash', hashOf(1), [hashOf(1), second]],
    ['hash', '07'.repeat(32), ['07'.repeat(32), hashOf(1)]],
    ['key', keyOf(2).id, [keyOf(2).id]],
    ['word', 'bad', ['bad']],
  ] as const) {
    assert.equal(await seen(served, 'thing'), 7);
    const blocked = await operate(served, 'POST', 'blocks', { kind, value, reason: 'It harms.', by: 'ann' });
    assert.equal(blocked.status, 200);
    assert.deepEqual(
      JSON.parse(await blocked.text()).blocked.map((one: { value: string }) => one.value),
      names,
    );
    assert.equal(await seen(served, 'thing'), 0);
    assert.equal((await served.get(`/torrent/${hashOf(1)}`)).status, 404);
    const again = publication(1, 'Bad thing', { by: 2, sequence: 9 });
    const refused = await fetch(new URL('/api/catalogue', served.url), {
      method: 'POST',
      body: Uint8Array.from(again),
    });
    assert.equal(refused.status, 403);
    assert.equal(JSON.parse(await refused.text()).error.code, 'blocked');
    for (const name of names)
      assert.equal((await operate(served, 'DELETE', `blocks/${kind}/${name}?by=bob`)).status, 200);
    assert.equal((await operate(served, 'DELETE', `blocks/${kind}/${value}`)).status, 404);
  }
  const { entries } = JSON.parse(await (await operate(served, 'GET', 'audit')).text());
  const told = entries.map(({ action, kind, by }: Record<string, string>) => `${by} ${action} ${kind}`);
  assert.deepEqual(told.slice(0, 4), [
    'bob unblock word',
    'ann block word',
    'bob unblock key',
    'ann block key',
  ]);
  assert.equal(entries[1].reason, 'It harms.');
  const older = JSON.parse(
    await (await operate(served, 'GET', `audit?before=${entries[1].number}&limit=1`)).text(),
  );
  assert.equal(older.entries[0].action, 'unblock');
  assert.equal(older.entries[0].kind, 'key');
});

test('a tracker that was told to refuses what is blocked', async (context) => {
  const served = await serve(context, { refusesBlocked: true });
  const announce = (hash: string) =>
    served.text(
      `/announce?info_hash=${hash.replaceAll(/../g, '%$&')}&peer_id=-SH0001-abcdefghijkl&port=1&left=0`,
    );
  assert.match(await announce(hashOf(1)), /interval/);
  await operate(served, 'POST', 'blocks', { kind: 'hash', value: hashOf(1) });
  assert.match(await announce(hashOf(1)), /this info_hash is blocked here/);
  assert.match(await announce(hashOf(2)), /interval/);
  assert.equal((await served.get(`/torrents/${hashOf(1)}.torrent`)).status, 404);
  await operate(served, 'DELETE', `blocks/hash/${hashOf(1)}`);
  assert.match(await announce(hashOf(1)), /interval/);
});

test('nobody but the operator moderates, and what makes no sense is refused', async (context) => {
  const served = await serve(context);
  for (const [method, path] of [
    ['GET', 'blocks'],
    ['POST', 'blocks'],
    ['DELETE', `blocks/hash/${hashOf(1)}`],
    ['GET', 'audit'],
    ['GET', 'reports'],
  ] as const) {
    const url = new URL(`/api/moderation/${path}`, served.url);
    const body = method === 'POST' ? '{"kind":"word","value":"all"}' : undefined;
    for (const headers of [{}, { Authorization: 'Bearer nonsense' }]) {
      const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
      assert.equal(response.status, 401, path);
    }
  }
  for (const [body, status] of [
    ['{', 400],
    ['[]', 400],
    ['{"kind":"hash","value":"xyz"}', 400],
    ['{"kind":"key","value":"00"}', 400],
    ['{"kind":"word","value":"!!"}', 400],
    ['{"kind":"ip","value":"1.2.3.4"}', 400],
    ['{"kind":"word","value":5}', 400],
    [`{"kind":"word","value":"${'x'.repeat(5_000)}"}`, 413],
  ] as const) {
    const response = await fetch(new URL('/api/moderation/blocks', served.url), {
      method: 'POST',
      headers: { Authorization: `Bearer ${operatorToken}` },
      body,
    });
    assert.equal(response.status, status, body.slice(0, 60));
  }
  assert.deepEqual(await served.catalogue.blocks(), []);
  assert.equal((await operate(served, 'GET', "audit?before=1'--")).status, 400);
});
