import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openDatabase } from '../../src/node/database.ts';
import { catalogueSuite } from '../catalogue/catalogues.ts';
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
