// The API of a whole node, as programs and pages use it.

import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { ApiError, movingNumbers, type NodeEvent, type TransferSummary } from '@shoal/api';
import { testCertificate, testKey } from '@shoal/base/compliance';
import { bytesOf, makeFile, startTestNode, temporaryFolder, until } from './node.ts';

const codeIs = (code: string, status: number) => (error: unknown) =>
  error instanceof ApiError && error.code === code && error.status === status;

test('what one node shares another fetches by its link, tells as it comes, and plays', async (context) => {
  const folder = await temporaryFolder(context);
  const film = await makeFile(folder, 'film.mp4', 2_000_001);
  const [one, other] = await Promise.all(
    ['one', 'other'].map((name) => startTestNode(context, join(folder, name))),
  );
  assert.ok(one && other);
  const shared = await one.client.call('addTransfer', { body: { path: film } });
  await until(one, shared.id, ({ state, isComplete }) => state === 'sharing' && isComplete);
  const { magnet } = await one.client.call('transfer', { params: shared });
  const added = await other.client.call('addTransfer', {
    body: { link: magnet, folder: join(folder, 'there'), peers: [`127.0.0.1:${one.node.peerPort}`] },
  });
  assert.equal(added.id, shared.id);
  const done = await until(other, added.id, ({ isComplete }) => isComplete);
  assert.equal(done.bytes, 2_000_001);
  assert.deepEqual(await readFile(join(folder, 'there', 'film.mp4')), await readFile(film));

  const [file] = await other.client.call('files', { params: added });
  assert.deepEqual([file?.path, file?.bytes, file?.type], ['film.mp4', 2_000_001, 'video/mp4']);
  const { url } = other.node;
  const content = `${url}api/transfers/${added.id}/files/0/content`;
  const part = await fetch(content, { headers: { range: 'bytes=100000-300000' } });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get('content-range'), 'bytes 100000-300000/2000001');
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), (await readFile(film)).subarray(100_000, 300_001));
  const all = await fetch(content);
  assert.deepEqual(Buffer.from(await all.arrayBuffer()), await readFile(film));
  const head = await fetch(content, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), '2000001');
  assert.equal((await fetch(content, { headers: { range: 'bytes=2000001-' } })).status, 416);
  const playlist = await (await fetch(`${url}api/transfers/${added.id}/playlist.m3u8`)).text();
  assert.ok(playlist.includes(content), playlist);
  const torrent = await fetch(`${one.node.url}api/transfers/${added.id}/torrent`);
  assert.equal(torrent.headers.get('content-type'), 'application/x-bittorrent');

  const pieces = await other.client.call('pieces', { params: added });
  assert.ok(Buffer.from(pieces.states, 'base64').every((state) => state === 2));
  const kinds = (await other.client.call('log', { params: added })).map(({ kind }) => kind);
  assert.ok(kinds.includes('metadata') && kinds.includes('complete'), kinds.join());
});

test('whom pieces come from, who has them, and which nodes of the DHT are known is told', async (context) => {
  const folder = await temporaryFolder(context);
  const film = await makeFile(folder, 'film.mp4', 3_000_000);
  const sharing = await startTestNode(context, join(folder, 'one'));
  const { id } = await sharing.client.call('addTransfer', { body: { path: film } });
  const { magnet } = await sharing.client.call('transfer', { params: { id } });
  const way = `127.0.0.1:${sharing.node.peerPort}`;
  const fetching = await startTestNode(context, join(folder, 'two'), { 'dht.bootstrap': way });
  // So slow that some pieces stay under way.
  await fetching.client.call('addTransfer', {
    body: { link: magnet, peers: [way], limits: { down: 20_000 } },
  });
  const params = { id };
  for (let isTold = false; !isTold; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const { coming, comingPieces, states } = await fetching.client.call('pieces', { params });
    const underWay = Buffer.from(states, 'base64').filter((state) => state === 1).length;
    assert.equal(comingPieces, underWay);
    isTold = coming.some(({ from }) => from.some(({ address, asked }) => address === way && asked > 0));
    const [first] = coming;
    if (first !== undefined) assert.ok(first.received <= first.blocks && first.from.length > 0);
  }
  const { holders } = await fetching.client.call('pieceHolders', { params: { id, piece: 0 } });
  assert.deepEqual(
    holders.map(({ address }) => address),
    [way],
  );
  const beyond = fetching.client.call('pieceHolders', { params: { id, piece: 1_000_000 } });
  await assert.rejects(beyond, codeIs('not-found', 404));
  const [peer] = await fetching.client.call('peers', { params });
  assert.equal(peer?.tellers?.[0], 'given');

  let table = await fetching.client.call('dhtNodes', {});
  while (table.known === 0) table = await fetching.client.call('dhtNodes', {});
  const [node] = table.nodes;
  assert.deepEqual([node?.address, node?.family, table.known], [way, 4, 1]);
  assert.notEqual(node?.state, 'bad');
  assert.equal(node?.id.length, 40);
  assert.ok(table.families.some(({ family, id: own }) => family === 4 && own.length === 40));
});

test('rates come as numbers alone to whoever asks for that, and everything else in full', async (context) => {
  const folder = await temporaryFolder(context);
  const film = await makeFile(folder, 'film.mp4', 3_000_000);
  const sharing = await startTestNode(context, join(folder, 'one'));
  const { id } = await sharing.client.call('addTransfer', { body: { path: film } });
  const { magnet } = await sharing.client.call('transfer', { params: { id } });
  const { node, client } = await startTestNode(context, join(folder, 'two'));
  const { revision } = await client.call('transfers', {});
  const signal = AbortSignal.timeout(30_000);
  const { body } = await fetch(`${node.url}api/events?since=${revision}&rates=short`, { signal });
  const peers = [`127.0.0.1:${sharing.node.peerPort}`];
  await client.call('addTransfer', { body: { link: magnet, peers, limits: { down: 100_000 } } });
  const heard = new Map<string, TransferSummary>();
  let numbers = 0;
  let isLabelled = false;
  for await (const event of eventsOf(body)) {
    if (event.kind === 'transfers') for (const summary of event.changed) heard.set(summary.id, summary);
    if (event.kind !== 'rates') continue;
    for (const [of, ...values] of event.changed) {
      const before = heard.get(of);
      assert.ok(before !== undefined, 'numbers of something that was never told in full');
      const moved = Object.fromEntries(
        movingNumbers.map((name, index) => [name, values[index] ?? undefined]),
      );
      heard.set(of, { ...before, ...moved });
      numbers++;
    }
    if (numbers > 3 && !isLabelled) {
      isLabelled = true;
      await client.call('changeTransfer', { params: { id }, body: { labels: ['films'] } });
      await client.call('changeTransfer', { params: { id }, body: { limits: { down: null } } });
    }
    const { isComplete, bytes, total } = heard.get(id) ?? {};
    if (isComplete && bytes === total) break;
    if (bytes !== undefined && bytes === total && total > 0) break;
  }
  assert.deepEqual(heard.get(id)?.labels, ['films']);
});

async function* eventsOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<NodeEvent> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) {
    const whole = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
    text = whole.pop() ?? '';
    for (const event of whole) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data !== undefined) yield JSON.parse(data);
    }
  }
}

test('trackers are changed: those that stay keep their tiers, and what is no tracker is refused', async (context) => {
  const { client } = await startTestNode(context, await temporaryFolder(context));
  const [a, b, c] = ['http://127.0.0.1:9/a', 'udp://127.0.0.1:9', 'wss://tracker.example/'];
  const link = `magnet:?xt=urn:btih:${'7'.repeat(40)}&tr=${encodeURIComponent(a)}&tr=${encodeURIComponent(b)}`;
  const { id } = await client.call('addTransfer', { body: { link } });
  const params = { id };
  const trackers = async () => (await client.call('transfer', { params })).trackers;
  await client.call('changeTransfer', { params, body: { addTrackers: [c, a] } });
  assert.deepEqual(await trackers(), [a, b, c]);
  await client.call('changeTransfer', { params, body: { trackers: [c, b] } });
  assert.deepEqual(await trackers(), [b, c]);
  const finders = await client.call('finders', { params });
  assert.deepEqual(
    finders
      .filter(({ kind }) => kind === 'tracker')
      .map(({ teller }) => teller)
      .sort(),
    [b, c],
  );
  for (const wrong of ['javascript:alert(1)', 'http://', 'nowhere', 'file:///etc/passwd'])
    await assert.rejects(
      client.call('changeTransfer', { params, body: { addTrackers: [wrong] } }),
      codeIs('invalid', 400),
    );
  const { done } = await client.call('bulk', {
    body: { ids: [id], action: 'change', change: { trackers: [] } },
  });
  assert.deepEqual([done, await trackers()], [[id], []]);
  await client.call('announceTransfer', { params });
});

test('another kind of network holds at once: who is asked changes under running transfers', async (context) => {
  const folder = await temporaryFolder(context);
  const film = await makeFile(folder, 'film.mp4', 200_000);
  const sharing = await startTestNode(context, join(folder, 'one'), { network: 'distributed' });
  const way = `127.0.0.1:${sharing.node.peerPort}`;
  const other = await startTestNode(context, join(folder, 'other'), { 'dht.bootstrap': way });
  const { client } = await startTestNode(context, join(folder, 'two'), { 'dht.bootstrap': way });
  await client.call('changeConfig', { body: { network: 'centralized' } });
  assert.deepEqual((await client.call('dhtNodes', {})).families, []);
  assert.equal((await client.call('node', {})).network, 'centralized');

  const { id } = await sharing.client.call('addTransfer', { body: { path: film } });
  const { magnet } = await sharing.client.call('transfer', { params: { id } });
  // Somebody has to lead the first one in.
  await other.client.call('addTransfer', { body: { link: magnet, peers: [way] } });
  await until(other, id, ({ isComplete }) => isComplete);
  await client.call('addTransfer', { body: { link: magnet } });
  const { keys } = await client.call('changeConfig', { body: { network: 'distributed' } });
  assert.equal(keys.find(({ key }) => key === 'network')?.isLive, true);
  await until({ client }, id, ({ isComplete }) => isComplete);
  assert.ok((await client.call('dhtNodes', {})).known > 0);

  await client.call('changeConfig', { body: { network: 'centralized' } });
  const facts = await client.call('node', {});
  assert.deepEqual(
    [facts.network, facts.finders.find(({ kind }) => kind === 'dht')?.state],
    ['centralized', 'off'],
  );
  assert.deepEqual((await client.call('dhtNodes', {})).families, []);
  // To and fro within one breath: the last word holds.
  for (const network of ['hybrid', 'distributed', 'centralized', 'hybrid'] as const)
    await client.call('changeConfig', { body: { network } });
  while ((await client.call('dhtNodes', {})).known === 0)
    await new Promise((resolve) => setTimeout(resolve, 20));
});

test('a node that is in no DHT knows no nodes of it', async (context) => {
  const folder = await temporaryFolder(context);
  const { client } = await startTestNode(context, folder, { network: 'centralized' });
  assert.deepEqual(await client.call('dhtNodes', {}), { families: [], nodes: [], known: 0 });
});

test('a restarted node has its transfers as they were, and needs nobody for the metadata', async (context) => {
  const folder = await temporaryFolder(context);
  const film = await makeFile(folder, 'film.mkv', 300_000);
  const sharing = await startTestNode(context, join(folder, 'one'));
  const { id } = await sharing.client.call('addTransfer', { body: { path: film } });
  const { magnet } = await sharing.client.call('transfer', { params: { id } });
  const fetching = await startTestNode(context, join(folder, 'two'));
  await fetching.client.call('addTransfer', {
    body: {
      link: magnet,
      folder: join(folder, 'there'),
      labels: ['films'],
      peers: [`127.0.0.1:${sharing.node.peerPort}`],
    },
  });
  await until(fetching, id, ({ isComplete }) => isComplete);
  await fetching.client.call('changeTransfer', {
    params: { id },
    body: { limits: { up: 5000 }, goals: { ratio: 3 }, isForced: true },
  });
  await fetching.client.call('pauseTransfer', { params: { id } });
  await Promise.all([fetching.stop(), sharing.stop()]);

  const again = await startTestNode(context, join(folder, 'two'));
  const { transfers } = await again.client.call('transfers', {});
  assert.equal(transfers.length, 1);
  const [kept] = transfers;
  assert.deepEqual(
    [
      kept?.state,
      kept?.isComplete,
      kept?.labels,
      kept?.limits,
      kept?.goals,
      kept?.isForced,
      kept?.downloaded,
    ],
    ['paused', true, ['films'], { down: null, up: 5000 }, { ratio: 3 }, true, 300_000],
  );
  await again.client.call('resumeTransfer', { params: { id } });
  await until(again, id, ({ state }) => state === 'sharing');
  await again.client.call('removeTransfer', { params: { id }, query: { files: true } });
  await assert.rejects(stat(join(folder, 'there', 'film.mkv')), { code: 'ENOENT' });
  await assert.rejects(again.client.call('transfer', { params: { id } }), codeIs('not-found', 404));
  await again.stop();
  const last = await startTestNode(context, join(folder, 'two'));
  assert.deepEqual((await last.client.call('transfers', {})).transfers, []);
});

test('the list is filtered, sorted and paged, and the queue has an order that stays', async (context) => {
  const folder = await temporaryFolder(context);
  const node = await startTestNode(context, folder);
  const ids: string[] = [];
  for (const [index, name] of ['cc.bin', 'A.bin', 'b.bin'].entries()) {
    const path = await makeFile(folder, name, 1000 * (index + 1));
    const { id } = await node.client.call('addTransfer', { body: { path, labels: index < 2 ? ['x'] : [] } });
    ids.push(id);
  }
  const names = async (query: Parameters<typeof node.client.call<'transfers'>>[1]['query']) =>
    (await node.client.call('transfers', { ...(query && { query }) })).transfers.map(({ name }) => name);
  assert.deepEqual(await names({}), ['cc.bin', 'A.bin', 'b.bin']);
  assert.deepEqual(await names({ sort: 'name' }), ['A.bin', 'b.bin', 'cc.bin']);
  assert.deepEqual(await names({ sort: 'size', order: 'down', limit: 2 }), ['b.bin', 'A.bin']);
  assert.deepEqual(await names({ label: 'x' }), ['cc.bin', 'A.bin']);
  assert.deepEqual(await names({ text: 'B.B' }), ['b.bin']);
  assert.deepEqual(await names({ state: 'paused' }), []);
  const page = await node.client.call('transfers', { query: { limit: 1, offset: 1 } });
  assert.deepEqual([page.total, page.transfers[0]?.place], [3, 1]);
  await node.client.call('changeTransfer', { params: { id: ids[2] ?? '' }, body: { place: 0 } });
  assert.deepEqual(await names({}), ['b.bin', 'cc.bin', 'A.bin']);
  await node.stop();
  const again = await startTestNode(context, folder);
  const { transfers } = await again.client.call('transfers', {});
  assert.deepEqual(
    transfers.map(({ name, place }) => [name, place]),
    [
      ['b.bin', 0],
      ['cc.bin', 1],
      ['A.bin', 2],
    ],
  );
});

test('many are changed at once, and each that cannot be says why', async (context) => {
  const folder = await temporaryFolder(context);
  const node = await startTestNode(context, folder);
  const ids: string[] = [];
  for (let index = 0; index < 5; index++) {
    const path = await makeFile(folder, `${'x'.repeat(index + 1)}.bin`, 500);
    ids.push((await node.client.call('addTransfer', { body: { path, labels: ['old'] } })).id);
  }
  const unknown = '0'.repeat(40);
  const answer = await node.client.call('bulk', {
    body: { ids: [...ids, unknown], action: 'change', addLabels: ['new'], removeLabels: ['old'] },
  });
  assert.deepEqual([...answer.done].sort(), [...ids].sort());
  assert.deepEqual(
    answer.failed.map(({ id, error }) => [id, error.code]),
    [[unknown, 'not-found']],
  );
  await node.client.call('bulk', { body: { ids, action: 'pause' } });
  const { transfers } = await node.client.call('transfers', {});
  for (const { state, labels } of transfers) assert.deepEqual([state, labels], ['paused', ['new']]);
  await node.client.call('bulk', { body: { ids: ids.slice(1), action: 'remove' } });
  assert.equal((await node.client.call('transfers', {})).total, 1);
  assert.ok(await stat(join(folder, 'xx.bin')), 'what was shared stays');
});

test('files are moved, renamed and looked for elsewhere, and a restart finds them', async (context) => {
  const folder = await temporaryFolder(context);
  const node = await startTestNode(context, folder);
  const path = await makeFile(folder, 'film.mp4', 100_000);
  const { id } = await node.client.call('addTransfer', { body: { path } });
  const target = join(folder, 'elsewhere');
  await node.client.call('moveTransfer', { params: { id }, body: { folder: target } });
  await until(node, id, (transfer) => transfer.folder === target && transfer.moving === undefined);
  assert.ok(await stat(join(target, 'film.mp4')));
  await node.client.call('renameTransfer', { params: { id }, body: { path: '', name: 'other.mp4' } });
  const [file] = await node.client.call('files', { params: { id } });
  assert.equal(file?.place, join(target, 'other.mp4'));
  await node.stop();
  const again = await startTestNode(context, folder);
  await until(again, id, ({ state }) => state === 'sharing');
  const [found] = await again.client.call('files', { params: { id } });
  assert.equal(found?.place, join(target, 'other.mp4'));
  await again.client.call('verifyTransfer', { params: { id } });
  await until(again, id, ({ state }) => state === 'sharing');
  await assert.rejects(
    again.client.call('moveTransfer', { params: { id }, body: { folder: 'relative' } }),
    codeIs('invalid', 400),
  );
});

test('files are chosen one by one, and the choice outlives a restart', async (context) => {
  const folder = await temporaryFolder(context);
  const top = join(folder, 'album');
  const node = await startTestNode(context, folder);
  await mkdir(top);
  for (const name of ['a.mp3', 'b.mp3', 'c.txt'])
    await writeFile(join(top, name), bytesOf(40_000, name.length));
  const { id } = await node.client.call('addTransfer', { body: { path: top } });
  const files = await node.client.call('chooseFiles', {
    params: { id },
    body: { priority: 'skip', globs: ['*.txt'] },
  });
  assert.deepEqual(
    files.map(({ path, isWanted }) => [path, isWanted]),
    [
      ['a.mp3', true],
      ['b.mp3', true],
      ['c.txt', false],
    ],
  );
  await node.stop();
  const again = await startTestNode(context, folder);
  const kept = await again.client.call('files', { params: { id } });
  assert.deepEqual(
    kept.map(({ priority }) => priority),
    ['normal', 'normal', 'skip'],
  );
  await assert.rejects(
    again.client.call('chooseFiles', { params: { id }, body: { priority: 'high', files: [99] } }),
    codeIs('not-found', 404),
  );
});

test('a listener that comes back hears what changed meanwhile, and nothing else', async (context) => {
  const folder = await temporaryFolder(context);
  const node = await startTestNode(context, folder);
  const ids: string[] = [];
  for (const name of ['a.bin', 'bb.bin', 'ccc.bin']) {
    const path = await makeFile(folder, name, 1000);
    const { id } = await node.client.call('addTransfer', { body: { path } });
    await until(node, id, ({ completedMs }) => completedMs !== undefined);
    ids.push(id);
  }
  const { revision } = await node.client.call('transfers', {});
  await node.client.call('pauseTransfer', { params: { id: ids[0] ?? '' } });
  await node.client.call('removeTransfer', { params: { id: ids[1] ?? '' } });
  const seen: string[][] = [];
  for await (const { event } of node.client.events(revision, AbortSignal.timeout(20_000))) {
    if (event.kind === 'removed') seen.push(['removed', ...event.ids]);
    if (event.kind === 'transfers') seen.push(['changed', ...event.changed.map(({ id }) => id)]);
    if (seen.length === 2) break;
  }
  assert.deepEqual(seen, [
    ['removed', ids[1]],
    ['changed', ids[0]],
  ]);
  for await (const { event } of node.client.events('another.7', AbortSignal.timeout(20_000))) {
    assert.equal(event.kind, 'reset');
    break;
  }
});

test('a node that others can reach takes TLS or a word, and the token for every call', async (context) => {
  const folder = await temporaryFolder(context);
  await assert.rejects(startTestNode(context, join(folder, 'a'), { api: '0.0.0.0:0' }), {
    code: 'config-invalid',
  });
  await writeFile(join(folder, 'cert.pem'), testCertificate);
  await writeFile(join(folder, 'key.pem'), testKey);
  const secure = await startTestNode(context, join(folder, 'b'), {
    api: '0.0.0.0:0',
    'tls.certificate': join(folder, 'cert.pem'),
    'tls.key': join(folder, 'key.pem'),
  });
  assert.match(secure.node.url, /^https:/);
  const ask = (path: string, headers: Record<string, string> = {}) =>
    new Promise<number | undefined>((resolve, reject) => {
      const options = {
        headers: { host: 'node.example', ...headers },
        rejectUnauthorized: false,
        agent: false,
      };
      get(new URL(path, secure.node.url), options, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).on('error', reject);
    });
  assert.equal(await ask('/api/transfers'), 401);
  assert.equal(await ask('/openapi.json'), 401);
  assert.equal(await ask('/health'), 200);
  assert.equal(await ask('/api/transfers', { authorization: `Bearer ${secure.node.token}` }), 200);
  const plain = await startTestNode(context, join(folder, 'c'), {
    api: '0.0.0.0:0',
    'api-unencrypted': 'allow',
  });
  assert.equal((await fetch(`${plain.node.url}api/node`)).status, 401);
});

test('the config is changed in its file, which keeps what somebody wrote, and holds at once', async (context) => {
  const folder = await temporaryFolder(context);
  const file = join(folder, 'config.toml');
  await writeFile(file, '# mine\nnetwork = "distributed" # no trackers\n\n[limits]\nup = "1MB"\n');
  const node = await startTestNode(context, folder);
  const { keys } = await node.client.call('changeConfig', {
    body: { 'limits.down': '2MB', 'limits.up': '3MB', 'queue.fetching': '5', network: null },
  });
  const values = Object.fromEntries(keys.map(({ key, value }) => [key, value]));
  assert.deepEqual(
    [values['limits.down'], values['limits.up'], values['queue.fetching'], values.network],
    ['2MB', '3MB', '5', 'hybrid'],
  );
  assert.equal(
    await readFile(file, 'utf8'),
    '# mine\n\nqueue.fetching = "5"\n[limits]\ndown = "2MB"\nup = "3MB"\n',
  );
  for (const body of [
    { 'limits.down': '2Mb' },
    { 'limits.up': '1kB', nothing: 'x' },
    { port: '1' },
    { 'limits.schedule': 'someday 08:00-09:00' },
  ])
    await assert.rejects(
      node.client.call('changeConfig', { body }),
      (error: unknown) => error instanceof ApiError && error.status === 400,
    );
  assert.match(await readFile(file, 'utf8'), /up = "3MB"/);

  const valueIn = async (key: string) =>
    (await node.client.call('config', {})).keys.find((one) => one.key === key)?.value;
  await writeFile(file, '[limits]\nup = "4MB"\n');
  await node.node.reload();
  assert.deepEqual([await valueIn('limits.up'), await valueIn('limits.down')], ['4MB', 'none']);
  await writeFile(file, '[limits]\nup = 4\n');
  await assert.rejects(node.node.reload(), { code: 'config-invalid' });
  assert.equal(await valueIn('limits.up'), '4MB');
});

test('/metrics counts in the format that Prometheus reads', async (context) => {
  const folder = await temporaryFolder(context);
  const node = await startTestNode(context, folder);
  await node.client.call('addTransfer', { body: { path: await makeFile(folder, 'a.bin', 10) } });
  const answer = await fetch(`${node.node.url}metrics`);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const lines = (await answer.text()).trimEnd().split('\n');
  for (const line of lines)
    assert.match(
      line,
      /^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? [\d.e+]+)$/,
    );
  assert.ok(lines.some((line) => line.startsWith('shoal_transfers{state="sharing"} ')));
});
