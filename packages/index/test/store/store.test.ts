// The store on a real disk, with an engine that has what is to be kept beside it on loopback.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { encodeBencode, toUtf8 } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { parseTorrent, type Torrent } from '@shoal/metainfo';
import { OpenFiles } from '@shoal/storage';
import { createSession } from '@shoal/swarm';
import { createTcpTransport } from '@shoal/transport';
import { openDatabase } from '../../src/node/database.ts';
import { Listing } from '../../src/store/listing.ts';
import { openStore, type Store } from '../../src/store/store.ts';

const size = 100_000;

class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'shoal-store-'));
  readonly world = createNodeWorld({ hashWorkers: 1 });
  readonly session = createSession({
    ...this.world,
    openFiles: new OpenFiles(this.world.disk),
    transport: createTcpTransport(this.world),
    client: 'Source',
    peerIdPrefix: '-SL0000-',
  });
  readonly copies = new Map<string, number>();
  readonly failures: unknown[] = [];
  /** What nodes offer without being listed. */
  offered: readonly string[] = [];
  sourcePort = 0;

  /** A file that the source has: its torrent, as it is put on the list. */
  async source(
    name: string,
  ): Promise<{ bytes: Uint8Array; torrent: Torrent; hash: string; content: Buffer }> {
    const content = randomBytes(size);
    mkdirSync(join(this.folder, 'source'), { recursive: true });
    writeFileSync(join(this.folder, 'source', name), content);
    const pieces = Buffer.concat(
      Array.from({ length: Math.ceil(size / 16_384) }, (_, i) =>
        createHash('sha1')
          .update(content.subarray(i * 16_384, (i + 1) * 16_384))
          .digest(),
      ),
    );
    const info = { length: size, name, 'piece length': 16_384, pieces };
    const bytes = encodeBencode({ info }).slice();
    const torrent = parseTorrent(bytes, (hash, input) => this.world.hashing.digest(hash, input));
    const hash = Buffer.from(torrent.infoHashes.v1 ?? []).toString('hex');
    this.sourcePort ||= await this.session.listen({ port: 0, addresses: ['127.0.0.1'] });
    const journal = join(this.folder, `${name}.journal`);
    const transfer = this.session.add(
      { kind: 'torrent', torrent },
      { folder: join(this.folder, 'source'), journal },
    );
    await transfer.whenComplete();
    this.copies.set(hash, 1);
    return { bytes, torrent, hash, content };
  }

  async open(
    limitBytes: number,
    keeps: 'listed' | 'offered' = 'listed',
  ): Promise<{ store: Store; listing: Listing; close(): Promise<void> }> {
    const database = await openDatabase(`sqlite:${join(this.folder, 'index.sqlite')}`, 0);
    const failed = (error: unknown) => void this.failures.push(error);
    const listing = await Listing.open(this.world, database, { failed });
    const store = await openStore({
      world: this.world,
      folder: join(this.folder, 'store'),
      limitBytes,
      keeps,
      version: '0.0.0',
      listing,
      registry: {
        holdersOf: async () => [{ address: { address: '127.0.0.1', port: this.sourcePort }, have: 1 }],
        countOf: async (hash) => ({ holders: 1, complete: this.copies.get(hash) ?? 0 }),
        thin: async () => this.offered.map((infoHash) => ({ infoHash, holders: 1, complete: 1 })),
      },
      failed,
    });
    return {
      store,
      listing,
      async close() {
        await store.close?.();
        await database.close();
      },
    };
  }

  async close(): Promise<void> {
    await this.session.close();
    await this.world.close();
    rmSync(this.folder, { recursive: true });
  }
}

async function untilState(store: Store, hash: string, state: string): Promise<string> {
  for (;;) {
    const told = store.stateOf(hash);
    if (told.state === state) return told.words;
    await setTimeout(20);
  }
}

test('a store keeps what fits, says what does not, and lets go what others have well', {
  timeout: 60_000,
}, async () => {
  const scene = new Scene();
  try {
    const [a, b, c] = [await scene.source('a'), await scene.source('b'), await scene.source('c')];
    const folderOf = ({ hash }: { hash: string }) => join(scene.folder, 'store', hash);
    // Something of somebody else, under a name like ours.
    const foreign = join(scene.folder, 'store', 'f'.repeat(40));
    mkdirSync(foreign, { recursive: true });
    writeFileSync(join(foreign, 'thesis.txt'), 'mine');
    const first = await scene.open(2.5 * size);
    const { store, listing } = first;
    store.listens?.(1);
    await listing.add(a.bytes);
    // A link is as good: its metadata comes from the source.
    await listing.add(toUtf8(`magnet:?xt=urn:btih:${b.hash}`));
    await untilState(store, a.hash, 'kept');
    await untilState(store, b.hash, 'kept');
    assert.ok(readFileSync(join(folderOf(b), 'content', 'b')).equals(b.content));
    assert.equal(store.offerOf(a.hash)?.have, 1);
    await listing.add(c.bytes);
    assert.match(await untilState(store, c.hash, 'full'), /50000 bytes are missing/);
    assert.equal(store.offerOf(c.hash), undefined);
    scene.copies.set(a.hash, 5);
    await listing.add(c.bytes);
    await untilState(store, c.hash, 'kept');
    assert.equal(existsSync(folderOf(a)), false);
    assert.equal(store.offerOf(a.hash), undefined);
    await untilState(store, a.hash, 'full');
    assert.equal(await listing.remove(b.hash), true);
    while (existsSync(folderOf(b))) await setTimeout(20);
    await untilState(store, a.hash, 'kept');
    await first.close();

    // Started again, with nobody to fetch from: what was kept is there.
    await scene.session.close();
    const second = await scene.open(2.5 * size);
    second.store.listens?.(1);
    await untilState(second.store, a.hash, 'kept');
    await untilState(second.store, c.hash, 'kept');
    assert.equal(readFileSync(join(foreign, 'thesis.txt'), 'utf8'), 'mine');
    await second.close();
    assert.deepEqual(scene.failures, []);
  } finally {
    await scene.close();
  }
});

test('a store may keep what nodes offer too, as long as there is room', { timeout: 60_000 }, async () => {
  const scene = new Scene();
  try {
    const [a, b, c] = [await scene.source('a'), await scene.source('b'), await scene.source('c')];
    const folderOf = ({ hash }: { hash: string }) => join(scene.folder, 'store', hash);
    scene.offered = [a.hash, b.hash];
    const first = await scene.open(2.5 * size, 'offered');
    first.store.listens?.(1);
    await untilState(first.store, a.hash, 'kept');
    await untilState(first.store, b.hash, 'kept');
    // Offered before listed: what others have well makes room.
    scene.copies.set(a.hash, 5);
    await first.listing.add(c.bytes);
    await untilState(first.store, c.hash, 'kept');
    assert.equal(existsSync(folderOf(a)), false);
    assert.ok(readFileSync(join(folderOf(b), 'content', 'b')).equals(b.content));
    await first.close();

    // Nobody offers it any more, and nobody has it: it stays.
    scene.offered = [];
    await scene.session.close();
    const second = await scene.open(2.5 * size, 'offered');
    second.store.listens?.(1);
    await untilState(second.store, b.hash, 'kept');
    await second.close();

    const third = await scene.open(2.5 * size, 'listed');
    third.store.listens?.(1);
    await untilState(third.store, c.hash, 'kept');
    while (existsSync(folderOf(b))) await setTimeout(20);
    await third.close();
    assert.deepEqual(scene.failures, []);
  } finally {
    await scene.close();
  }
});

test('what is no torrent and no link is not listed', { timeout: 20_000 }, async () => {
  const scene = new Scene();
  try {
    const { listing, close } = await scene.open(size);
    for (const text of ['', 'x', 'magnet:?dn=x', 'd4:infod4:name1:xee', 'i1e', '<html>'])
      await assert.rejects(listing.add(toUtf8(text)), /./, text);
    assert.equal(listing.size, 0);
    await close();
  } finally {
    await scene.close();
  }
});
