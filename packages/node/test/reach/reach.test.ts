import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { World } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { Blocklists, judgeReachability } from '@shoal/node/reach';

describe('lists of addresses to block', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-lists-'));
  const file = (name: string) => join(folder, name);
  let world: World;
  before(() => {
    world = createNodeWorld();
  });
  after(async () => {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('several files are one filter, packed ones too, and bad lines are named where they stand', async () => {
    const long = Array.from(
      { length: 40_000 },
      (_, i) => `name ${i}:10.${i >> 8}.${i & 255}.1-10.${i >> 8}.${i & 255}.9`,
    );
    writeFileSync(file('a.txt'), [...long, 'nonsense', '192.0.2.0/24'].join('\n'));
    writeFileSync(file('b.gz'), gzipSync('2001:db8::/32\n'));
    const lists = new Blocklists(world.disk);
    await lists.use(`${file('a.txt')}; ${file('b.gz')}`);
    for (const address of ['10.0.0.5', '10.156.63.9', '192.0.2.1', '2001:db8::1'])
      assert.equal(lists.filter.isBlocked(address), true, address);
    assert.equal(lists.filter.isBlocked('10.156.64.1'), false);
    assert.equal(lists.reports[0]?.ranges, 40_001);
    assert.deepEqual(lists.reports[0]?.badLines, [{ line: 40_001, text: 'nonsense' }]);
    assert.equal(lists.reports[1]?.ranges, 1);
  });

  test('a list that changes is read again; one that goes leaves what was in force', async () => {
    const lists = new Blocklists(world.disk);
    writeFileSync(file('c.txt'), '1.1.1.1\n');
    await lists.use(file('c.txt'));
    assert.equal(await lists.refresh(), false);
    writeFileSync(file('c.txt'), '2.2.2.2\n3.3.3.3\n');
    utimesSync(file('c.txt'), 1_000_000, 1_000_000);
    assert.equal(await lists.refresh(), true);
    assert.deepEqual(
      ['1.1.1.1', '2.2.2.2'].map((address) => lists.filter.isBlocked(address)),
      [false, true],
    );
    rmSync(file('c.txt'));
    await assert.rejects(lists.refresh(), { code: 'filter-unreadable', message: /it is not there/ });
    assert.equal(lists.filter.isBlocked('3.3.3.3'), true);
    await assert.rejects(new Blocklists(world.disk).use(folder), { code: 'filter-unreadable' });
    await lists.use('none');
    assert.equal(lists.filter.isBlocked('3.3.3.3'), false);
  });
});

describe('who can reach a node', () => {
  const nobody = { fromInternet: 0, fromNearby: 0 };
  const signs = { incoming: nobody, mapping: undefined, seenAddress: undefined, addresses: ['192.168.1.5'] };
  const mapped = {
    state: 'mapped',
    way: 'pcp',
    router: '192.168.1.1',
    externalAddress: '8.8.4.4',
    ports: [{ protocol: 'tcp', port: 6881, externalPort: 6881 }],
    tried: [],
  } as const;

  test('is known when somebody came in, and only then', () => {
    const seen = judgeReachability({ ...signs, incoming: { fromInternet: 2, fromNearby: 0 } });
    assert.deepEqual(
      [seen.state, seen.message],
      ['reachable', 'Others can reach this node: 2 connections have come in from the internet.'],
    );
    for (const more of [{ mapping: mapped }, { addresses: ['8.8.8.8'] }]) {
      const { state, message } = judgeReachability({ ...signs, ...more });
      assert.equal(state, 'unknown');
      assert.match(message, /probably reach/);
    }
  });

  test('a second router, a line elsewhere and a router that does nothing are told apart', () => {
    const second = judgeReachability({ ...signs, mapping: { ...mapped, externalAddress: '100.64.0.9' } });
    assert.equal(second.state, 'unreachable');
    assert.match(second.message, /another router/);
    const elsewhere = judgeReachability({ ...signs, mapping: mapped, seenAddress: '9.9.9.9' });
    assert.match(elsewhere.message, /others see us at 9\.9\.9\.9/);
    const none = { state: 'none', router: '192.168.1.1', ports: [], tried: [] } as const;
    const refused = judgeReachability({ ...signs, mapping: none });
    assert.equal(refused.state, 'unreachable');
    assert.match(refused.advice ?? '', /UPnP/);
  });
});
