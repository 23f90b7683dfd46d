// Our tracker clients against trackers that others wrote: opentracker (C) and npm's bittorrent-tracker.

import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { toHex } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import { createTrackers, type Trackers } from '@shoal/tracker';
import type { AnnounceRequest } from '@shoal/tracker/codec';
import { Server } from 'bittorrent-tracker';
import { missingPrograms } from '../clients/installed.ts';
import { type Program, start } from '../clients/process.ts';

const listedHash = randomBytes(20);

function request(
  infoHash: Uint8Array,
  number: number,
  left: number,
  event?: AnnounceRequest['event'],
): AnnounceRequest {
  return {
    infoHash,
    peerId: Buffer.from(`-SH0001-${String(number).padStart(12, '0')}`),
    port: 20_000 + number,
    uploaded: 0,
    downloaded: 0,
    left,
    event,
    peersWanted: 50,
    key: number,
  };
}

/** Its scrape answers mangle hashes that are not ASCII. */
function textHash(): Uint8Array {
  return Buffer.from(randomBytes(10).toString('hex'));
}

async function meetEachOther(
  trackers: Trackers,
  url: string,
  ownAddress: string,
  infoHash: Uint8Array,
): Promise<void> {
  await trackers.announce(url, request(infoHash, 1, 0, 'started'));
  const answer = await trackers.announce(url, request(infoHash, 2, 1000, 'started'));
  assert.ok(
    answer.peers.some((peer) => peer.address === ownAddress && peer.port === 20_001),
    JSON.stringify(answer),
  );
  const scraped = await trackers.scrape(url, [infoHash]);
  assert.equal(scraped.get(toHex(infoHash))?.seeders, 1);
  assert.equal(scraped.get(toHex(infoHash))?.leechers, 1);
  await trackers.announce(url, request(infoHash, 1, 0, 'stopped'));
  await trackers.announce(url, request(infoHash, 2, 0, 'stopped'));
}

describe('tracker clients', () => {
  const world = createNodeWorld();
  const trackers = createTrackers(world);
  const folder = mkdtempSync(join(tmpdir(), 'shoal-trackers-'));
  after(async () => {
    await trackers.close();
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });

  describe('with opentracker', { skip: missingPrograms('opentracker') ?? false }, () => {
    const port = randomInt(30_000, 32_000);
    const list = join(folder, 'listed');
    let program: Program;
    before(async () => {
      // Debian's build serves listed hashes alone.
      // It becomes `nobody` inside the folder, as root it refuses to run.
      chmodSync(folder, 0o755);
      writeFileSync(list, `${listedHash.toString('hex')}\n`);
      program = start(
        'opentracker',
        [
          '-i',
          '127.0.0.1',
          '-p',
          String(port),
          '-P',
          String(port),
          '-w',
          'listed',
          '-u',
          'nobody',
          '-d',
          folder,
        ],
        {
          log: join(folder, 'opentracker.log'),
        },
      );
      const deadline = performance.now() + 10_000;
      while (performance.now() < deadline) {
        const asked = trackers.announce(
          `http://127.0.0.1:${port}/announce`,
          request(listedHash, 9, 0, 'stopped'),
        );
        if (
          await asked.then(
            () => true,
            () => false,
          )
        )
          return;
      }
      assert.fail(`opentracker does not answer; it said: ${program.lines.join(' ')}`);
    });
    after(() => program.stop());

    test('peers meet over UDP', () =>
      meetEachOther(trackers, `udp://127.0.0.1:${port}/announce`, '127.0.0.1', listedHash));
    test('peers meet over HTTP', () =>
      meetEachOther(trackers, `http://127.0.0.1:${port}/announce`, '127.0.0.1', listedHash));
    test('a hash that is not listed is refused in its own words', async () => {
      const other = { ...request(randomBytes(20), 3, 1) };
      await assert.rejects(trackers.announce(`http://127.0.0.1:${port}/announce`, other), {
        code: 'failure',
      });
    });
  });

  describe("with npm's bittorrent-tracker", () => {
    const server = new Server({ ws: false, stats: false });
    let httpPort = 0;
    let udpPort = 0;
    let udp6Port = 0;
    before(async () => {
      await new Promise<void>((resolve) => server.listen(0, () => resolve()));
      httpPort = server.http.address().port;
      udpPort = server.udp4.address().port;
      udp6Port = server.udp6.address().port;
    });
    after(() => new Promise<void>((resolve) => server.close(() => resolve())));

    test('peers meet over HTTP', () =>
      meetEachOther(trackers, `http://127.0.0.1:${httpPort}/announce`, '127.0.0.1', textHash()));
    test('peers meet over HTTP and IPv6', () =>
      meetEachOther(trackers, `http://[::1]:${httpPort}/announce`, '::1', textHash()));
    test('peers meet over UDP', () =>
      meetEachOther(trackers, `udp://127.0.0.1:${udpPort}/announce`, '127.0.0.1', textHash()));
    test('a tracker answers over UDP and IPv6', async () => {
      const answer = await trackers.announce(
        `udp://[::1]:${udp6Port}/announce`,
        request(textHash(), 4, 5, 'started'),
      );
      assert.ok(answer.intervalSeconds > 0);
    });
  });
});
