// Disks: content stored once, room, speed, links, and operations that fail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Disk, type DiskFile, WorldError } from '@shoal/base';
import { createSimulation, type HostOptions } from '@shoal/sim';

function oneHost(options: HostOptions = {}) {
  const simulation = createSimulation({ seed: 1 });
  const host = simulation.addHost(options);
  const settle = <T>(promise: Promise<T>): Promise<T> => simulation.settle(promise);
  return { simulation, host, disk: host.world.disk, settle };
}

function isError(code: string) {
  return (error: unknown): boolean => error instanceof WorldError && error.code === code;
}

async function save(disk: Disk, path: string, bytes: Uint8Array, position = 0): Promise<DiskFile> {
  const file = await disk.open(path, { write: true, create: true });
  await file.write([bytes], position);
  return file;
}

function noise(length: number, seed: string): Uint8Array {
  const bytes = new Uint8Array(length);
  createSimulation({ seed }).randomFor('noise').fill(bytes);
  return bytes;
}

test('equal content on many disks is stored once, and forgotten when the last file goes', async () => {
  const simulation = createSimulation({ seed: 1 });
  const content = noise(1_000_000, 'content');
  const hosts = Array.from({ length: 200 }, () => simulation.addHost());
  await simulation.settle(Promise.all(hosts.map(({ world }) => save(world.disk, '/data/file', content))));
  const [first, second] = hosts;
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(first.disk.storedBytes, content.length);
  assert.equal(first.disk.usedBytes, Math.ceil(content.length / 4096) * 4096);
  const file = await simulation.settle(second.world.disk.open('/data/file', { write: true }));
  await simulation.settle(file.write([Uint8Array.of(1, 2, 3)], 500_000));
  assert.equal(first.disk.storedBytes, content.length + 16_384);
  assert.deepEqual(first.disk.read('/data/file'), content);
  for (const host of hosts) host.crash({ unsynced: 'lost' });
  assert.equal(first.disk.storedBytes, 0);
});

test('content that differs in one byte only is not taken for the same', async () => {
  const { host } = oneHost();
  const base = new Uint8Array(16_384);
  for (let i = 0; i < 300; i++) {
    const bytes = base.slice();
    bytes[i * 54] = 1;
    host.disk.write(`/data/${i}`, bytes);
  }
  for (let i = 0; i < 300; i++) {
    const bytes = host.disk.read(`/data/${i}`);
    assert.equal(bytes?.indexOf(1), i * 54);
  }
});

test('holes cost nothing, however large', async () => {
  const { host, disk, settle } = oneHost();
  const file = await settle(save(disk, '/data/sparse', Uint8Array.of(9), 2 ** 43));
  const stat = await settle(file.stat());
  assert.equal(stat.length, 2 ** 43 + 1);
  assert.equal(stat.allocated, 4096);
  assert.ok(host.disk.storedBytes < 20_000);
  await assert.rejects(settle(file.write([Uint8Array.of(1)], 2 ** 44)), isError('invalid'));
});

test('a full disk writes what fits, says no-space, and goes on when there is room again', async () => {
  const { host, disk, settle } = oneHost({ disk: { capacityBytes: 100_000 } });
  const file = await settle(save(disk, '/data/a', noise(50_000, 'a')));
  await assert.rejects(settle(file.write([noise(100_000, 'b')], 50_000)), isError('no-space'));
  assert.ok((await settle(file.stat())).length < 100_001);
  assert.ok((await settle(disk.freeBytes('/data'))) < 16_384);
  host.disk.setCapacity(1_000_000);
  await settle(file.write([noise(100_000, 'b')], 50_000));
  assert.deepEqual(host.disk.read('/data/a')?.subarray(50_000), noise(100_000, 'b'));
  await settle(file.close());
  await settle(disk.removeFile('/data/a'));
  assert.equal(await settle(disk.freeBytes('/data')), 1_000_000);
});

test('a removed file keeps its room while it is open', async () => {
  const { host, disk, settle } = oneHost();
  const file = await settle(save(disk, '/data/a', noise(50_000, 'a')));
  await settle(disk.removeFile('/data/a'));
  assert.ok(host.disk.usedBytes >= 50_000);
  const back = new Uint8Array(50_000);
  assert.equal(await settle(file.read([back], 0)), 50_000);
  assert.deepEqual(back, noise(50_000, 'a'));
  await settle(file.close());
  assert.equal(host.disk.usedBytes, 0);
});

test('operations take the time that the disk needs, one after the other', async () => {
  const speed = { operationMs: 1, seekMs: 10, bytesPerSecond: 1e6, syncMs: 30 };
  const { simulation, disk, settle } = oneHost({ disk: speed });
  const timeOf = async (action: () => Promise<unknown>): Promise<number> => {
    const startMs = simulation.nowMs;
    await settle(action());
    return Math.round(simulation.nowMs - startMs);
  };
  const file = await settle(disk.open('/data/file', { write: true, create: true }));
  assert.equal(await timeOf(() => file.write([new Uint8Array(10_000)], 0)), 21);
  assert.equal(await timeOf(() => file.write([new Uint8Array(10_000)], 10_000)), 11);
  assert.equal(await timeOf(() => file.write([new Uint8Array(10_000)], 0)), 21);
  assert.equal(await timeOf(() => file.sync()), 31);
  const twice = (): Promise<unknown> =>
    Promise.all([file.read([new Uint8Array(10_000)], 0), file.read([new Uint8Array(10_000)], 10_000)]);
  assert.equal(await timeOf(twice), 32);
});

test('faults hit the operations and paths they are meant for, as often as asked', async () => {
  const { simulation, host, disk, settle } = oneHost();
  const file = await settle(save(disk, '/data/one', noise(100, 'a')));
  const mend = host.disk.fail('io', { kind: ['write', 'sync'], path: '/data', after: 1, times: 2 });
  await settle(file.write([Uint8Array.of(1)], 0));
  await assert.rejects(settle(file.write([Uint8Array.of(2)], 0)), isError('io'));
  await assert.rejects(settle(file.sync()), isError('io'));
  await settle(file.write([Uint8Array.of(3)], 0));
  mend();
  const always = host.disk.fail('permission', { kind: 'open', path: /secret/ });
  await assert.rejects(
    settle(disk.open('/data/secret', { write: true, create: true })),
    isError('permission'),
  );
  await settle(disk.open('/data/open', { write: true, create: true }));
  always();
  await settle(disk.open('/data/secret', { write: true, create: true }));
  host.disk.delay(5000, { kind: 'stat' });
  const startMs = simulation.nowMs;
  await settle(disk.stat('/data'));
  assert.ok(simulation.nowMs - startMs >= 5000);
});

test('a read-only disk is read and not written', async () => {
  const { host, disk, settle } = oneHost();
  host.disk.write('/data/file', Uint8Array.of(1, 2, 3));
  host.disk.setReadOnly(true);
  const file = await settle(disk.open('/data/file'));
  assert.equal(await settle(file.read([new Uint8Array(3)], 0)), 3);
  const changes: readonly (() => Promise<unknown>)[] = [
    () => disk.open('/data/file', { write: true }),
    () => disk.open('/data/new', { write: true, create: true }),
    () => disk.makeFolder('/data/new'),
    () => disk.rename('/data/file', '/data/new'),
    () => disk.removeFile('/data/file'),
  ];
  for (const change of changes) await assert.rejects(settle(change()), isError('read-only'));
});

test('a second file system is another disk, with its own room and ids', async () => {
  const { disk, settle } = oneHost({ disk: { mounts: { '/mnt/usb': { capacityBytes: 10_000 } } } });
  await settle(save(disk, '/data/file', noise(5000, 'x')));
  await assert.rejects(settle(disk.rename('/data/file', '/mnt/usb/file')), isError('other-disk'));
  await assert.rejects(settle(disk.renameNew('/data/file', '/mnt/usb/file')), isError('other-disk'));
  assert.equal(await settle(disk.freeBytes('/mnt/usb')), 10_000);
  await assert.rejects(settle(save(disk, '/mnt/usb/file', noise(20_000, 'x'))), isError('no-space'));
  assert.deepEqual(await settle(disk.list('/mnt')), ['usb']);
  assert.notEqual((await settle(disk.stat('/mnt/usb/file'))).id, (await settle(disk.stat('/data/file'))).id);
});

test('links are followed on the way, shown as links at the end, and never round in circles', async () => {
  const { host, disk, settle } = oneHost();
  host.disk.write('/real/file', Uint8Array.of(7));
  host.disk.link('/data/folder', '/real');
  host.disk.link('/data/beside', '../real/./file');
  host.disk.link('/data/round', '/data/round');
  assert.equal((await settle(disk.stat('/data/folder'))).kind, 'link');
  assert.equal((await settle(disk.stat('/data/folder/file'))).kind, 'file');
  const file = await settle(disk.open('/data/beside'));
  assert.equal(await settle(file.read([new Uint8Array(9)], 0)), 1);
  await assert.rejects(settle(disk.open('/data/round')), isError('invalid'));
  await assert.rejects(settle(disk.open('/data/folder', { create: 'new', write: true })), isError('exists'));
  await settle(disk.removeFile('/data/folder'));
  assert.deepEqual(host.disk.read('/real/file'), Uint8Array.of(7));
});

test('a machine opens so many files, and no more', async () => {
  const { host, disk, settle } = oneHost({ disk: { mostOpenFiles: 3 } });
  host.disk.write('/data/file', new Uint8Array(1));
  const files = await settle(Promise.all([1, 2, 3].map(() => disk.open('/data/file'))));
  await assert.rejects(settle(disk.open('/data/file')), isError('too-many-files'));
  await settle(Promise.all(files.map((file) => file.close())));
  await settle(disk.open('/data/file'));
});

test('hash jobs take their time on the workers there are, and finish in the order of asking', async () => {
  const { simulation, host, settle } = oneHost({ hashing: { bytesPerSecond: 1e6, workers: 2 } });
  const order: string[] = [];
  const job = (length: number) =>
    ({ source: { kind: 'memory', blocks: [new Uint8Array(length)] }, sha1: true }) as const;
  const run = async (length: number): Promise<void> => {
    await host.world.hashing.run(job(length));
    order.push(`${length} at ${Math.round(simulation.nowMs)}`);
  };
  await settle(Promise.all([10_000, 10_000, 5000, 20_000].map(run)));
  assert.deepEqual(order, ['10000 at 10', '10000 at 10', '5000 at 15', '20000 at 30']);
});
