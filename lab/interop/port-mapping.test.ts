// Ports mapped by miniupnpd, the router of many homes, in a home of network namespaces: by all three ways, used from
// outside, and taken back.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { isEvent } from '../clients/client.ts';
import { missingPrograms } from '../clients/installed.ts';
import { createHome, missingNamespaces } from '../clients/namespace.ts';
import { type Program, run, start } from '../clients/process.ts';
import { shoalCommand } from '../clients/shoal.ts';

const port = 16_881;

const tables = `
table inet filter { chain forward { type filter hook forward priority 0; policy drop;
    ct state established,related accept; iifname "lan0" accept; jump miniupnpd; }
  chain miniupnpd { }
  chain prerouting { type nat hook prerouting priority -100; jump prerouting_miniupnpd; }
  chain postrouting { type nat hook postrouting priority 100; oifname "wan0" masquerade; jump postrouting_miniupnpd; }
  chain prerouting_miniupnpd { }
  chain postrouting_miniupnpd { }
  chain input { type filter hook input priority 0; RULE }
}`;

const ways = {
  pcp: { natPmp: 'yes', rule: '' },
  // Who knows no PCP: it hears nothing of it.
  'nat-pmp': { natPmp: 'yes', rule: 'udp dport 5351 @th,64,8 2 drop;' },
  upnp: { natPmp: 'no', rule: '' },
};

interface Home {
  readonly folder: string;
  begin(name: string, where: 'machine' | 'router' | 'outside', command: string, ...words: string[]): Program;
  runAt(where: 'machine' | 'outside', command: string, ...words: string[]): Promise<string>;
  /** How many ports the router passes on. */
  mappings(): Promise<number>;
}

async function atHome(way: keyof typeof ways, action: (home: Home) => Promise<void>): Promise<void> {
  const { natPmp, rule } = ways[way];
  const folder = mkdtempSync(join(tmpdir(), 'shoal-mapping-'));
  const { close, ...places } = await createHome();
  const running: Program[] = [];
  const home: Home = {
    folder,
    begin(name, where, command, ...words) {
      const { prefix } = places[where];
      const program = start(command, words, { log: join(folder, `${name}.log`), prefix });
      running.push(program);
      return program;
    },
    runAt: (where, command, ...words) => run(command, words, places[where].prefix),
    async mappings() {
      const chain = ['list', 'chain', 'inet', 'filter', 'prerouting_miniupnpd'];
      const rules = await run('nft', chain, places.router.prefix);
      return rules.split('\n').filter((line) => line.includes('dnat')).length;
    },
  };
  try {
    writeFileSync(join(folder, 'tables'), tables.replace('RULE', rule));
    await run('nft', ['-f', join(folder, 'tables')], places.router.prefix);
    const settings = {
      ext_ifname: 'wan0',
      listening_ip: 'lan0',
      http_port: '0',
      enable_upnp: 'yes',
      enable_natpmp: natPmp,
      secure_mode: 'yes',
      lease_file: join(folder, 'leases'),
      uuid: '00000000-0000-0000-0000-000000000001',
      upnp_table_name: 'filter',
      upnp_nat_table_name: 'filter',
      upnp_forward_chain: 'miniupnpd',
      upnp_nat_chain: 'prerouting_miniupnpd',
      upnp_nat_postrouting_chain: 'postrouting_miniupnpd',
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(join(folder, 'settings'), `${lines.join('')}allow 1024-65535 192.168.77.0/24 1024-65535\n`);
    const files = ['-f', join(folder, 'settings'), '-P', join(folder, 'pid')];
    home.begin('miniupnpd', 'router', 'miniupnpd', '-d', ...files);
    await action(home);
  } finally {
    for (const program of running.reverse()) await program.stop();
    await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const inCommonJs = ['--input-type=commonjs', '--eval'];
const skip = missingNamespaces() ?? missingPrograms('miniupnpd', 'nft', 'ip') ?? false;
describe('a router with miniupnpd', { skip, timeout: 180_000 }, () => {
  for (const way of ['pcp', 'nat-pmp', 'upnp'] as const)
    test(`lets peers in by ${way}, until the node stops`, () =>
      atHome(way, async ({ begin, runAt, mappings }) => {
        const script = join(import.meta.dirname, 'mapped-ports.ts');
        const node = begin('node', 'machine', process.execPath, script, `${port}`);
        const said = await node.line((line) => line.includes('"mapped"'), 90_000);
        const report = JSON.parse(said);
        assert.equal(report.way, way, said);
        assert.equal(report.externalAddress, '5.5.5.1', said);
        assert.equal(report.router, '192.168.77.1', said);
        assert.equal(report.ports.length, 2);
        assert.equal(await mappings(), 2);
        const [{ externalPort }] = report.ports;
        const dial = `require('node:net').connect(${externalPort}, '5.5.5.1', () => process.exit())`;
        await runAt('outside', process.execPath, ...inCommonJs, dial);
        await node.line((line) => line === 'from 5.5.5.2');

        process.kill(node.pid, 'SIGTERM');
        await node.line((line) => line === 'closed');
        assert.equal(await mappings(), 0);
      }));

  test('is asked by `shoal up`, and `shoal doctor` says who comes in', () =>
    atHome('pcp', async ({ folder, begin, runAt, mappings }) => {
      const data = ['--data', join(folder, 'data')];
      const doctor = () => runAt('machine', process.execPath, shoalCommand, 'doctor', '--json', ...data);
      /** Resolves when the node hung up. */
      const dial = () =>
        runAt(
          'outside',
          process.execPath,
          ...inCommonJs,
          `require('node:net').connect(${port}, '5.5.5.1').on('error', () => {}).on('close', () => process.exit()).resume()`,
        );
      const up = async (...words: string[]) => {
        const all = ['up', '--json', '--api', '127.0.0.1:0', '--port', `${port}`, ...data, ...words];
        const node = begin('up', 'machine', process.execPath, shoalCommand, ...all);
        await node.line(isEvent('ready'), 60_000);
        while ((await mappings()) < 2) await setTimeout(50);
        return node;
      };
      writeFileSync(join(folder, 'list'), 'outside:5.5.5.0-5.5.5.255\n');
      const choosy = await up('--filter', join(folder, 'list'));
      await dial();
      assert.match(
        await doctor(),
        /Others can probably reach this node: the router 192\.168\.77\.1 passes port/,
      );
      await choosy.stop();
      assert.equal(await mappings(), 0);

      const open = await up();
      const visit = dial();
      while (!/"Others can reach this node: One connection has come in/.test(await doctor()))
        await setTimeout(50);
      await open.stop();
      await visit;
      assert.equal(await mappings(), 0);
    }));
});
