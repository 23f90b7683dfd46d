// Several threads at one UDP port: each knows what the others were told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTrackers } from '@shoal/tracker';
import { startUdpHelper } from '../../src/udp-helper.ts';
import { requestOf, startIndex } from './asking.ts';

const [http, udp, udp6] = ['http://9.0.0.1:6969/announce', 'udp://9.0.0.1:6969', 'udp://[2a00::1]:6969'];

/** In the simulator whoever bound a port last gets what comes: the helper has UDP, the index HTTP. */
async function setUp() {
  const started = await startIndex({ balanced: true, unlimited: true, settings: { intervalSeconds: 600 } });
  const { simulation, home, index, addHost } = started;
  const trackers = createTrackers(addHost().world);
  const announce = async (url: string, more: Parameters<typeof requestOf>[0] = {}) => {
    const answer = await simulation.settle(trackers.announce(url, requestOf(more)));
    await simulation.advance(50);
    return answer;
  };
  async function addHelper() {
    const posted: Uint8Array[] = [];
    const helper = await simulation.settle(
      startUdpHelper(home.world, index.helperOrders, 0, (batch) => {
        posted.push(batch);
        link.take(batch);
      }),
    );
    const link = index.share((batch) => helper.take(batch));
    return { helper, posted };
  }
  return { ...started, announce, addHelper };
}

test('what one thread hears the others know at once, and what was known before, too', async () => {
  const { announce, addHelper } = await setUp();
  await announce(http, { port: 1 });
  await announce(http, { port: 2, event: 'started' });
  await announce(http, { port: 2, left: 0, event: 'completed' });
  await addHelper();
  const second = await announce(udp, { port: 3 });
  assert.deepEqual(second.peers.map(({ port }) => port).sort(), [1, 2]);
  assert.deepEqual([second.seeders, second.leechers], [1, 2]);
  const third = await announce(http, { port: 1 });
  assert.deepEqual(third.peers.map(({ port }) => port).sort(), [2, 3]);
  assert.equal(third.downloads, 1);
  await announce(udp6, { port: 4, left: 0, event: 'started' });
  assert.equal((await announce(http, { port: 1 })).seeders, 2);
});

test('whoever leaves one leaves all, and a change of group is told', async () => {
  const { announce, addHelper } = await setUp();
  await addHelper();
  await announce(udp, { port: 1 });
  await announce(udp, { port: 2 });
  await announce(udp, { port: 2, left: 0, event: 'completed' });
  assert.deepEqual([(await announce(http, { port: 3 })).seeders], [1]);
  await announce(http, { port: 1, event: 'stopped' });
  assert.deepEqual(
    (await announce(udp, { port: 3 })).peers.map(({ port }) => port),
    [2],
  );
});

test('that somebody is still there is told only now and then, and in time', async () => {
  const { announce, addHelper, simulation } = await setUp();
  const { posted } = await addHelper();
  for (let times = 0; times < 10; times++) await announce(udp, { port: 1 });
  assert.equal(posted.length, 1);
  for (let minutes = 0; minutes < 60; minutes += 10) {
    await simulation.advance(600_000);
    await announce(udp, { port: 1 });
  }
  assert.equal((await announce(http, { port: 2 })).peers.length, 1);
  assert.ok(posted.length <= 8, `${posted.length}`);
});

test('two helpers hear of each other through the index', async () => {
  const { announce, addHelper } = await setUp();
  const first = await addHelper();
  await announce(udp, { port: 1 });
  await addHelper();
  await announce(udp, { port: 2 });
  first.helper.close();
  assert.equal((await announce(http, { port: 3 })).peers.length, 2);
});
