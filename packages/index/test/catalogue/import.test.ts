// A catalogue from elsewhere, taken as a whole with threads that check the signatures.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { openCatalogue } from '../../src/catalogue/open-catalogue.ts';
import { openDatabase } from '../../src/node/database.ts';
import { startSignatureThreads } from '../../src/node/signature-threads.ts';
import { hashOf, nowMs, publication, rating, withdrawal } from './publishing.ts';

const folder = await mkdtemp(join(tmpdir(), 'shoal-import-'));
after(() => rm(folder, { recursive: true }));
const clock = { nowMs: () => 0, wallTimeMs: () => nowMs, setTimer: () => ({ cancel() {} }) };
let opened = 0;

async function withCatalogue(run: (catalogue: Catalogue) => Promise<void>): Promise<void> {
  const database = await openDatabase(`sqlite:${join(folder, `${opened++}.db`)}`, nowMs);
  try {
    await run(openCatalogue({ clock, database, startSignatureThreads }));
  } finally {
    await database.close();
  }
}

function forged(record: Uint8Array): Uint8Array {
  const bytes = record.slice();
  const last = bytes.length - 2;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  return bytes;
}

test('all that is signed is there in its order, and what is forged or nonsense is left out', async () => {
  await withCatalogue(async (catalogue) => {
    const records = [
      // What it is about comes later.
      rating(7, 2, { stars: 4 }),
      ...Array.from({ length: 300 }, (_, i) =>
        publication(i, `Film ${i} made by ${i % 3}`, { by: 1 + (i % 3) }),
      ),
      forged(publication(500, 'Forged one')),
      new Uint8Array(0),
      new Uint8Array(100),
      publication(8, 'Film eight again', { by: 1 + (8 % 3), sequence: 2 }),
      withdrawal(9, 1, 2),
      // Older than what stands by now.
      publication(8, 'Film 8 replayed', { by: 1 + (8 % 3) }),
    ];
    async function* slowly(): AsyncGenerator<Uint8Array> {
      for (const record of records) yield record;
    }
    assert.deepEqual(await catalogue.takeAll(slowly()), { taken: 303, refused: 4 });
    const { torrents } = await catalogue.totals();
    assert.equal(torrents, 299);
    assert.equal((await catalogue.details(hashOf(7)))?.publications[0]?.ratings, 1);
    assert.equal(
      (await catalogue.details(hashOf(8)))?.publications[0]?.publication.title,
      'Film eight again',
    );
    assert.equal(await catalogue.details(hashOf(9)), undefined);
    assert.equal(await catalogue.details(hashOf(500)), undefined);
    assert.equal((await catalogue.search({ words: 'film made' })).total, 298);
    // Once more costs nothing, and says the same.
    assert.deepEqual(await catalogue.takeAll(records.slice(1, 8)), { taken: 7, refused: 0 });
    assert.equal((await catalogue.totals()).revision, 303);
  });
});

test('a source that breaks in the middle is told, and others publish before and after', async () => {
  await withCatalogue(async (catalogue) => {
    async function* breaking(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 100; i++) yield publication(i, `Song ${i}`);
      throw new Error('the cable is out');
    }
    await assert.rejects(catalogue.takeAll(breaking()), { code: 'unavailable', message: /the cable is out/ });
    assert.equal((await catalogue.take(publication(1000, 'After it'))).kind, 'taken');
    const all = Array.from({ length: 100 }, (_, i) => publication(i, `Song ${i}`));
    const [{ taken }, one] = await Promise.all([
      catalogue.takeAll(all),
      catalogue.take(publication(1001, 'Meanwhile')),
    ]);
    assert.deepEqual([taken, one.kind], [100, 'taken']);
    assert.equal((await catalogue.totals()).torrents, 102);
  });
});
