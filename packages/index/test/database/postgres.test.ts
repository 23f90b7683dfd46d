import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import pg from 'pg';
import { openCatalogue } from '../../src/catalogue/open-catalogue.ts';
import { openDatabase } from '../../src/node/database.ts';
import { catalogueSuite } from '../catalogue/catalogues.ts';
import { nowMs, publication } from '../catalogue/publishing.ts';
import { databaseSuite } from './databases.ts';
import { startPostgres } from './postgres-server.ts';

const server = await startPostgres();
after(() => server.stop());

databaseSuite('PostgreSQL', server.fresh);
catalogueSuite('PostgreSQL', server.fresh);

test('a server that is not there, and a wrong password, are told without the password', async () => {
  for (const address of [
    `postgres://shoal:secret@127.0.0.1:1/x`,
    `postgres://shoal:secret@127.0.0.1:${server.port}/postgres`,
  ])
    await assert.rejects(openDatabase(address, 0), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'unavailable');
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
});

test('a search that takes too long is ended, and the next one is answered', async () => {
  const address = await server.fresh();
  const database = await openDatabase(address, nowMs);
  const clock = { nowMs: () => nowMs, wallTimeMs: () => nowMs, setTimer: () => ({ cancel() {} }) };
  const catalogue = openCatalogue({ clock, database });
  const other = new pg.Client(address);
  await other.connect();
  try {
    await catalogue.take(publication(1, 'Thing one'));
    await other.query('begin; lock table entries in access exclusive mode');
    await assert.rejects(catalogue.search({ words: 'thing' }), { code: 'unavailable', message: /too long/ });
    await other.query('rollback');
    assert.equal((await catalogue.search({ words: 'thing' })).total, 1);
  } finally {
    await other.end();
    await database.close();
  }
});
