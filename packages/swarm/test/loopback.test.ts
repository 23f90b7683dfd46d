import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { PeerAddress } from '@shoal/base';
import type { TorrentFormat } from '@shoal/metainfo';
import type { TransferOptions } from '@shoal/swarm';
import { isWhole, type Lab, openLab, writeSample } from './real-swarm.ts';
import { makeSample, type Sample, someBytes } from './sample.ts';

describe('on loopback', () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
  });
  after(() => lab.close());

  for (const format of ['v1', 'v2', 'hybrid'] satisfies TorrentFormat[])
    test(`a ${format} torrent of several files goes from one peer to another`, async () => {
      const sample = makeSample(
        {
          'a/one': someBytes(1_000_000),
          two: someBytes(70_001, 2),
          'a/empty': new Uint8Array(0),
          z: someBytes(5, 3),
        },
        { format, pieceLength: 65_536, name: `several-${format}` },
      );
      const [from, to] = [lab.place(`from-${format}`), lab.place(`to-${format}`)];
      await writeSample(sample, from);
      const a = await lab.session();
      const b = await lab.session();
      const source = a.session.add(
        { kind: 'torrent', torrent: sample.torrent },
        { folder: from, journal: lab.place(`${format}-from.journal`) },
      );
      await source.whenComplete();
      const target = b.session.add(
        { kind: 'torrent', torrent: sample.torrent },
        { folder: to, journal: lab.place(`${format}-to.journal`), peers: [a.address] },
      );
      await target.whenComplete(AbortSignal.timeout(60_000));
      assert.ok(await isWhole(sample, to));
      assert.equal(target.progress.bytes, 1_070_006);
      assert.deepEqual(a.session.checkInvariants(), []);
      assert.deepEqual(b.session.checkInvariants(), []);
    });

  async function pair(name: string, sample: Sample, options: Partial<TransferOptions> = {}) {
    const [from, to] = [lab.place(`from-${name}`), lab.place(`to-${name}`)];
    await writeSample(sample, from);
    const a = await lab.session();
    const b = await lab.session();
    const torrent = { kind: 'torrent', torrent: sample.torrent } as const;
    const source = a.session.add(torrent, { folder: from, journal: lab.place(`${name}-from.journal`) });
    await source.whenComplete();
    const target = b.session.add(torrent, {
      folder: to,
      journal: lab.place(`${name}-to.journal`),
      peers: [a.address],
      ...options,
    });
    return { a, b, source, target, to };
  }

  for (const format of ['v1', 'v2'] satisfies TorrentFormat[])
    test(`${format} pieces that are too long for memory go to disk as they come, and are verified there`, async () => {
      const sample = makeSample(someBytes(40_000_000), {
        format,
        pieceLength: 16_777_216,
        name: `long-${format}`,
      });
      const { b, target, to } = await pair(`long-${format}`, sample);
      await target.whenComplete(AbortSignal.timeout(60_000));
      assert.ok(await isWhole(sample, to));
      assert.deepEqual(b.session.checkInvariants(), []);
    });

  test('a complete file keeps its incomplete name until the release gate agrees', async () => {
    const sample = makeSample(someBytes(300_000), { name: 'gated' });
    let open: (isGood: boolean) => void = () => {};
    const asked: string[] = [];
    const { target, to } = await pair('gated', sample, {
      gate: ({ path }) => {
        asked.push(path);
        return new Promise((resolve) => {
          open = resolve;
        });
      },
    });
    await new Promise<void>((resolve) => {
      target.subscribe((event) => {
        if (event.kind === 'state' && event.state === 'sharing') resolve();
      });
    });
    assert.equal(target.isComplete, false);
    assert.equal(asked.length, 1);
    assert.notEqual(asked[0], `${to}/gated`);
    open(true);
    await target.whenComplete(AbortSignal.timeout(60_000));
    assert.ok(await isWhole(sample, to));
  });

  test('what was fetched before is shared by the next session without being hashed again', async () => {
    const sample = makeSample(someBytes(2_000_000), { name: 'again' });
    const { b, target, to } = await pair('again', sample);
    await target.whenComplete(AbortSignal.timeout(60_000));
    await b.session.close();
    let jobs = 0;
    const next = await lab.session({
      hashing: {
        digest: lab.world.hashing.digest,
        run: (job, signal) => {
          jobs++;
          return lab.world.hashing.run(job, signal);
        },
      },
    });
    const again = next.session.add(
      { kind: 'torrent', torrent: sample.torrent },
      { folder: to, journal: lab.place('again-to.journal') },
    );
    await again.whenComplete(AbortSignal.timeout(60_000));
    assert.equal(jobs, 0);
    const third = await lab.session();
    const copy = third.session.add(
      { kind: 'torrent', torrent: sample.torrent },
      { folder: lab.place('third'), journal: lab.place('third.journal'), peers: [next.address] },
    );
    await copy.whenComplete(AbortSignal.timeout(60_000));
    assert.ok(await isWhole(sample, lab.place('third')));
  });

  test('peers that require encryption find each other, and refuse those in the clear', async () => {
    const sample = makeSample(someBytes(500_000), { name: 'sealed' });
    const from = lab.place('sealed-from');
    await writeSample(sample, from);
    const torrent = { kind: 'torrent', torrent: sample.torrent } as const;
    const a = await lab.session({ encryption: 'require' });
    await a.session.add(torrent, { folder: from, journal: lab.place('sealed-from.journal') }).whenComplete();
    const b = await lab.session({ encryption: 'require' });
    const target = b.session.add(torrent, {
      folder: lab.place('sealed-to'),
      journal: lab.place('sealed-to.journal'),
      peers: [a.address],
    });
    const seen = new Set<string>();
    target.subscribe(() => {
      for (const peer of target.peers) seen.add(peer.encryption);
    });
    await target.whenComplete(AbortSignal.timeout(60_000));
    assert.ok(await isWhole(sample, lab.place('sealed-to')));
    assert.deepEqual([...seen], ['rc4']);
  });

  test('four sources are used at once', async () => {
    const sample = makeSample(someBytes(30_000_000), { name: 'four', pieceLength: 262_144 });
    const torrent = { kind: 'torrent', torrent: sample.torrent } as const;
    const sources: PeerAddress[] = [];
    const from = lab.place('four-from');
    await writeSample(sample, from);
    for (let i = 0; i < 4; i++) {
      const { session, address } = await lab.session();
      await session.add(torrent, { folder: from, journal: lab.place(`four-${i}.journal`) }).whenComplete();
      sources.push(address);
    }
    const { session } = await lab.session();
    const target = session.add(torrent, {
      folder: lab.place('four-to'),
      journal: lab.place('four-to.journal'),
      peers: sources,
    });
    const most = new Map<number, number>();
    target.subscribe(() => {
      for (const { address, downloadedBytes } of target.peers) most.set(address.port, downloadedBytes);
    });
    await target.whenComplete(AbortSignal.timeout(60_000));
    assert.ok(await isWhole(sample, lab.place('four-to')));
    assert.equal([...most.values()].filter((bytes) => bytes > 1_000_000).length, 4);
    assert.ok(target.progress.wastedBytes < 3_000_000, `${target.progress.wastedBytes} bytes were wasted`);
    assert.deepEqual(session.checkInvariants(), []);
  });
});
