// One suite that every lease store passes. `open` gives a store that is empty, with these limits.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { toHex } from '@shoal/base';
import { encodeOffers } from '@shoal/directory';
import type { LeaseLimits, LeasePut, LeaseStore } from '../../src/registry/lease-store.ts';

const nowMs = 1_700_000_000_000;

export const roomy: LeaseLimits = {
  leasesOfKey: 3,
  leasesOfNetwork: 100,
  offersOfNetwork: 10_000,
  leases: 1000,
  offers: 20_000,
};

export function hashOf(name: string): Uint8Array {
  return Uint8Array.from(createHash('sha1').update(name).digest());
}

function slotOf(key: number, instance = 0): string {
  return key.toString(16).padStart(64, '0') + instance.toString(16).padStart(16, '0');
}

function offersOf(have: Readonly<Record<string, number>>): Uint8Array {
  return encodeOffers(Object.entries(have).map(([name, share]) => ({ infoHash: hashOf(name), have: share })));
}

function putOf(
  key: number,
  more: Partial<LeasePut> & { have?: Readonly<Record<string, number>> } = {},
): LeasePut {
  const { have = {}, ...rest } = more;
  const offers = 'offers' in rest ? rest.offers : offersOf(have);
  const digest = createHash('sha256').update(offersOf(have)).digest('hex');
  return {
    slot: slotOf(key),
    lease: Uint8Array.from([key, 0, 255, 13, 10]),
    sequence: 1,
    addresses: [`10.0.0.${key}`],
    from: `10.0.0.${key}`,
    network: `net ${key}`,
    digest,
    untilMs: nowMs + 60_000,
    forgetMs: nowMs + 120_000,
    ...rest,
    offers,
  };
}

export function leaseStoreSuite(
  name: string,
  open: (limits: LeaseLimits) => Promise<{ store: LeaseStore; close(): Promise<void> }>,
): void {
  function check(sentence: string, run: (store: LeaseStore) => Promise<void>, limits = roomy): void {
    test(sentence, async () => {
      const { store, close } = await open(limits);
      try {
        await run(store);
      } finally {
        await close();
      }
    });
  }
  const holderSlots = async (store: LeaseStore, content: string, at = nowMs) =>
    (await store.holders(toHex(hashOf(content)), 100, at)).map(({ lease }) => lease.slot).sort();

  describe(name, () => {
    check('a lease is found by its key, by what it holds, and in the list of all', async (store) => {
      const put = putOf(1, { have: { film: 1, song: 0.5 } });
      assert.deepEqual(await store.put(put, nowMs), { kind: 'taken', untilMs: nowMs + 60_000 });
      const [held] = await store.ofKey(slotOf(1).slice(0, 64), nowMs);
      assert.deepEqual(held?.lease, put.lease);
      assert.deepEqual(held?.offers, put.offers);
      assert.deepEqual([held?.sequence, held?.network, held?.untilMs], [1, 'net 1', nowMs + 60_000]);
      assert.deepEqual(held?.confirmed, ['10.0.0.1']);
      const [holder] = await store.holders(toHex(hashOf('song')), 10, nowMs);
      assert.ok(Math.abs((holder?.have ?? 0) - 0.5) < 1e-4);
      assert.deepEqual(holder?.lease.lease, put.lease);
      assert.equal((await store.holders(toHex(hashOf('film')), 10, nowMs))[0]?.have, 1);
      assert.deepEqual(await store.holders(toHex(hashOf('nothing')), 10, nowMs), []);
      assert.deepEqual(
        (await store.page(undefined, 10, nowMs)).leases.map(({ slot }) => slot),
        [slotOf(1)],
      );
      assert.deepEqual(await store.totals(), { leases: 1, offers: 2 });
      assert.deepEqual((await store.peek(slotOf(1)))?.lease, put.lease);
      assert.equal(await store.peek(slotOf(2)), undefined);
    });

    check('a higher sequence replaces a lease with all that it held', async (store) => {
      await store.put(putOf(1, { have: { film: 1, song: 1 } }), nowMs);
      const next = putOf(1, { sequence: 2, have: { song: 0.5, book: 1 }, network: 'net 9' });
      assert.equal((await store.put(next, nowMs)).kind, 'taken');
      assert.deepEqual(await holderSlots(store, 'film'), []);
      assert.deepEqual(await holderSlots(store, 'song'), [slotOf(1)]);
      assert.deepEqual(await holderSlots(store, 'book'), [slotOf(1)]);
      assert.deepEqual(await store.totals(), { leases: 1, offers: 2 });
      assert.deepEqual(await store.count(toHex(hashOf('song'))), { holders: 1, complete: 0 });
      assert.deepEqual(await store.count(toHex(hashOf('film'))), { holders: 0, complete: 0 });
    });

    check('a lower sequence, or another lease with the same one, changes nothing', async (store) => {
      const big = 2 ** 53 - 10;
      await store.put(putOf(1, { sequence: big, have: { film: 1 } }), nowMs);
      for (const sequence of [big, big - 1]) {
        const other = putOf(1, { sequence, lease: Uint8Array.from([9]), have: { song: 1 } });
        assert.deepEqual(await store.put(other, nowMs), { kind: 'old', sequence: big });
      }
      assert.deepEqual(await holderSlots(store, 'song'), []);
      assert.deepEqual(await holderSlots(store, 'film'), [slotOf(1)]);
    });

    check('the same lease again confirms another address, and lives no longer', async (store) => {
      const addresses = ['10.0.0.1', '2001:db8::1'];
      await store.put(putOf(1, { addresses, have: { film: 1 } }), nowMs);
      const again = putOf(1, { addresses, from: '2001:db8::1', untilMs: nowMs + 999_000, have: { film: 1 } });
      assert.deepEqual(await store.put(again, nowMs + 10), { kind: 'taken', untilMs: nowMs + 60_000 });
      const [held] = await store.ofKey(slotOf(1).slice(0, 64), nowMs);
      assert.deepEqual(held?.confirmed, addresses);
      // From an address that the lease does not name, it confirms nothing.
      await store.put(putOf(1, { addresses, from: '6.6.6.6', have: { film: 1 } }), nowMs);
      assert.deepEqual((await store.ofKey(slotOf(1).slice(0, 64), nowMs))[0]?.confirmed, addresses);
    });

    check('an address counts as confirmed only while the lease names it', async (store) => {
      await store.put(putOf(1), nowMs);
      await store.put(putOf(1, { sequence: 2, addresses: ['8.8.8.8'], from: '7.7.7.7' }), nowMs);
      assert.deepEqual((await store.ofKey(slotOf(1).slice(0, 64), nowMs))[0]?.confirmed, []);
      await store.put(putOf(1, { sequence: 3, addresses: ['8.8.8.8', '10.0.0.1'], from: '8.8.8.8' }), nowMs);
      assert.deepEqual((await store.ofKey(slotOf(1).slice(0, 64), nowMs))[0]?.confirmed, ['8.8.8.8']);
    });

    check('offers that are known need not be sent again, others are asked for', async (store) => {
      const have = { film: 1 };
      assert.equal((await store.put(putOf(1, { offers: undefined, have }), nowMs)).kind, 'offers-wanted');
      assert.equal(await store.peek(slotOf(1)), undefined);
      await store.put(putOf(1, { have }), nowMs);
      assert.equal(
        (await store.put(putOf(1, { sequence: 2, offers: undefined, have }), nowMs)).kind,
        'taken',
      );
      assert.deepEqual(await holderSlots(store, 'film'), [slotOf(1)]);
      const other = putOf(1, { sequence: 3, offers: undefined, have: { song: 1 } });
      assert.equal((await store.put(other, nowMs)).kind, 'offers-wanted');
      assert.equal((await store.peek(slotOf(1)))?.sequence, 2);
    });

    check('a lease that ran out is not named, and its sequence is remembered for a while', async (store) => {
      await store.put(putOf(1, { sequence: 5, have: { film: 1 } }), nowMs);
      const lateMs = nowMs + 60_000;
      assert.deepEqual(await holderSlots(store, 'film', lateMs), []);
      assert.deepEqual(await store.ofKey(slotOf(1).slice(0, 64), lateMs), []);
      assert.deepEqual((await store.page(undefined, 10, lateMs)).leases, []);
      await store.sweep(lateMs);
      assert.deepEqual(await store.totals(), { leases: 0, offers: 0 });
      assert.deepEqual(await store.thin(10), []);
      const replayed = putOf(1, { sequence: 5, have: { film: 1 }, untilMs: lateMs + 60_000 });
      assert.deepEqual(await store.put(replayed, lateMs), { kind: 'old', sequence: 5 });
      await store.sweep(nowMs + 120_000);
      assert.equal(await store.peek(slotOf(1)), undefined);
      assert.equal((await store.put(putOf(1, { sequence: 5 }), lateMs)).kind, 'taken');
    });

    check('a lease that is taken back is gone at once, and cannot be replayed', async (store) => {
      await store.put(putOf(1, { sequence: 5, have: { film: 1 } }), nowMs);
      assert.equal(await store.end(slotOf(1), 5, nowMs), 5);
      assert.deepEqual(await holderSlots(store, 'film'), [slotOf(1)]);
      assert.equal(await store.end(slotOf(1), 6, nowMs), undefined);
      assert.deepEqual(await holderSlots(store, 'film'), []);
      assert.deepEqual(await store.put(putOf(1, { sequence: 5, have: { film: 1 } }), nowMs), {
        kind: 'old',
        sequence: 6,
      });
      assert.equal((await store.put(putOf(1, { sequence: 7, have: { film: 1 } }), nowMs)).kind, 'taken');
      assert.deepEqual(await holderSlots(store, 'film'), [slotOf(1)]);
      // What never was leaves no memory.
      assert.equal(await store.end(slotOf(2), 1, nowMs + 1e6), undefined);
      assert.equal(await store.peek(slotOf(2)), undefined);
    });

    check(
      'one key, one network and all of them have their bounds, and what is refused changes nothing',
      async (store) => {
        const instance = (i: number, more = {}) => putOf(1, { slot: slotOf(1, i), ...more });
        for (let i = 0; i < 3; i++) assert.equal((await store.put(instance(i), nowMs)).kind, 'taken');
        assert.deepEqual(await store.put(instance(3), nowMs), { kind: 'too-many', of: 'key' });
        await store.end(slotOf(1, 0), 2, nowMs);
        assert.equal((await store.put(instance(3), nowMs)).kind, 'taken');
        await store.put(putOf(2, { network: 'net 1' }), nowMs);
        assert.deepEqual(await store.put(putOf(3, { network: 'net 1' }), nowMs), {
          kind: 'too-many',
          of: 'network',
        });
        const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`c${i}`, 1]));
        assert.deepEqual(await store.put(putOf(3, { network: 'net 3', have: many }), nowMs), {
          kind: 'too-many',
          of: 'network',
        });
        const some = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`c${i}`, 1]));
        for (const key of [4, 5])
          assert.equal((await store.put(putOf(key, { have: some }), nowMs)).kind, 'taken');
        assert.deepEqual(await store.put(putOf(6, { have: some }), nowMs), { kind: 'too-many', of: 'index' });
        assert.equal((await store.put(putOf(6), nowMs)).kind, 'taken');
        assert.deepEqual(await store.put(putOf(7), nowMs), { kind: 'too-many', of: 'index' });
        assert.deepEqual(await store.totals(), { leases: 7, offers: 40 });
        // Renewing is always allowed.
        assert.equal((await store.put(putOf(4, { sequence: 2, have: some }), nowMs)).kind, 'taken');
      },
      { leasesOfKey: 3, leasesOfNetwork: 4, offersOfNetwork: 25, leases: 8, offers: 50 },
    );

    check('what fewest have whole comes first among what is thin', async (store) => {
      await store.put(putOf(1, { have: { rare: 0.9, film: 1, song: 1 } }), nowMs);
      await store.put(putOf(2, { have: { film: 1, song: 0.1 } }), nowMs);
      const names = (await store.thin(10)).map(({ infoHash, holders, complete }) => [
        infoHash,
        holders,
        complete,
      ]);
      const of = (name: string) => toHex(hashOf(name));
      assert.deepEqual(names, [
        [of('rare'), 1, 0],
        [of('song'), 2, 1],
        [of('film'), 2, 2],
      ]);
      assert.equal((await store.thin(1)).length, 1);
    });

    check('pages go through all, each once, also while leases come and go', async (store) => {
      for (let key = 1; key <= 25; key++) await store.put(putOf(key), nowMs);
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const { leases, next } = await store.page(after, 10, nowMs);
        seen.push(...leases.map(({ slot }) => slot));
        after = next;
        await store.put(putOf(30 + seen.length), nowMs);
      } while (after !== undefined && seen.length < 100);
      for (let key = 1; key <= 25; key++) assert.equal(seen.filter((slot) => slot === slotOf(key)).length, 1);
    });

    check('of many holders some are named, others each time', async (store) => {
      for (let key = 1; key <= 60; key++) await store.put(putOf(key, { have: { film: key % 2 } }), nowMs);
      const seen = new Set<string>();
      for (let i = 0; i < 60; i++) {
        const found = await store.holders(toHex(hashOf('film')), 5, nowMs);
        assert.equal(new Set(found.map(({ lease }) => lease.slot)).size, 5);
        for (const { lease } of found) seen.add(lease.slot);
      }
      assert.ok(seen.size > 50, `${seen.size}`);
      assert.deepEqual(await store.count(toHex(hashOf('film'))), { holders: 60, complete: 30 });
    });

    check('any order of events leaves counts that fit what is held', async (store) => {
      let seed = 12345;
      const below = (bound: number) => {
        seed = (seed * 1103515245 + 12345) % 2 ** 31;
        return Math.floor((seed / 2 ** 31) * bound);
      };
      const contents = ['a', 'b', 'c', 'd', 'e'];
      const expected = new Map<string, Readonly<Record<string, number>>>();
      for (let step = 1; step <= 300; step++) {
        const slot = slotOf(1 + below(6), below(2));
        if (below(4) === 0) {
          await store.end(slot, step, nowMs + 1000);
          expected.delete(slot);
        } else {
          const have = Object.fromEntries(
            contents.filter(() => below(2) === 0).map((name) => [name, below(2)]),
          );
          const network = `net ${below(3)}`;
          const put = putOf(1, { slot, sequence: step, have, network, lease: Uint8Array.from([step & 255]) });
          assert.equal((await store.put(put, nowMs)).kind, 'taken');
          expected.set(slot, have);
        }
      }
      for (const name of contents) {
        const holders = [...expected].filter(([, have]) => name in have);
        assert.deepEqual(await store.count(toHex(hashOf(name))), {
          holders: holders.length,
          complete: holders.filter(([, have]) => have[name] === 1).length,
        });
        assert.deepEqual(await holderSlots(store, name), holders.map(([slot]) => slot).sort());
      }
      const offers = [...expected.values()].reduce((sum, have) => sum + Object.keys(have).length, 0);
      assert.deepEqual(await store.totals(), { leases: expected.size, offers });
      await store.sweep(nowMs + 1e9);
      assert.deepEqual(await store.totals(), { leases: 0, offers: 0 });
      assert.deepEqual(await store.thin(10), []);
    });
  });
}
