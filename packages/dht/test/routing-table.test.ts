// The routing table against a plain list of all that was told, and its rules about places.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Endpoint } from '@shoal/base';
import { readCompactNodes } from '@shoal/dht/codec';
import { createSimulation } from '@shoal/sim';
import { compareDistance, randomId, randomIdAt, sharedPrefix } from '../src/node-id.ts';
import { RoutingTable } from '../src/routing-table.ts';

const random = createSimulation({ seed: 42 }).randomFor('table');

function table(enforcesIds = false): RoutingTable {
  return new RoutingTable({ own: randomId(random), enforcesIds, nowMs: 0 });
}

/** Private addresses, of which everybody may have many. */
function place(n: number): Endpoint {
  return { address: `10.0.${n >> 8}.${n & 255}`, port: 6881 };
}

const hour = 60 * 60_000;

test('whatever happens, the nearest are the nearest of all that are in, and the rules hold', () => {
  for (let run = 0; run < 20; run++) {
    const nodes = table();
    const known = Array.from({ length: 400 }, (_, n) => ({
      id: random.below(3) === 0 ? randomIdAt(random, nodes.own, random.below(20)) : randomId(random),
      endpoint: place(n),
    }));
    for (let step = 0; step < 1500; step++) {
      const node = known[random.below(known.length)];
      assert.ok(node);
      const what = random.below(10);
      if (what < 7) nodes.answered(node, step * 1000, 50);
      else if (what < 9) nodes.failed(node.endpoint);
      else nodes.drop(node.endpoint);
    }
    const inside = nodes.contacts();
    assert.equal(inside.length, nodes.size);
    assert.equal(new Set(inside.map(({ endpoint }) => endpoint.address)).size, inside.length);
    const perBucket = new Map<number, number>();
    for (const { id } of inside) {
      const bits = Math.min(sharedPrefix(nodes.own, id), nodes.bucketCount - 1);
      perBucket.set(bits, (perBucket.get(bits) ?? 0) + 1);
    }
    for (const count of perBucket.values()) assert.ok(count <= 8);

    for (let i = 0; i < 50; i++) {
      const target = i % 2 === 0 ? randomId(random) : randomIdAt(random, nodes.own, random.below(30));
      const expected = inside
        .filter(({ failures }) => failures === 0)
        .sort((a, b) => compareDistance(target, a.id, b.id))
        .slice(0, 8);
      assert.deepEqual(nodes.closest(target, 8), expected);
      const told = readCompactNodes(nodes.compactClosest(target), 4, 20);
      const names = (list: readonly { endpoint: Endpoint }[]) =>
        list.map((one) => one.endpoint.address).sort();
      assert.deepEqual(names(told), names(expected), 'what replies carry, cached or not');
    }
  }
});

describe('a full bucket', () => {
  /** A table whose farthest bucket is full, and those who wait behind it. */
  function full() {
    const nodes = table();
    const far = Array.from({ length: 12 }, (_, n) => ({
      id: randomIdAt(random, nodes.own, 0),
      endpoint: place(n),
    }));
    // The other half of the id space makes the table split, as it does in a network.
    for (let n = 0; n < 9; n++)
      nodes.answered({ id: randomIdAt(random, nodes.own, 1 + n), endpoint: place(100 + n) }, 0);
    for (const node of far) nodes.answered(node, 0);
    return { nodes, far };
  }

  test('keeps those who were there first, and lets the others wait', () => {
    const { nodes, far } = full();
    const inside = nodes
      .closest(far[0]?.id ?? nodes.own, 100)
      .filter(({ id }) => sharedPrefix(nodes.own, id) === 0);
    assert.deepEqual(
      inside.map(({ endpoint }) => endpoint.address).sort(),
      far.slice(0, 8).map(({ endpoint }) => endpoint.address),
    );
    assert.equal(nodes.replacementCount, 4);
  });

  test('puts the newest that waits in the place of one that failed twice', () => {
    const { nodes, far } = full();
    const gone = place(3);
    nodes.failed(gone);
    assert.ok(nodes.find(gone));
    nodes.failed(gone);
    assert.equal(nodes.find(gone), undefined);
    assert.ok(nodes.find(far[11]?.endpoint ?? gone));
    assert.equal(nodes.replacementCount, 3);
  });

  test('forgives one that answers again after a failure', () => {
    const { nodes, far } = full();
    const [first] = far;
    assert.ok(first);
    for (let i = 0; i < 10; i++) {
      nodes.failed(first.endpoint);
      nodes.answered(first, i * 1000);
    }
    assert.ok(nodes.find(first.endpoint));
  });

  test('is not asked for refresh before fifteen minutes, and then once', () => {
    const { nodes } = full();
    assert.equal(nodes.takeUnchanged(14 * 60_000), undefined);
    assert.equal(nodes.takeUnchanged(16 * 60_000), 0);
    assert.notEqual(nodes.takeUnchanged(16 * 60_000), 0);
  });
});

describe('public addresses', () => {
  const spread = (n: number): Endpoint => ({ address: `${20 + n}.1.1.1`, port: 6881 });

  test('one address is one node: another port or id has to wait until it is gone', () => {
    const nodes = table();
    const first = { id: randomId(random), endpoint: spread(1) };
    const second = { id: randomId(random), endpoint: { ...spread(1), port: 7000 } };
    assert.ok(nodes.answered(first, 0));
    assert.ok(!nodes.answered(second, 0));
    nodes.failed(first.endpoint);
    assert.ok(nodes.answered(second, 0));
    assert.equal(nodes.size, 1);
  });

  test('a node that comes back with another id has that one', () => {
    const nodes = table();
    const ids = [randomId(random), randomId(random)] as const;
    nodes.answered({ id: ids[0], endpoint: spread(1) }, 0);
    nodes.answered({ id: ids[1], endpoint: spread(1) }, 0);
    assert.deepEqual(
      nodes.contacts().map(({ id }) => id),
      [ids[1]],
    );
  });

  test('one network cannot fill the table', () => {
    const nodes = table();
    for (let n = 1; n < 255; n++)
      nodes.answered({ id: randomId(random), endpoint: { address: `20.1.1.${n}`, port: 6881 } }, 0);
    assert.ok(nodes.size <= 8, `${nodes.size} of one /24`);
    for (let n = 0; n < 100; n++) nodes.answered({ id: randomId(random), endpoint: spread(n) }, 0);
    assert.ok(nodes.size > 16);
  });

  test('an id that does not fit its address is not let in where ids are enforced', () => {
    const nodes = table(true);
    for (let n = 0; n < 50; n++) nodes.answered({ id: randomId(random), endpoint: spread(n) }, 0);
    assert.equal(nodes.size, 0);
    assert.ok(nodes.answered({ id: randomId(random), endpoint: place(1) }, 0), 'local networks are free');
  });
});

test('our own id, and nobody at all, are never in a table', () => {
  const nodes = table();
  assert.ok(!nodes.answered({ id: nodes.own, endpoint: place(1) }, 0));
  assert.deepEqual(nodes.closest(randomId(random), 8), []);
  assert.equal(nodes.compactClosest(randomId(random)).length, 0);
});

test('with another id of ours everybody finds a new place', () => {
  const nodes = table();
  for (let n = 0; n < 200; n++) nodes.answered({ id: randomId(random), endpoint: place(n) }, 0);
  const before = nodes.size;
  nodes.adoptId(randomId(random), hour);
  assert.ok(nodes.size > before / 2);
  const target = randomId(random);
  const expected = nodes.contacts().sort((a, b) => compareDistance(target, a.id, b.id));
  assert.deepEqual(nodes.closest(target, 8), expected.slice(0, 8));
});
