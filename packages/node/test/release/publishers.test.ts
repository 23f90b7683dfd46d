// Only what somebody who is trusted has published gets its name: indexes that say so, that do not, and that lie.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fromHex } from '@shoal/base';
import { signPublication } from '@shoal/directory';
import { type Identity, identityFromSeed } from '@shoal/identity';
import { startTestNode, temporaryFolder, until } from '../node.ts';

interface FakeIndex {
  readonly url: string;
  /** Signed publications, in answer to any search; undefined for trouble of its own. */
  records: readonly Uint8Array[] | undefined;
  asked: number;
}

async function startIndex(context: TestContext): Promise<FakeIndex> {
  const server = createServer((_request, response) => {
    index.asked++;
    if (index.records === undefined) return response.writeHead(503).end();
    const entries = index.records.map((record) => ({ record: Buffer.from(record).toString('base64') }));
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ entries }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const index: FakeIndex = { url: `http://127.0.0.1:${port}/`, records: [], asked: 0 };
  return index;
}

const anna = identityFromSeed(randomBytes(32));
const mallory = identityFromSeed(randomBytes(32));

function published(by: Identity, { v1, v2 }: { v1?: string; v2?: string }): Uint8Array {
  const infoHashes = {
    v1: v1 === undefined ? undefined : bytesOf(v1),
    v2: v2 === undefined ? undefined : bytesOf(v2),
  };
  return signPublication(
    by,
    { infoHashes, title: 'a film', tags: [], category: 'other', files: [], trackers: [], supersedes: [] },
    { sequence: 1, madeAt: 1_700_000_000 },
  );
}

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array();
}

/** One node that has a file, and another that fetches it and trusts Anna alone. */
async function fetchFor(context: TestContext, index: FakeIndex, more: Record<string, string> = {}) {
  const folder = await temporaryFolder(context);
  const file = join(folder, 'film.bin');
  await writeFile(file, 'a film');
  const one = await startTestNode(context, join(folder, 'one'));
  const { id } = await one.client.call('addTransfer', { body: { path: file } });
  const {
    magnet,
    infoHashV1: v1 = '',
    infoHashV2: v2 = '',
  } = await one.client.call('transfer', { params: { id } });
  const flags = { 'release.publishers': anna.id, indexes: index.url, ...more };
  const other = await startTestNode(context, join(folder, 'two'), flags);
  const there = join(folder, 'there');
  const begin = () =>
    other.client.call('addTransfer', {
      body: { link: magnet, folder: there, peers: [`127.0.0.1:${one.node.peerPort}`] },
    });
  return { id, hashes: { v1, v2 }, other, begin, released: join(there, 'film.bin') };
}

test('what a trusted key has published is let out, by the whole name or by half of it', async (context) => {
  for (const pick of [['v1', 'v2'], ['v1'], ['v2']] as const) {
    const index = await startIndex(context);
    const { id, hashes, other, begin, released } = await fetchFor(context, index);
    const named = Object.fromEntries(pick.map((half) => [half, hashes[half]]));
    index.records = [published(mallory, hashes), published(anna, named)];
    await begin();
    await until(other, id, ({ isComplete }) => isComplete);
    assert.equal(await readFile(released, 'utf8'), 'a film');
  }
});

test('what nobody who is trusted has published is kept apart, and looked at again on demand', async (context) => {
  const index = await startIndex(context);
  const { id, hashes, other, begin, released } = await fetchFor(context, index);
  const forged = published(anna, hashes);
  forged[forged.length - 20] = (forged[forged.length - 20] ?? 0) ^ 1;
  index.records = [
    forged,
    published(mallory, hashes),
    published(anna, { v1: 'ab'.repeat(20) }),
    // One half is that of this torrent, the other is not.
    published(anna, { ...hashes, v2: 'cd'.repeat(32) }),
    published(anna, { ...hashes, v1: 'cd'.repeat(20) }),
  ];
  await begin();
  const refused = await until(
    other,
    id,
    ({ state, waiting }) => state === 'paused' && waiting?.code === 'refused',
  );
  assert.match(refused.waiting?.message ?? '', /film\.bin.* was refused because nobody whose key is trusted/);
  await assert.rejects(stat(released), { code: 'ENOENT' });
  index.records = [published(anna, hashes)];
  await other.client.call('resumeTransfer', { params: { id } });
  await until(other, id, ({ isComplete }) => isComplete);
  assert.equal(await readFile(released, 'utf8'), 'a film');
});

test('an index that cannot be asked lets nothing out, and refuses nothing', async (context) => {
  const index = await startIndex(context);
  index.records = undefined;
  const { id, hashes, other, begin, released } = await fetchFor(context, index);
  await begin();
  const waiting = await until(other, id, ({ waiting }) => waiting?.code === 'held-back');
  assert.match(
    waiting.waiting?.message ?? '',
    /waits until an index says who has published it: 127\.0\.0\.1:/,
  );
  await assert.rejects(stat(released), { code: 'ENOENT' });
  index.records = [published(anna, hashes)];
  await until(other, id, ({ isComplete }) => isComplete);
  assert.ok(index.asked >= 2);

  const none = await fetchFor(context, index, { network: 'distributed', 'dht.bootstrap': '127.0.0.1:9' });
  await none.begin();
  const held = await until(none.other, none.id, ({ waiting }) => waiting?.code === 'held-back');
  assert.match(held.waiting?.message ?? '', /no index is asked here/);
});
