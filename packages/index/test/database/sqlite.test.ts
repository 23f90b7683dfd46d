import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { openDatabase } from '../../src/node/database.ts';
import { catalogueSuite } from '../catalogue/catalogues.ts';
import { databaseSuite } from './databases.ts';

const folder = await mkdtemp(join(tmpdir(), 'shoal-database-'));
after(() => rm(folder, { recursive: true }));
let count = 0;
const fresh = () => join(folder, `${count++}.db`);

databaseSuite('SQLite', async () => `sqlite:${fresh()}`);
catalogueSuite('SQLite', async () => `sqlite:${fresh()}`);

test('a database of a newer version is refused in words, and left as it is', async () => {
  const path = fresh();
  await (await openDatabase(`sqlite:${path}`, 0)).close();
  const raw = new DatabaseSync(path);
  raw.exec('insert into schema_steps values (99, 0)');
  const steps = () => raw.prepare('select count(*) as n from schema_steps').get()?.n;
  const before = steps();
  await assert.rejects(openDatabase(`sqlite:${path}`, 0), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'settings');
    assert.match(error.message, /newer version of Shoal/);
    return true;
  });
  assert.equal(steps(), before);
  raw.close();
});

test('what is no database is told so, and left as it is', async () => {
  const path = fresh();
  await writeFile(path, 'x'.repeat(5000));
  await assert.rejects(openDatabase(`sqlite:${path}`, 0), { code: 'damaged' });
  await assert.rejects(openDatabase(`sqlite:${join(folder, 'none', 'a.db')}`, 0), { code: 'unavailable' });
  for (const address of ['sqlite:', 'mysql://x', '/tmp/x', 'postgres:x'])
    await assert.rejects(openDatabase(address, 0), { code: 'settings' });
});

test('killed in the middle of writing, it holds all that was acknowledged', async () => {
  const path = fresh();
  const program = `
    import { openDatabase } from ${JSON.stringify(import.meta.resolve('../../src/node/database.ts'))};
    const database = await openDatabase(${JSON.stringify(`sqlite:${path}`)}, 0);
    for (let i = 0; ; i++) {
      await database.setFact('last', String(i));
      process.stdout.write(i + '\\n');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString();
    if (said.length > 200) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const acknowledged = Number(said.trimEnd().split('\n').at(-1));
  const database = await openDatabase(`sqlite:${path}`, 0);
  assert.ok(Number(await database.fact('last')) >= acknowledged - (said.endsWith('\n') ? 0 : 1));
  await database.close();
});
