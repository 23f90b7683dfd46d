// The release gate before a real ClamAV daemon, which knows one virus: the EICAR test file. Where clamd is not installed,
// that is a named skip.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { createClient, type NodeClient, type TransferSummary } from '@shoal/api';
import { createNodeWorld } from '@shoal/base/node';
import { createLog, startNode } from '@shoal/node';
import { loadConfig } from '@shoal/node/config';
import { missingPrograms, pathOf } from '../clients/installed.ts';
import { type Program, start } from '../clients/process.ts';

/** In two parts: scanners would find this file otherwise. */
const eicar = `${'X5O!P%@AP[4\\PZX54(P^)7CC)7}$'}${'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'}`;
const eicarSignature = '44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test-Signature\n';

interface Running {
  readonly client: NodeClient;
  readonly peerPort: number;
}

describe('a release gate before clamd', { skip: missingPrograms('clamd') ?? false, timeout: 120_000 }, () => {
  let folder = '';
  let clamd: Program;
  let socket = '';
  const stops: (() => Promise<void>)[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-scan-'));
    socket = join(folder, 'clamd.sock');
    mkdirSync(join(folder, 'signatures'));
    writeFileSync(join(folder, 'signatures', 'test.hdb'), eicarSignature);
    const settings = [
      `DatabaseDirectory ${join(folder, 'signatures')}`,
      `LocalSocket ${socket}`,
      'Foreground yes',
      'StreamMaxLength 1M',
    ];
    writeFileSync(join(folder, 'clamd.conf'), `${settings.join('\n')}\n`);
    const words = ['-c', join(folder, 'clamd.conf')];
    clamd = start(pathOf('clamd') ?? 'clamd', words, { log: join(folder, 'clamd.log') });
    let hasEnded = false;
    void clamd.exited.then(() => {
      hasEnded = true;
    });
    while (!existsSync(socket)) {
      assert.ok(!hasEnded, 'clamd ended at once');
      await setTimeout(50);
    }
  });
  after(async () => {
    for (const stop of stops) await stop();
    await clamd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function startShoal(name: string, scanner: string): Promise<Running> {
    const world = createNodeWorld({ hashWorkers: 1 });
    const data = join(folder, name);
    const places = { home: folder, data, configFile: join(folder, 'none.toml') };
    const flags = { api: '127.0.0.1:0', port: '0', lan: 'off', 'port-mapping': 'off', 'scan.clamd': scanner };
    const loaded = await loadConfig({ disk: world.disk, places, flags });
    const log = createLog({ level: 'silent', clock: world.clock, write: () => {} });
    const node = await startNode({ world, loaded, places, version: '0.1.0', log, pid: process.pid });
    stops.push(async () => {
      await node.stop();
      await world.close();
    });
    return { client: createClient({ url: node.url, fetch, token: node.token }), peerPort: node.peerPort };
  }

  async function until(
    { client }: Running,
    id: string,
    isSo: (transfer: TransferSummary) => boolean,
  ): Promise<TransferSummary> {
    for (;;) {
      const transfer = await client.call('transfer', { params: { id } });
      if (isSo(transfer)) return transfer;
      await setTimeout(50);
    }
  }

  test('the EICAR file is refused, a harmless one released, and one too large for clamd held back', async () => {
    const sharing = await startShoal('sharing', 'none');
    const fetching = await startShoal('fetching', socket);
    async function fetchFile(name: string, content: string | Uint8Array): Promise<string> {
      writeFileSync(join(folder, name), content);
      const { id } = await sharing.client.call('addTransfer', { body: { path: join(folder, name) } });
      const { magnet } = await sharing.client.call('transfer', { params: { id } });
      const peers = [`127.0.0.1:${sharing.peerPort}`];
      await fetching.client.call('addTransfer', {
        body: { link: magnet, folder: join(folder, 'there'), peers },
      });
      return id;
    }
    const bad = await fetchFile('eicar.com', eicar);
    const good = await fetchFile('good.txt', 'harmless');
    const large = await fetchFile('large.bin', new Uint8Array(3_000_000).fill(7));

    const refused = await until(fetching, bad, ({ waiting }) => waiting?.code === 'refused');
    assert.match(refused.waiting?.message ?? '', /Eicar-Test-Signature/);
    await until(fetching, bad, ({ state }) => state === 'paused');
    await until(fetching, good, ({ isComplete }) => isComplete);
    const held = await until(fetching, large, ({ waiting }) => waiting?.code === 'held-back');
    assert.match(held.waiting?.message ?? '', /size limit exceeded/);
    assert.equal(readFileSync(join(folder, 'there', 'good.txt'), 'utf8'), 'harmless');
    for (const name of ['eicar.com', 'large.bin']) assert.ok(!existsSync(join(folder, 'there', name)), name);
  });
});
