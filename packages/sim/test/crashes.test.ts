// What a power cut leaves: compared with a plain model over random runs, and at every operation of a careful writer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Disk, WorldError } from '@shoal/base';
import { createSimulation, type SimHost } from '@shoal/sim';
import { simTest } from '@shoal/sim/testing';
import fc from 'fast-check';

function setUp(seed = 1) {
  const simulation = createSimulation({ seed });
  const host = simulation.addHost();
  return { simulation, host };
}

test('written bytes are lost with the power unless they were synced', async () => {
  const { simulation, host } = setUp();
  const { disk } = host.world;
  host.disk.write('/data/file', new Uint8Array(40_000).fill(1));
  const file = await simulation.settle(disk.open('/data/file', { write: true }));
  await simulation.settle(file.write([new Uint8Array(20_000).fill(2)], 10_000));
  await simulation.settle(file.sync());
  await simulation.settle(file.write([new Uint8Array(50_000).fill(3)], 0));
  host.crash();
  const left = host.disk.read('/data/file');
  assert.equal(left?.length, 40_000);
  assert.ok(left.every((byte, i) => byte === (i >= 10_000 && i < 30_000 ? 2 : 1)));
});

test('a program that dies alone loses nothing that was written', async () => {
  const { simulation, host } = setUp();
  const file = await simulation.settle(host.world.disk.open('/data/file', { write: true, create: true }));
  await simulation.settle(file.write([Uint8Array.of(1, 2, 3)], 0));
  host.crash({ unsynced: 'kept' });
  assert.deepEqual(host.disk.read('/data/file'), Uint8Array.of(1, 2, 3));
  const again = await simulation.settle(host.restart().disk.open('/data/file'));
  assert.equal((await simulation.settle(again.stat())).length, 3);
});

test('new names are lost with the power unless their folder was synced', async () => {
  const { simulation, host } = setUp();
  const { disk } = host.world;
  const make = async (path: string): Promise<void> => {
    const file = await disk.open(path, { write: true, create: true });
    await file.write([Uint8Array.of(1)], 0);
    await file.sync();
    await file.close();
  };
  await simulation.settle(make('/data/safe'));
  await simulation.settle(disk.syncFolder('/data'));
  await simulation.settle(make('/data/unsafe'));
  await simulation.settle(disk.rename('/data/safe', '/data/renamed'));
  host.crash();
  assert.deepEqual(host.disk.list('/data'), ['safe']);
});

test('a rename between folders is undone in both or in neither', async () => {
  for (const synced of ['/data/from', '/data/to', undefined]) {
    const { simulation, host } = setUp();
    host.disk.write('/data/from/file', Uint8Array.of(1));
    host.disk.write('/data/to/other', Uint8Array.of(2));
    const { disk } = host.world;
    await simulation.settle(disk.rename('/data/from/file', '/data/to/file'));
    if (synced !== undefined) await simulation.settle(disk.syncFolder(synced));
    host.crash();
    const places = ['/data/from/file', '/data/to/file'].filter((path) => host.disk.stat(path) !== undefined);
    assert.deepEqual(places, [synced === undefined ? '/data/from/file' : '/data/to/file']);
  }
});

test('renames that follow each other are made safe together', async () => {
  const { simulation, host } = setUp();
  for (const folder of ['one', 'two', 'three']) host.disk.write(`/data/${folder}/there`, Uint8Array.of(1));
  const { disk } = host.world;
  await simulation.settle(disk.rename('/data/one/there', '/data/two/moved'));
  await simulation.settle(disk.rename('/data/two/moved', '/data/three/moved'));
  await simulation.settle(disk.syncFolder('/data/one'));
  host.crash();
  const left = ['one', 'two', 'three'].map((folder) => host.disk.list(`/data/${folder}`).join());
  assert.deepEqual(left, ['', 'there', 'moved,there']);
});

test('a removed file is back after a power cut, with its bytes and its room', async () => {
  const { simulation, host } = setUp();
  host.disk.write('/data/file', new Uint8Array(5000).fill(5));
  await simulation.settle(host.world.disk.removeFile('/data/file'));
  assert.equal(host.disk.usedBytes, 0);
  host.crash();
  assert.deepEqual(host.disk.read('/data/file'), new Uint8Array(5000).fill(5));
  assert.equal(host.disk.usedBytes, 8192);
  await simulation.settle(host.restart().disk.removeFile('/data/file'));
  await simulation.settle(host.world.disk.syncFolder('/data'));
  host.crash();
  assert.equal(host.disk.stat('/data/file'), undefined);
  assert.equal(host.disk.storedBytes, 0);
});

test('a torn crash mixes old and new by the sector, the same way for the same seed', async () => {
  const leftOf = async (seed: number): Promise<string> => {
    const { simulation, host } = setUp(seed);
    host.disk.write('/data/file', new Uint8Array(64 * 512).fill(1));
    const file = await simulation.settle(host.world.disk.open('/data/file', { write: true }));
    await simulation.settle(file.write([new Uint8Array(64 * 512).fill(2)], 0));
    host.crash({ unsynced: 'torn' });
    const left = host.disk.read('/data/file') ?? new Uint8Array();
    const sectors = Array.from({ length: 64 }, (_, i) => left.subarray(i * 512, (i + 1) * 512));
    for (const sector of sectors) assert.ok(sector.every((byte) => byte === sector[0]));
    return sectors.map(([byte]) => byte).join('');
  };
  const first = await leftOf(1);
  assert.match(first, /^(?=.*1)(?=.*2)[12]{64}$/);
  assert.equal(await leftOf(1), first);
  assert.notEqual(await leftOf(2), first);
});

const command = fc.oneof(
  fc.record({
    kind: fc.constant('write'),
    position: fc.integer({ min: 0, max: 70_000 }),
    length: fc.integer({ min: 1, max: 40_000 }),
    value: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant('truncate'), length: fc.integer({ min: 0, max: 90_000 }) }),
  fc.record({ kind: fc.constant('sync') }),
  fc.record({ kind: fc.constant('crash') }),
);

test('any run of writes, truncations, syncs and power cuts leaves what a plain model says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
      const { simulation, host } = setUp();
      host.disk.write('/data/file', new Uint8Array(0));
      let now = new Uint8Array(0);
      let safe = now;
      const open = () => simulation.settle(host.world.disk.open('/data/file', { write: true }));
      let file = await open();
      for (const one of commands) {
        if (one.kind === 'sync') {
          await simulation.settle(file.sync());
          safe = now;
        } else if (one.kind === 'crash') {
          host.crash();
          host.restart();
          now = safe;
          file = await open();
        } else if ('value' in one) {
          const bytes = new Uint8Array(one.length).fill(one.value);
          await simulation.settle(file.write([bytes], one.position));
          now = resized(now, Math.max(now.length, one.position + one.length));
          now.set(bytes, one.position);
        } else if ('length' in one) {
          await simulation.settle(file.truncate(one.length));
          now = resized(now, one.length);
        }
        assert.ok(Buffer.compare(host.disk.read('/data/file') ?? new Uint8Array(1), now) === 0);
      }
      const distinct = new Set(blocks(now).concat(blocks(safe)));
      assert.ok(host.disk.storedBytes <= distinct.size * 16_384, 'no chunk is forgotten');
      host.crash();
      await simulation.settle(host.restart().disk.removeFile('/data/file'));
      await simulation.settle(host.world.disk.syncFolder('/data'));
      assert.equal(host.disk.storedBytes, 0);
      assert.equal(host.disk.usedBytes, 0);
    }),
    { numRuns: 150 },
  );
});

function resized(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(length);
  copy.set(bytes.subarray(0, length));
  return copy;
}

function blocks(bytes: Uint8Array): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += 16_384)
    found.push(Buffer.from(bytes.subarray(at, at + 16_384)).toString('latin1'));
  return found;
}

/** The way to replace a file that no crash can break. */
async function replaceSafely(disk: Disk, text: string): Promise<void> {
  const file = await disk.open('/data/state.new', { write: true, create: true });
  await file.truncate(0);
  await file.write([new TextEncoder().encode(text.repeat(5000))], 0);
  await file.sync();
  await file.close();
  await disk.rename('/data/state.new', '/data/state');
  await disk.syncFolder('/data');
}

function stateOf(host: SimHost): string {
  return new TextDecoder().decode(host.disk.read('/data/state'));
}

simTest(
  'a careful writer has the old or the new state after a crash at any of its operations',
  { seeds: 3 },
  async (simulation) => {
    for (const unsynced of ['lost', 'torn', 'kept'] as const) {
      for (const when of ['before', 'during', 'after'] as const) {
        for (let operation = 0; ; operation++) {
          const host = simulation.addHost({ name: `${unsynced} ${when} ${operation}` });
          host.disk.write('/data/state', new TextEncoder().encode('old'.repeat(5000)));
          host.setCrashOptions({ unsynced });
          host.disk.crash(when, { after: operation });
          let isDone = false;
          void replaceSafely(host.world.disk, 'new').then(() => {
            isDone = true;
          });
          await simulation.run(() => isDone || !host.isUp);
          if (isDone) {
            assert.ok(operation >= 7, 'every operation had its crash');
            break;
          }
          assert.equal(host.isUp, false);
          assert.match(stateOf(host), /^(old|new)(\1){4999}$/);
          if (when === 'after' && operation === 6) assert.match(stateOf(host), /^new/);
        }
      }
    }
  },
);

test('a careless writer is caught by some crash', async () => {
  let broken = 0;
  for (let operation = 0; operation < 3; operation++) {
    const { simulation, host } = setUp(operation);
    host.disk.write('/data/state', new TextEncoder().encode('old'.repeat(5000)));
    host.setCrashOptions({ unsynced: 'torn' });
    host.disk.crash('during', { after: operation });
    const write = async (): Promise<void> => {
      const file = await host.world.disk.open('/data/state', { write: true });
      await file.write([new TextEncoder().encode('new'.repeat(5000))], 0);
      await file.close();
    };
    void write();
    await simulation.advance(1000);
    if (!/^(old|new)(\1){4999}$/.test(stateOf(host))) broken++;
  }
  assert.ok(broken > 0);
});

test('a host that is down has no world, and restarting gives another', async () => {
  const { host } = setUp();
  const first = host.world;
  host.crash();
  host.crash();
  assert.throws(() => host.world, WorldError);
  const second = host.restart();
  assert.notEqual(second, first);
  assert.equal(host.world, second);
  assert.equal(host.isUp, true);
});
