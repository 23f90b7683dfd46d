// Ports mapped by miniupnpd, the router of many homes, in a home of network namespaces: by all three ways, used from
// outside, and taken back.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { missingPrograms } from '../clients/installed.ts';
import { createHome, missingNamespaces } from '../clients/namespace.ts';
import { type Program, run, start } from '../clients/process.ts';

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

const programs = missingPrograms('miniupnpd', 'nft', 'ip');
const skip = missingNamespaces() ?? programs ?? false;
describe('a router with miniupnpd', { skip, timeout: 120_000 }, () => {
  for (const [way, { natPmp, rule }] of Object.entries(ways))
    test(`lets peers in by ${way}, until the node stops`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'shoal-mapping-'));
      const { machine, router, outside, close } = await createHome();
      const running: Program[] = [];
      const begin = (name: string, prefix: readonly string[], command: string, ...words: string[]) => {
        const program = start(command, words, { log: join(folder, `${name}.log`), prefix });
        running.push(program);
        return program;
      };
      const mappings = async () => {
        const chain = ['list', 'chain', 'inet', 'filter', 'prerouting_miniupnpd'];
        const rules = await run('nft', chain, router.prefix);
        return rules.split('\n').filter((line) => line.includes('dnat')).length;
      };
      try {
        writeFileSync(join(folder, 'tables'), tables.replace('RULE', rule));
        await run('nft', ['-f', join(folder, 'tables')], router.prefix);
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
        writeFileSync(
          join(folder, 'settings'),
          `${lines.join('')}allow 1024-65535 192.168.77.0/24 1024-65535\n`,
        );
        const files = ['-f', join(folder, 'settings'), '-P', join(folder, 'pid')];
        begin('miniupnpd', router.prefix, 'miniupnpd', '-d', ...files);

        const node = begin(
          'node',
          machine.prefix,
          process.execPath,
          join(import.meta.dirname, 'mapped-ports.ts'),
          `${port}`,
        );
        const report = JSON.parse(await node.line((line) => line.startsWith('{'), 60_000));
        const said = JSON.stringify(report);
        assert.equal(report.state, 'mapped', said);
        assert.equal(report.way, way, said);
        assert.equal(report.externalAddress, '5.5.5.1', said);
        assert.equal(report.router, '192.168.77.1', said);
        assert.equal(report.ports.length, 2);
        assert.equal(await mappings(), 2);
        const [{ externalPort }] = report.ports;
        const dial = `require('node:net').connect(${externalPort}, '5.5.5.1', () => process.exit())`;
        await run(process.execPath, ['--input-type=commonjs', '--eval', dial], outside.prefix);
        await node.line((line) => line === 'from 5.5.5.2');

        process.kill(node.pid, 'SIGTERM');
        await node.line((line) => line === 'closed');
        assert.equal(await mappings(), 0);
      } finally {
        for (const program of running.reverse()) await program.stop();
        await close();
        rmSync(folder, { recursive: true, force: true });
      }
    });
});
