// One suite that the catalogue passes over every database. `fresh` names an empty one.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Catalogue, Search } from '../../src/catalogue/catalogue.ts';
import { openCatalogue } from '../../src/catalogue/open-catalogue.ts';
import { openDatabase } from '../../src/node/database.ts';
import { hashOf, keyOf, nowMs, publication, rating, report, torrentOf, withdrawal } from './publishing.ts';

export function catalogueSuite(name: string, fresh: () => Promise<string>): void {
  interface Opened {
    readonly catalogue: Catalogue;
    readonly address: string;
    /** The titles of what is found. */
    find(search: Search | string): Promise<string[]>;
    later(ms: number): void;
  }

  async function withCatalogue(run: (opened: Opened) => Promise<void>, given?: string): Promise<void> {
    const address = given ?? (await fresh());
    const database = await openDatabase(address, nowMs);
    let timeMs = nowMs;
    const clock = { nowMs: () => timeMs, wallTimeMs: () => timeMs, setTimer: () => ({ cancel() {} }) };
    const catalogue = openCatalogue({ clock, database });
    try {
      await run({
        catalogue,
        address,
        later: (ms) => {
          timeMs += ms;
        },
        async find(search) {
          const { entries } = await catalogue.search(typeof search === 'string' ? { words: search } : search);
          return entries.map(({ publication: { title } }) => title);
        },
      });
    } finally {
      await database.close();
    }
  }

  async function takeAll(catalogue: Catalogue, records: readonly Uint8Array[]): Promise<void> {
    for (const record of records) assert.equal((await catalogue.take(record)).kind, 'taken');
  }

  describe(`the catalogue over ${name}`, () => {
    test('what was published is found by its words, in any case and without accents', async () => {
      await withCatalogue(async ({ catalogue, find }) => {
        await takeAll(catalogue, [
          publication(1, 'Blue Whale Songs', { tags: ['nature'], description: 'Recorded near Reykjavík.' }),
          publication(2, 'Crème brûlée für alle', { files: [{ path: 'docs/Recipe_One.PDF', length: 7 }] }),
          publication(3, '東京の夏', { category: 'movies' }),
          publication(4, 'Привет мир'),
        ]);
        assert.deepEqual(await find('whale BLUE'), ['Blue Whale Songs']);
        assert.deepEqual(await find('reykjavik'), ['Blue Whale Songs']);
        assert.deepEqual(await find('nature'), ['Blue Whale Songs']);
        assert.deepEqual(await find('creme fur'), ['Crème brûlée für alle']);
        assert.deepEqual(await find('recipe'), ['Crème brûlée für alle']);
        assert.deepEqual(await find('東京'), ['東京の夏']);
        assert.deepEqual(await find('夏'), ['東京の夏']);
        assert.deepEqual(await find('ПРИВЕТ'), ['Привет мир']);
        assert.deepEqual(await find('whale recipe'), []);
        assert.deepEqual(await find('blue -songs'), []);
        assert.deepEqual(await find(hashOf(3)), ['東京の夏']);
        assert.equal((await find('')).length, 4);
      });
    });

    test('filters hold, alone and with words', async () => {
      await withCatalogue(async ({ catalogue, find, later }) => {
        await catalogue.take(
          publication(1, 'Song one', {
            category: 'audio',
            tags: ['live', 'folk', 'lo-fi'],
            language: 'de',
            size: 1000,
            files: [{ path: 'CD1/First Track.flac', length: 1000 }],
          }),
        );
        later(10_000);
        await catalogue.take(
          publication(2, 'Song two', { category: 'video', size: 2 ** 40, by: 2, madeAt: 1_700_000_001 }),
        );
        await catalogue.take(publication(3, 'Song three', { by: 2, tags: ['live'] }));
        const cases: [Search, string[]][] = [
          [{ categories: ['audio'] }, ['Song one']],
          [{ categories: ['audio', 'video'], sort: 'oldest' }, ['Song one', 'Song two']],
          [{ tags: ['live'], words: 'song', sort: 'oldest' }, ['Song one', 'Song three']],
          [{ tags: ['live', 'folk', 'lo-fi'] }, ['Song one']],
          [{ tags: ['lo'] }, []],
          [{ publisher: keyOf(2).id, sort: 'size' }, ['Song two', 'Song three']],
          [{ language: 'DE' }, ['Song one']],
          [{ fileType: '.FLAC', words: 'song' }, ['Song one']],
          [{ fileName: 'first' }, ['Song one']],
          [{ fileName: 'song' }, []],
          [{ minSize: 2 ** 40 }, ['Song two']],
          [{ maxSize: 2 ** 40 - 1, words: 'song' }, ['Song one']],
          [{ since: nowMs + 1, words: 'song', sort: 'newest' }, ['Song three', 'Song two']],
          [{ before: nowMs + 1 }, ['Song one']],
          [{ minSeeds: 1 }, []],
          [{ sort: 'smallest' }, ['Song one', 'Song two']],
          [{ sort: 'smallest', words: 'song' }, ['Song one', 'Song two', 'Song three']],
          [{ sort: 'rating', words: 'one' }, ['Song one']],
          [{ sort: 'newest', limit: 1, offset: 1 }, ['Song two']],
        ];
        for (const [search, titles] of cases)
          assert.deepEqual(await find(search), titles, JSON.stringify(search));
        const { total, isComplete } = await catalogue.search({ words: 'song', limit: 1, offset: 2 });
        assert.deepEqual([total, isComplete], [3, true]);
        assert.equal((await catalogue.search({ words: 'song', limit: 1, offset: 50 })).total, 3);
      });
    });

    test('titles that say it come before long descriptions that mention it, and the rated before the rest', async () => {
      await withCatalogue(async ({ catalogue, find }) => {
        await takeAll(catalogue, [
          publication(1, 'Penguin'),
          publication(2, 'A very long title about many birds of which one is a penguin indeed'),
          publication(3, 'Birds', { description: 'Also a penguin.' }),
          publication(4, 'Birds again', { description: 'penguin penguin penguin' }),
        ]);
        assert.deepEqual((await find('penguin')).slice(0, 2), [
          'Penguin',
          'A very long title about many birds of which one is a penguin indeed',
        ]);
        for (let by = 10; by < 16; by++) await catalogue.take(rating(3, by, { stars: 5 }));
        assert.equal((await find('penguin'))[2], 'Birds');
        assert.deepEqual(await find({ sort: 'rating' }), ['Birds']);
      });
    });

    test('typing errors are forgiven, and told', async () => {
      await withCatalogue(async ({ catalogue, find }) => {
        await takeAll(catalogue, [publication(1, 'Debian Installer'), publication(2, 'Débutante')]);
        for (const typed of ['debain', 'debin', 'debiann', 'debiam', 'instaler debian', 'nstaller'])
          assert.deepEqual(await find(typed), ['Debian Installer'], typed);
        const { corrected } = await catalogue.search({ words: 'debain installer' });
        assert.deepEqual({ ...corrected }, { debain: 'debian' });
        assert.deepEqual(await find('debxyn'), []);
        assert.deepEqual(await find('deb*'), ['Débutante', 'Debian Installer']);
        assert.deepEqual([...(await catalogue.suggest('new deb'))].sort(), ['new debian', 'new debutante']);
        assert.deepEqual(await catalogue.suggest('zz'), []);
      });
    });

    test('an edit takes the place of what was said before; older and forged ones are refused', async () => {
      await withCatalogue(async ({ catalogue, find }) => {
        const first = publication(1, 'First words', { sequence: 5 });
        const edit = publication(1, 'Other words', { sequence: 6 });
        await takeAll(catalogue, [first, edit]);
        assert.deepEqual(await find('words'), ['Other words']);
        assert.deepEqual(await find('first'), []);
        assert.deepEqual(await catalogue.take(first), { kind: 'old', sequence: 6 });
        assert.equal((await catalogue.take(edit)).kind, 'known');
        const twin = publication(1, 'Twin words', { sequence: 6 });
        assert.deepEqual(await catalogue.take(twin), { kind: 'old', sequence: 6 });
        const forged = publication(1, 'Evil words', { sequence: 7 });
        const at = Buffer.from(forged).indexOf('Evil');
        forged.set(Buffer.from('Good'), at);
        await assert.rejects(catalogue.take(forged), { code: 'bad-signature' });
        await assert.rejects(
          catalogue.take(publication(1, 'Future', { madeAt: nowMs / 1000 + 3600, sequence: 8 })),
          {
            code: 'clock-skew',
          },
        );
        assert.deepEqual(await find('words'), ['Other words']);
        // Another key has a publication of its own.
        await takeAll(catalogue, [publication(1, 'By another', { by: 2 })]);
        assert.equal((await catalogue.details(hashOf(1)))?.publications.length, 2);
        assert.equal((await catalogue.totals()).torrents, 2);
      });
    });

    test('what is withdrawn is gone, does not come back by a replay, and can be published anew', async () => {
      await withCatalogue(async ({ catalogue, find }) => {
        const first = publication(1, 'A mistake');
        await takeAll(catalogue, [first, withdrawal(1)]);
        assert.deepEqual(await find('mistake'), []);
        assert.equal(await catalogue.details(hashOf(1)), undefined);
        assert.deepEqual(await catalogue.take(first), { kind: 'old', sequence: 2 });
        assert.equal((await catalogue.take(withdrawal(2))).kind, 'refused');
        assert.equal((await catalogue.take(withdrawal(1, 2, 9))).kind, 'refused');
        await takeAll(catalogue, [publication(1, 'No mistake', { sequence: 3 })]);
        assert.deepEqual(await find('mistake'), ['No mistake']);
        assert.equal((await catalogue.totals()).torrents, 1);
      });
    });

    test('a publication takes the place of earlier torrents of the same key, and of nobody else', async () => {
      await withCatalogue(async ({ catalogue, find }) => {
        await takeAll(catalogue, [
          publication(1, 'Disk image 1'),
          publication(1, 'Disk image mirror', { by: 2 }),
          publication(2, 'Disk image 2', { supersedes: [torrentOf(1)], sequence: 10 }),
        ]);
        assert.deepEqual((await find('disk')).sort(), ['Disk image 2', 'Disk image mirror']);
        assert.deepEqual((await catalogue.details(hashOf(1)))?.supersededBy, [hashOf(2)]);
        // An edit of the old one that came later brings it back; one that was made earlier does not.
        await takeAll(catalogue, [publication(1, 'Disk image 1b', { sequence: 9 })]);
        assert.equal((await find('disk')).length, 2);
        await takeAll(catalogue, [publication(1, 'Disk image 1c', { sequence: 11 })]);
        assert.equal((await find('disk')).length, 3);
      });
    });

    test('a key has one rating of a torrent, and may take it back', async () => {
      await withCatalogue(async ({ catalogue }) => {
        assert.equal((await catalogue.take(rating(1, 7, { stars: 5 }))).kind, 'refused');
        await takeAll(catalogue, [
          publication(1, 'Rated'),
          rating(1, 7, { stars: 5, comment: 'Good.\nReally.' }),
          rating(1, 8, { stars: 2 }),
          rating(1, 7, { stars: 4, comment: 'Good.', sequence: 2 }),
          rating(1, 9, { comment: 'Seen.' }),
          report(1, 9),
        ]);
        assert.equal((await catalogue.take(rating(1, 7, { stars: 1 }))).kind, 'old');
        const details = await catalogue.details(hashOf(1));
        assert.equal(details?.publications[0]?.stars, 3);
        assert.equal(details?.publications[0]?.ratings, 2);
        assert.equal(details?.reports, 1);
        assert.deepEqual(
          details?.ratings.map(({ stars, comment }) => [stars, comment]),
          [
            [undefined, 'Seen.'],
            [4, 'Good.'],
            [2, undefined],
          ],
        );
        await takeAll(catalogue, [rating(1, 7, { sequence: 3 }), rating(1, 8, { sequence: 3 })]);
        assert.equal((await catalogue.details(hashOf(1)))?.publications[0]?.ratings, 0);
        assert.deepEqual(
          (await catalogue.reports(undefined, 10)).map(({ infoHash, reason }) => [infoHash, reason]),
          [[hashOf(1), 'fake']],
        );
        assert.equal((await catalogue.reports(hashOf(2), 10)).length, 0);
        // A second publication of the same torrent knows what was said.
        await takeAll(catalogue, [
          rating(1, 7, { stars: 1, sequence: 4 }),
          publication(1, 'Again', { by: 2 }),
        ]);
        assert.deepEqual(
          (await catalogue.details(hashOf(1)))?.publications.map(({ stars }) => stars),
          [1, 1],
        );
      });
    });

    test('another catalogue follows the changes, and comes to the same', async () => {
      await withCatalogue(async ({ catalogue, find }) => {
        await takeAll(catalogue, [
          publication(1, 'One'),
          publication(2, 'Two'),
          rating(1, 5, { stars: 5 }),
          publication(1, 'One again', { sequence: 2 }),
          publication(3, 'Three'),
          withdrawal(3),
          publication(4, 'Four', { supersedes: [torrentOf(2)], sequence: 3 }),
          publication(2, 'Two again', { sequence: 2 }),
        ]);
        await withCatalogue(async (other) => {
          let after = 0;
          for (;;) {
            const { changes } = await catalogue.changes(after, 2);
            const last = changes.at(-1);
            if (last === undefined) break;
            assert.ok(last.revision > after);
            after = last.revision;
            const { refused } = await other.catalogue.takeAll(changes.map(({ record }) => record));
            assert.equal(refused, 0);
          }
          assert.equal(after, (await catalogue.totals()).revision);
          assert.deepEqual((await other.find('')).sort(), (await find('')).sort());
          assert.deepEqual((await other.find('')).sort(), ['Four', 'One again']);
          assert.equal((await other.catalogue.details(hashOf(1)))?.publications[0]?.ratings, 1);
          assert.equal((await other.catalogue.take(publication(3, 'Three'))).kind, 'old');
        });
      });
    });

    test('a torrent is rated, reported and withdrawn by any of its names, once by each key', async () => {
      await withCatalogue(async ({ catalogue, find }) => {
        const v2 = new Uint8Array(32).fill(7);
        const names = { v1: torrentOf(1), v2 };
        v2.set(torrentOf(900));
        await takeAll(catalogue, [publication(1, 'Hybrid film', { infoHashes: names })]);
        await takeAll(catalogue, [rating(900, 5, { stars: 5 }), report(900, 6)]);
        const [first] = (await catalogue.details(hashOf(1)))?.publications ?? [];
        assert.deepEqual([first?.ratings, first?.stars, first?.reports], [1, 5, 1]);
        assert.equal((await catalogue.take(rating(1, 5, { stars: 1 }))).kind, 'old');
        await takeAll(catalogue, [rating(1, 5, { stars: 1, sequence: 2 })]);
        assert.equal((await catalogue.details(hashOf(900)))?.publications[0]?.stars, 1);
        assert.equal((await catalogue.reports(hashOf(900), 10)).length, 1);
        // Of another key's publication there is nothing to withdraw.
        const other = await catalogue.take(withdrawal(900, 2, 9));
        assert.equal(other.kind === 'refused' && other.code, 'not-found');
        const { infoHash } = { infoHash: '', ...(await catalogue.take(withdrawal(900, 1, 9))) };
        assert.equal(infoHash, hashOf(1));
        assert.deepEqual(await find(''), []);
      });
    });

    test('what was said under a second name before its publication came is found with it', async () => {
      await withCatalogue(async ({ catalogue }) => {
        const v2 = new Uint8Array(32);
        v2.set(torrentOf(900));
        const batches = [
          [rating(900, 5, { stars: 5 }), rating(900, 6, { stars: 4 })],
          [rating(1, 6, { stars: 1, sequence: 2 })],
          [
            publication(1, 'Hybrid film', { infoHashes: { v1: torrentOf(1), v2 } }),
            rating(900, 8, { stars: 3 }),
          ],
        ];
        for (const batch of batches)
          assert.deepEqual(await catalogue.takeAll(batch), { taken: batch.length, refused: 0 });
        const details = await catalogue.details(hashOf(900));
        assert.equal(details?.publications[0]?.ratings, 3);
        assert.deepEqual(details?.ratings.map(({ stars }) => stars).sort(), [1, 3, 5]);
      });
    });

    test('one after the other is withdrawn, and the last one published stays', async () => {
      await withCatalogue(async ({ catalogue, find }) => {
        const numbers = [1, 2, 3, 4, 5, 6];
        await catalogue.takeAll(numbers.map((number) => publication(number, `Thing ${number}`)));
        for (const number of numbers.slice(0, 5)) await takeAll(catalogue, [withdrawal(number)]);
        await takeAll(catalogue, [publication(7, 'Thing 7')]);
        assert.deepEqual(await find('thing'), ['Thing 7', 'Thing 6']);
      });
    });

    test('what is blocked is not handed on, whatever it is, and is new to others when it comes back', async () => {
      await withCatalogue(async ({ catalogue, find }) => {
        await takeAll(catalogue, [
          publication(1, 'Old edition'),
          publication(2, 'New edition', { supersedes: [torrentOf(1)] }),
          publication(3, 'Fine thing', { by: 3 }),
          rating(3, 2, { comment: 'cheap pills here' }),
          rating(3, 4, { stars: 4 }),
        ]);
        const handedOn = async (after = 0) => {
          const { changes, next } = await catalogue.changes(after, 100);
          return { count: changes.length, next };
        };
        assert.deepEqual(await handedOn(), { count: 5, next: 5 });
        await catalogue.block({ kind: 'hash', value: hashOf(1), reason: '' }, 'operator');
        assert.equal(await catalogue.details(hashOf(1)), undefined);
        await catalogue.block({ kind: 'word', value: 'pills', reason: '' }, 'operator');
        await catalogue.block({ kind: 'key', value: keyOf(4).id, reason: '' }, 'operator');
        assert.deepEqual((await catalogue.details(hashOf(3)))?.ratings, []);
        // Passed over, and not the end.
        assert.deepEqual(await handedOn(), { count: 2, next: 5 });
        assert.deepEqual(await handedOn(3), { count: 0, next: 5 });
        assert.deepEqual(await handedOn(5), { count: 0, next: undefined });
        await catalogue.block({ kind: 'hash', value: hashOf(2), reason: '' }, 'operator');
        assert.deepEqual(await find('edition'), []);
        await catalogue.unblock('hash', hashOf(2), 'operator');
        assert.deepEqual(await find('edition'), ['New edition']);
        assert.deepEqual(await handedOn(5), { count: 1, next: 6 });
        assert.equal(
          (await catalogue.take(publication(3, 'Fine again', { by: 3, sequence: 2 }))).kind,
          'taken',
        );
        assert.equal((await catalogue.totals()).revision, 7);
      });
    });

    test('what is blocked is hidden and refused, also by what it says, and comes back', async () => {
      await withCatalogue(async ({ catalogue, find, address }) => {
        await takeAll(catalogue, [
          publication(1, 'Fine thing'),
          publication(2, 'Spam offer thing', { by: 2 }),
          publication(3, 'Other thing', { by: 3, description: 'the best offer, no spam' }),
          rating(1, 2, { stars: 1 }),
        ]);
        await catalogue.block({ kind: 'word', value: 'Spam OFFER', reason: 'advertising' }, 'operator');
        assert.deepEqual(await find('thing'), ['Fine thing']);
        await catalogue.block({ kind: 'word', value: 'offer', reason: '' }, 'operator');
        assert.deepEqual(await catalogue.suggest('off'), []);
        await catalogue.unblock('word', 'offer', 'operator');
        assert.deepEqual(await catalogue.suggest('off'), ['offer']);
        assert.equal((await catalogue.take(publication(9, 'spam: an offer'))).kind, 'refused');
        await catalogue.block({ kind: 'key', value: keyOf(2).id, reason: '' }, 'operator');
        assert.equal((await catalogue.details(hashOf(1)))?.publications[0]?.ratings, 0);
        assert.equal((await catalogue.take(rating(1, 2, { stars: 2, sequence: 2 }))).kind, 'refused');
        await catalogue.block({ kind: 'hash', value: hashOf(1), reason: 'notice 7' }, 'operator');
        assert.deepEqual(await find(''), []);
        assert.equal((await catalogue.totals()).torrents, 0);
        assert.equal(await catalogue.details(hashOf(1)), undefined);
        assert.deepEqual((await catalogue.changes(0, 10)).changes, []);
        await withCatalogue(async (again) => {
          assert.equal((await again.catalogue.take(publication(1, 'Fine', { by: 4 }))).kind, 'refused');
          assert.deepEqual((await again.catalogue.blocks()).map(({ kind, value }) => [kind, value]).sort(), [
            ['hash', hashOf(1)],
            ['key', keyOf(2).id],
            ['word', 'spam offer'],
          ]);
        }, address);
        assert.equal(await catalogue.unblock('word', 'spam offer', 'operator'), true);
        assert.deepEqual(await find('thing'), ['Other thing']);
        assert.equal(await catalogue.unblock('word', 'spam offer', 'operator'), false);
        await catalogue.unblock('key', keyOf(2).id, 'operator');
        await catalogue.unblock('hash', hashOf(1), 'operator');
        assert.equal((await find('thing')).length, 3);
        assert.equal((await catalogue.details(hashOf(1)))?.publications[0]?.ratings, 1);
        const log = await catalogue.audit(undefined, 100);
        assert.deepEqual(
          log.map(({ action, kind, by }) => `${by} ${action} ${kind}`),
          [
            'unblock hash',
            'unblock key',
            'unblock word',
            'block hash',
            'block key',
            'unblock word',
            'block word',
            'block word',
          ].map((text) => `operator ${text}`),
        );
        assert.equal((await catalogue.audit(log[1]?.number, 1))[0]?.action, 'unblock');
        await assert.rejects(catalogue.block({ kind: 'hash', value: "'; drop", reason: '' }, 'x'), {
          code: 'invalid',
        });
        await assert.rejects(catalogue.block({ kind: 'word', value: '!!!', reason: '' }, 'x'), {
          code: 'invalid',
        });
      });
    });

    test('health is what trackers count, and fades when nobody counts any more', async () => {
      await withCatalogue(async ({ catalogue, find, later }) => {
        await takeAll(catalogue, [
          publication(1, 'Few seeds'),
          publication(2, 'Many seeds'),
          publication(3, 'None'),
        ]);
        await catalogue.learnHealth([
          { infoHash: torrentOf(1), seeds: 1, peers: 0, completed: 3 },
          { infoHash: torrentOf(2), seeds: 9, peers: 2, completed: 0 },
          { infoHash: torrentOf(77), seeds: 5, peers: 5, completed: 5 },
        ]);
        assert.deepEqual(await find({ sort: 'seeds' }), ['Many seeds', 'Few seeds', 'None']);
        assert.deepEqual(await find({ minSeeds: 2, words: 'seeds' }), ['Many seeds']);
        const [entry] = (await catalogue.search({ words: 'few' })).entries;
        assert.deepEqual({ ...entry?.health }, { seeds: 1, leechers: 0, completed: 3, seenMs: nowMs });
        // Another process of the same index counts fewer, since others announce to the first one.
        const fewer = { infoHash: torrentOf(2), seeds: 1, peers: 0, completed: 0 };
        await catalogue.learnHealth([fewer]);
        assert.deepEqual(await find({ minSeeds: 9 }), ['Many seeds']);
        later(20 * 60_000);
        await catalogue.learnHealth([fewer]);
        assert.deepEqual(await find({ minSeeds: 9 }), []);
        later(2 * 3_600_000);
        await catalogue.learnHealth([]);
        assert.deepEqual(await find({ minSeeds: 1 }), []);
        // An edit keeps what is counted.
        await catalogue.learnHealth([fewer]);
        await catalogue.take(publication(2, 'Edited', { sequence: 2 }));
        assert.deepEqual(await find({ minSeeds: 1 }), ['Edited']);
      });
    });

    test('nothing in a question means anything to a database', async () => {
      await withCatalogue(async ({ catalogue, find }) => {
        await catalogue.take(publication(1, 'It stays'));
        const evils = [
          `'; drop table entries; --`,
          `" OR 1=1 --`,
          `stays" OR "x`,
          `NEAR(a b)`,
          `words : x`,
          `^it`,
          `it AND NOT stays`,
          `\u0000`,
          `\\'`,
          `%_`,
          `*`,
          `-`,
          `-it`,
          '\ud800',
          `${'('.repeat(300)}`,
          'a b c d e f g h i j k l m n o p',
          `it\ue000kit`,
          "x' | 'y' & !'z:*",
        ];
        for (const evil of evils)
          for (const search of [
            { words: evil },
            { tags: [evil] },
            { publisher: evil },
            { language: evil },
            { fileType: evil },
            { fileName: evil },
            { words: 'it', minSize: Number.NaN, maxSize: -1, since: 1e300, offset: 1e9, limit: 1e9 },
          ])
            assert.ok((await catalogue.search(search)).total <= 1);
        for (const evil of evils) {
          await catalogue.suggest(evil);
          assert.equal(await catalogue.details(evil), undefined);
        }
        assert.deepEqual(await find('stays'), ['It stays']);
      });
    });

    test('many that publish at once are all there, in one order', async () => {
      await withCatalogue(async ({ catalogue, address }) => {
        await withCatalogue(async (other) => {
          const records = Array.from({ length: 60 }, (_, i) => publication(i, `Number ${i} of sixty`));
          const taken = await Promise.all(
            records.map((record, i) => (i % 2 === 0 ? catalogue : other.catalogue).take(record)),
          );
          const revisions = taken.map((one) => (one.kind === 'taken' ? one.revision : 0));
          assert.equal(new Set(revisions).size, 60);
          assert.equal((await catalogue.search({ words: 'sixty' })).total, 60);
          assert.equal((await catalogue.totals()).torrents, 60);
        }, address);
      });
    });
  });
}
