// A node that is killed again and again while torrents and links are put into its watch folder: in the end each of them is
// one transfer, and each file is set aside.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { createClient } from '@shoal/api';
import { isEvent } from '../clients/client.ts';
import { type Program, start } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';

const files = 60;
const kills = 6;

test('kills lose nothing of a watch folder, and add nothing twice', { timeout: 180_000 }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-watch-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const [data, drop] = [join(folder, 'data'), join(folder, 'drop')];
  mkdirSync(drop);
  const config = join(folder, 'config.toml');
  writeFileSync(config, `watch.folders = "${drop} label=dropped paused"\n`);
  let program: Program | undefined;
  async function up(): Promise<{ readonly program: Program; readonly url: string }> {
    const words = ['up', '--json', '--data', data, '--config', config, '--api', '127.0.0.1:0', '--port', '0'];
    program = start(process.execPath, [shoalCommand, ...words, '--no-lan', '--port-mapping', 'off'], {
      log: join(folder, 'log'),
    });
    const { url } = JSON.parse(await program.line(isEvent('ready'), 60_000));
    return { program, url };
  }
  context.after(() => program?.kill());

  let next = 0;
  for (let kill = 0; kill < kills; kill++) {
    const running = await up();
    const until = ((kill + 1) * files) / kills;
    // At another moment of the look each time.
    const killed = setTimeout(1900 + kill * 90).then(() => running.program.kill());
    for (; next < until; next++) {
      const hash = next.toString(16).padStart(40, '0');
      writeFileSync(join(drop, `${next}.magnet`), `magnet:?xt=urn:btih:${hash}&dn=${next}\n`);
    }
    await killed;
  }
  const { program: last, url } = await up();
  while (readdirSync(drop).some((name) => name.endsWith('.magnet'))) await setTimeout(100);
  const client = createClient({ url, fetch, token: readFileSync(join(data, 'api-token'), 'utf8').trim() });
  const { transfers } = await client.call('transfers', {});
  const names = transfers.map(({ name }) => Number(name)).sort((a, b) => a - b);
  assert.deepEqual(
    names,
    Array.from({ length: files }, (_, number) => number),
  );
  assert.equal(readdirSync(drop).filter((name) => name.endsWith('.added')).length, files);
  await last.stop();
});
