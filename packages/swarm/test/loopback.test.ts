import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TorrentFormat } from '@shoal/metainfo';
import { isWhole, type Lab, openLab, writeSample } from './real-swarm.ts';
import { makeSample, someBytes } from './sample.ts';

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
      await target.whenComplete(AbortSignal.timeout(10_000));
      assert.ok(await isWhole(sample, to));
      assert.equal(target.progress.bytes, 1_070_006);
      assert.deepEqual(a.session.checkInvariants(), []);
      assert.deepEqual(b.session.checkInvariants(), []);
    });
});
