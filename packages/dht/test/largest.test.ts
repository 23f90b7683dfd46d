// The largest of each answer still fits the packet, whatever stands in it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { encodeBencode, type IpFamily } from '@shoal/base';
import { type Query, readMessage } from '@shoal/dht/codec';
import { identityFromSeed } from '@shoal/identity';
import { createSimulation } from '@shoal/sim';
import { Answering } from '../src/answering.ts';
import { ItemStore } from '../src/item-store.ts';
import { mutableTarget, signedBytes } from '../src/items.ts';
import { randomId } from '../src/node-id.ts';
import { PeerStore } from '../src/peer-store.ts';
import { RoutingTable } from '../src/routing-table.ts';
import { Tokens } from '../src/tokens.ts';
import { Visitors } from '../src/visitors.ts';

const random = createSimulation({ seed: 5 }).randomFor('largest');
const clock = { nowMs: () => 0, wallTimeMs: () => 0, setTimer: () => ({ cancel() {} }) };
const hashing = {
  digest: (name: 'sha1' | 'sha256', bytes: Uint8Array) =>
    new Uint8Array(createHash(name).update(bytes).digest()),
  run: () => Promise.reject(new Error('not used')),
};

function fullTable(family: IpFamily): RoutingTable {
  const table = new RoutingTable({ own: randomId(random), enforcesIds: false, nowMs: 0 });
  for (let n = 1; n < 200; n++) {
    const address = family === 4 ? `10.0.0.${n}` : `fd00::${n.toString(16)}`;
    table.answered({ id: randomId(random), endpoint: { address, port: 6881 } }, 0);
  }
  return table;
}

test('every answer is sent, in both families, with the longest of everything', () => {
  const tables = { 4: fullTable(4), 6: fullTable(6) };
  const items = new ItemStore(hashing);
  const { publicKey, sign } = identityFromSeed(new Uint8Array(32).fill(1));
  const raw = encodeBencode('x'.repeat(996));
  const salt = new Uint8Array(64).fill(7);
  const sequence = Number.MAX_SAFE_INTEGER;
  const signature = sign(signedBytes(salt, sequence, raw));
  const mutable = { key: publicKey, salt, sequence, signature, cas: undefined };
  assert.equal(items.put({ raw, mutable }, 'somebody', 0), undefined);
  const target = mutableTarget(hashing, publicKey, salt);
  for (const family of [4, 6] as const) {
    const peers = new PeerStore(family, random);
    const infoHash = new Uint8Array(20).fill(9);
    const size = family === 4 ? 6 : 18;
    for (let n = 0; n < 500; n++) {
      peers.announce(
        infoHash,
        Uint8Array.from({ length: size }, (_, i) => (i < 2 ? n >> (8 * i) : 1)),
        n % 2 === 0,
        0,
      );
      peers.announce(randomId(random), new Uint8Array(size).fill(n), false, 0);
    }
    const answering = new Answering({
      family,
      clock,
      hashing,
      tokens: new Tokens({ clock, hashing, random }),
      peers,
      items,
      table: tables[family],
      tableOf: (wanted) => tables[wanted],
    });
    const visitor = new Visitors(clock, { isLimited: false }).of(family === 4 ? '10.0.0.1' : 'fd00::1');
    assert.ok(visitor);
    const want = { 4: true, 6: true };
    const queries: Query[] = [
      { method: 'find_node', target, want },
      { method: 'get_peers', infoHash, want, scrape: false },
      { method: 'get_peers', infoHash, want, scrape: true },
      { method: 'get_peers', infoHash, want: { 4: family === 4, 6: family === 6 }, scrape: false },
      { method: 'get', target, want, sequence: undefined },
      { method: 'get', target, want: { 4: false, 6: true }, sequence: undefined },
      { method: 'get', target, want, sequence },
      { method: 'sample_infohashes', target, want },
    ];
    for (const query of queries) {
      for (const length of [1, 2, 31, 32]) {
        const transaction = new Uint8Array(length).fill(1);
        const id = randomId(random);
        const question = { kind: 'query', transaction, id, isReadOnly: false, query } as const;
        const reply = answering.answer(question, visitor, 6881, 0);
        assert.ok(reply.length > 0 && reply.length <= 1400, `IPv${family} ${query.method}: ${reply.length}`);
        assert.equal(readMessage(reply, family)?.kind, 'response');
      }
    }
  }
});
