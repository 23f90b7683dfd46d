// One suite that every database passes. `open` opens the same database each time; `fresh` names an empty one.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeOffers, signLease } from '@shoal/directory';
import { identityFromSeed } from '@shoal/identity';
import type { IndexDatabase } from '../../src/database/database.ts';
import { openDatabase } from '../../src/node/database.ts';
import { leaseLimits } from '../../src/registry/bounds.ts';
import { openSavedLeases } from '../../src/registry/saving.ts';

const nowMs = 1_700_000_000_000;

export function databaseSuite(name: string, fresh: () => Promise<string>): void {
  async function withDatabase(
    run: (database: IndexDatabase, address: string) => Promise<void>,
  ): Promise<void> {
    const address = await fresh();
    const database = await openDatabase(address, nowMs);
    try {
      await run(database, address);
    } finally {
      await database.close();
    }
  }

  describe(name, () => {
    test('it is made once, and opened again with what it holds', async () => {
      await withDatabase(async (database, address) => {
        await database.setFact('a', 'b');
        await database.setFact('a', "c'; drop table facts; --");
        const again = await openDatabase(address, nowMs + 1);
        assert.equal(await again.fact('a'), "c'; drop table facts; --");
        assert.equal(await again.fact('none'), undefined);
        await again.close();
      });
    });

    test('two that open an empty one at once both find it made', async () => {
      const address = await fresh();
      const opened = await Promise.all([openDatabase(address, nowMs), openDatabase(address, nowMs)]);
      await opened[0].setFact('a', 'b');
      assert.equal(await opened[1].fact('a'), 'b');
      await Promise.all(opened.map((one) => one.close()));
    });

    test('content is listed once, gains its torrent, and is taken off', async () => {
      await withDatabase(async (database) => {
        const film = {
          infoHash: 'a'.repeat(40),
          magnet: 'magnet:?a',
          torrent: undefined,
          name: '',
          addedMs: nowMs,
        };
        await database.list(film);
        const song = { ...film, infoHash: 'b'.repeat(40), addedMs: nowMs + 1, name: 'Søng 🎵\u0001' };
        await database.list(song);
        const torrent = Uint8Array.from([0, 255, 10, 13]);
        await database.list({ ...film, torrent, name: 'Film', addedMs: nowMs + 99 });
        await database.list({ ...film, name: 'Film' });
        assert.deepEqual(await database.content(), [{ ...film, torrent, name: 'Film' }, song]);
        assert.equal(await database.unlist(film.infoHash), true);
        assert.equal(await database.unlist(film.infoHash), false);
        assert.equal((await database.content()).length, 1);
      });
    });

    test('users keep what they gave and took, beyond 32 bits', async () => {
      await withDatabase(async (database) => {
        const ann = { name: 'ann', announceKey: 'k1', uploaded: 2 ** 52, downloaded: 0 };
        const bob = { name: 'bob', announceKey: 'k2', uploaded: 5, downloaded: 2 ** 40 };
        for (const { name, announceKey } of [bob, ann]) assert.ok(await database.addUser(name, announceKey));
        await database.growUsers([bob, ann]);
        await database.growUsers([{ ...bob, uploaded: 1, downloaded: 0 }]);
        const all = [ann, { ...bob, uploaded: 6 }];
        assert.deepEqual(await database.users(), all);
        assert.equal(await database.addUser('eve', 'k1'), false, 'the key is taken');
        assert.equal(await database.addUser('bob', 'k3'), false, 'the name is taken');
        await database.growUsers([{ ...bob, name: 'nobody', announceKey: 'k9' }]);
        assert.deepEqual(await database.users(), all);
        assert.equal(await database.removeUser('bob'), true);
        assert.equal((await database.users()).length, 1);
      });
    });

    test('leases survive a restart, and only a clean end keeps the start', async () => {
      await withDatabase(async (database) => {
        const clock = { nowMs: () => 0, wallTimeMs: () => nowMs, setTimer: () => ({ cancel() {} }) };
        let filled = 0;
        const random = { fill: (bytes: Uint8Array) => void bytes.fill(++filled), below: () => 0 };
        const failures: unknown[] = [];
        const open = () =>
          openSavedLeases({ clock, random }, database, leaseLimits, (error) => void failures.push(error));
        const offers = encodeOffers([{ infoHash: new Uint8Array(20), have: 1 }]);
        const content = { instance: new Uint8Array(8), addresses: [], client: 'x', capabilities: [] };
        const identity = identityFromSeed(new Uint8Array(32).fill(3));
        const lease = signLease(
          identity,
          { ...content, offers: { count: 1, digest: new Uint8Array(32) } },
          { sequence: 1, madeAt: 1, seconds: 60 },
        );
        const put = {
          slot: identity.id + '0'.repeat(16),
          lease,
          sequence: 2 ** 53 - 2,
          addresses: ['192.0.2.1', '::1'],
          from: '192.0.2.1',
          network: 'n',
          offers,
          digest: 'd',
          untilMs: nowMs + 1000.7,
          forgetMs: nowMs + 2000,
        };
        const first = await open();
        await first.store.put(put, nowMs);
        await first.store.put({ ...put, slot: identity.id + '1'.repeat(16) }, nowMs);
        await first.store.end(identity.id + '1'.repeat(16), 2 ** 53 - 1, nowMs + 5000);
        await first.close();
        const second = await open();
        assert.equal(second.store.start, first.store.start);
        const [held] = await second.store.ofKey(identity.id, nowMs);
        assert.deepEqual(held?.lease, lease);
        assert.deepEqual(
          [held?.sequence, held?.confirmed, held?.untilMs],
          [2 ** 53 - 2, ['192.0.2.1'], nowMs + 1000],
        );
        assert.equal((await second.store.holders('0'.repeat(40), 5, nowMs)).length, 1);
        // Killed: what had been written is there, and everybody is asked to register anew.
        const third = await open();
        assert.notEqual(third.store.start, first.store.start);
        assert.deepEqual(await third.store.totals(), { leases: 1, offers: 1 });
        await third.store.sweep(nowMs + 10_000);
        await third.close();
        assert.deepEqual(await (await open()).store.totals(), { leases: 0, offers: 0 });
        // A row that somebody spoiled costs its lease alone.
        await database.saveLeases([
          ['x', { ...put, slot: 'x', lease: Uint8Array.from([1]), confirmed: [] }],
          ['y', { ...put, slot: 'y', confirmed: [] }],
        ]);
        assert.deepEqual(await (await open()).store.totals(), { leases: 1, offers: 1 });
        assert.equal(failures.length, 1);
      });
    });
  });
}
