import assert from 'node:assert/strict';
import type { TorrentFormat } from '@shoal/metainfo';
import { simTest } from '@shoal/sim/testing';
import { makeSample, type Sample, someBytes } from '../sample.ts';
import { addPeer, closeAll, runUntil } from '../sim-swarm.ts';
import { addLeecher, addServer, untilWhole } from './sim-web.ts';

const formats: readonly TorrentFormat[] = ['v1', 'v2', 'hybrid'];
const line = { latencyMs: 20, upBytesPerSecond: 2e6, downBytesPerSecond: 2e6 };

function several(format: TorrentFormat): Sample {
  return makeSample(
    {
      'a.bin': someBytes(3_000_000),
      'sub/b ä#%?.bin': someBytes(70_001, 2),
      c: someBytes(3, 3),
      empty: new Uint8Array(0),
      'd/e/f': someBytes(500_000, 4),
    },
    { format, pieceLength: 65_536 },
  );
}

for (const format of formats)
  simTest(
    `all files of a ${format} torrent come from one web server, each byte once`,
    { seeds: 3, simulation: { line } },
    async (simulation) => {
      const sample = several(format);
      const server = await addServer(simulation, sample);
      const leecher = await addLeecher(simulation, sample, [server.url]);
      await untilWhole(simulation, sample, leecher);
      const [seed] = leecher.transfer.webSeeds;
      assert.equal(seed?.downloadedBytes, 3_570_004);
      assert.equal(server.sent(), 3_570_004);
      assert.equal(leecher.transfer.progress.wastedBytes, 0);
      assert.equal(leecher.transfer.progress.downloadedBytes, 3_570_004);
      assert.ok(server.connections() <= 4, `${server.connections()} connections`);
      assert.ok(server.asked.every(({ headers }) => headers['accept-encoding'] === 'identity'));
      await closeAll(simulation, [leecher]);
    },
  );

simTest(
  'one file lies at the URL, or below it when that ends in a slash',
  { simulation: { line } },
  async (simulation) => {
    for (const format of formats) {
      const sample = makeSample(someBytes(2_000_000), { format, pieceLength: 65_536, name: 'one file.bin' });
      const server = await addServer(simulation, sample);
      for (const url of [server.url, `${server.url}one%20file.bin`, `${server.url}one file.bin#top`]) {
        const leecher = await addLeecher(simulation, sample, [url]);
        await untilWhole(simulation, sample, leecher);
        await closeAll(simulation, [leecher]);
      }
    }
  },
);

simTest('web servers and peers share the work', { seeds: 5, simulation: { line } }, async (simulation) => {
  const sample = makeSample(someBytes(8_000_000), { pieceLength: 131_072 });
  const servers = [await addServer(simulation, sample), await addServer(simulation, sample)];
  const seed = await addPeer(simulation, { sample, isSeed: true });
  const leecher = await addLeecher(
    simulation,
    sample,
    servers.map(({ url }) => url),
    { knows: [seed], host: { line: { ...line, downBytesPerSecond: 2e7 } } },
  );
  await untilWhole(simulation, sample, leecher, [seed]);
  const shares = [...servers.map((server) => server.sent()), seed.transfer.progress.uploadedBytes];
  assert.ok(
    shares.every((share) => share > 1_000_000),
    shares.join(),
  );
  assert.ok(
    leecher.transfer.progress.wastedBytes < 1_500_000,
    `${leecher.transfer.progress.wastedBytes} wasted`,
  );
  await closeAll(simulation, [seed, leecher]);
});

simTest(
  'a limit holds for web servers, alone and beside a peer',
  { seeds: 2, simulation: { line } },
  async (simulation) => {
    for (const limit of [10_000, 100_000]) {
      for (const hasPeer of [false, true]) {
        const sample = makeSample(someBytes(limit * 120), { pieceLength: 65_536 });
        const server = await addServer(simulation, sample);
        const knows = hasPeer ? [await addPeer(simulation, { sample, isSeed: true })] : [];
        const leecher = await addLeecher(simulation, sample, [server.url], {
          knows,
          limits: { downBytesPerSecond: limit },
        });
        const all = [...knows, leecher];
        const runFor = async (ms: number) => {
          const end = simulation.nowMs + ms;
          simulation.after(ms, () => {});
          await runUntil(simulation, all, () => simulation.nowMs >= end);
          return leecher.transfer.progress.downloadedBytes;
        };
        const before = await runFor(5_000);
        const rate = ((await runFor(90_000)) - before) / 90;
        assert.ok(Math.abs(rate / limit - 1) < 0.04, `${rate} a second with a limit of ${limit}`);
        await closeAll(simulation, all);
      }
    }
  },
);
