import assert from 'node:assert/strict';
import type { Simulation } from '@shoal/sim';
import { type SimTestOptions, simTest } from '@shoal/sim/testing';
import type { WebFailureCode } from '../../src/web-seeds/answers.ts';
import { makeSample, someBytes } from '../sample.ts';
import { addPeer, begin, closeAll, runUntil, type SimPeer } from '../sim-swarm.ts';
import type { Asked, Reply } from './server.ts';
import { addLeecher, addServer, filesOf, serveOn, untilWhole } from './sim-web.ts';

const line = { latencyMs: 10, upBytesPerSecond: 2e6, downBytesPerSecond: 2e7 };
const usual: SimTestOptions = { simulation: { line } };
const sample = makeSample(someBytes(3_000_000), { pieceLength: 65_536 });

type Answer = (asked: Asked, usual: Reply) => Reply | undefined;

function seedOf({ transfer }: SimPeer) {
  const [seed] = transfer.webSeeds;
  assert.ok(seed !== undefined);
  return seed;
}

/** A server that answers so is left alone with that code; a peer that joins then makes the download complete. */
async function failsWith(
  simulation: Simulation,
  code: WebFailureCode,
  answer: Answer,
  limitMs = 60_000,
): Promise<string> {
  const server = await addServer(simulation, sample, { answer });
  const leecher = await addLeecher(simulation, sample, [server.url]);
  await runUntil(simulation, [leecher], () => seedOf(leecher).state === 'resting', limitMs);
  const { reason = '', code: found } = seedOf(leecher);
  assert.equal(found, code, reason);
  const rescuer = await addPeer(simulation, { sample, isSeed: true });
  leecher.transfer.addPeer(rescuer.address, 'given');
  await untilWhole(simulation, sample, leecher, [rescuer], 120_000);
  await closeAll(simulation, [rescuer, leecher]);
  return reason;
}

const page = Buffer.from('<html><body>Welcome to our captive portal</body></html>');
const html = { 'content-type': 'text/html; charset=utf-8' };
const faults: [string, WebFailureCode, Answer][] = [
  ['a missing file', 'not-found', () => ({ status: 404, headers: html, body: page })],
  ['a forbidden file', 'forbidden', () => ({ status: 403, headers: html, body: page })],
  ['a file of another length, whole', 'wrong-length', () => ({ body: someBytes(2_000_000) })],
  [
    'a file of another length, in part',
    'wrong-length',
    (_asked, reply) => ({ ...reply, headers: { 'content-range': 'bytes 0-1048575/2999999' } }),
  ],
  ['a range that it says is beyond the file', 'wrong-length', () => ({ status: 416 })],
  ['a web page', 'not-the-file', () => ({ headers: html, body: page })],
  ['an empty answer', 'wrong-length', () => ({})],
  ['a part that does not say which', 'bad-range', (_asked, reply) => ({ ...reply, headers: {} })],
  [
    'another part than was asked for',
    'bad-range',
    (_asked, reply) => ({ ...reply, headers: { 'content-range': 'bytes 16384-1064959/3000000' } }),
  ],
  [
    'a part that ends before it begins',
    'bad-range',
    (_asked, reply) => ({ ...reply, headers: { 'content-range': 'bytes 5-4/3000000' } }),
  ],
  [
    'several parts in one',
    'bad-range',
    (_asked, reply) => ({ ...reply, headers: { 'content-type': 'multipart/byteranges; boundary=x' } }),
  ],
  [
    'a length that is not that of the part',
    'bad-range',
    (_asked, reply) => ({ ...reply, body: reply.body?.subarray(0, 500_000) ?? page }),
  ],
  [
    'gzip although it was refused',
    'encoded',
    (_asked, reply) => ({ ...reply, headers: { ...reply.headers, 'content-encoding': 'gzip' } }),
  ],
  ['a crash of its own', 'server-error', () => ({ status: 500 })],
  ['a teapot', 'refused', () => ({ status: 418 })],
  ['no content', 'refused', () => ({ status: 204 })],
  ['a redirect to nowhere', 'refused', () => ({ status: 302 })],
  ['a redirect loop', 'redirect', () => ({ status: 302, headers: { location: '/files/sample?again' } })],
  [
    'a redirect to our machine',
    'redirect',
    () => ({ status: 302, headers: { location: 'http://127.0.0.1/' } }),
  ],
  [
    'a redirect to our network',
    'redirect',
    () => ({ status: 307, headers: { location: 'http://192.168.1.1/' } }),
  ],
  ['a redirect to a file', 'redirect', () => ({ status: 301, headers: { location: 'file:///etc/passwd' } })],
  ['silence', 'timeout', () => ({ isSilent: true })],
  ['a head and then silence', 'stalled', (_asked, reply) => ({ ...reply, bytesPerSecond: 0 })],
  ['a slow drip', 'slow', (_asked, reply) => ({ ...reply, bytesPerSecond: 100 })],
  ['a broken connection', 'broke-off', (_asked, reply) => ({ ...reply, cutAfter: 5 })],
  [
    'crumbs',
    'bad-range',
    ({ range = { start: 0, end: 0 } }) => ({
      status: 206,
      headers: { 'content-range': `bytes ${range.start}-${range.start}/3000000` },
      body: someBytes(1),
    }),
  ],
  [
    'a body that ends early, without a length',
    'wrong-length',
    (_asked, reply) => ({ ...reply, body: someBytes(1000), hidesLength: true }),
  ],
];
for (const [what, code, answer] of faults)
  simTest(`a server with ${what} rests, and says why`, usual, async (simulation) => {
    const reason = await failsWith(simulation, code, answer);
    assert.match(reason, /\w/);
  });

simTest('a server that is not there, or has no name, rests and says why', usual, async (simulation) => {
  const gone = simulation.addHost();
  const urls = [`http://${gone.address}:81/files/`, 'http://nowhere.invalid/files/'];
  const leecher = await addLeecher(simulation, sample, urls);
  await runUntil(simulation, [leecher], () =>
    leecher.transfer.webSeeds.every(({ state }) => state === 'resting'),
  );
  assert.deepEqual(
    leecher.transfer.webSeeds.map(({ code }) => code),
    ['unreachable', 'name-not-found'],
  );
  await closeAll(simulation, [leecher]);
});

simTest(
  'a server that asks to be left alone is left alone as long, and for an hour at most',
  usual,
  async (simulation) => {
    for (const [retryAfter, least, most] of [
      ['30', 30_000, 40_000],
      ['999999999', 3_600_000, 4_600_000],
      ['Thu, 01 Jan 1970 00:00:00 GMT', 500, 3_000],
      ['nonsense', 500, 3_000],
    ] as const) {
      const times: number[] = [];
      const server = await addServer(simulation, sample, {
        answer: ({ count }) => {
          times.push(simulation.nowMs);
          return count === 0 ? { status: 503, headers: { 'retry-after': retryAfter } } : undefined;
        },
      });
      const leecher = await addLeecher(simulation, sample, [server.url]);
      await untilWhole(simulation, sample, leecher, [], 10_000_000);
      const waited = (times[1] ?? 0) - (times[0] ?? 0);
      assert.ok(waited >= least && waited <= most, `${retryAfter}: ${waited} ms`);
      await closeAll(simulation, [leecher]);
    }
  },
);

simTest(
  'a failing server is asked less and less often, and comes back',
  { ...usual, seeds: 3 },
  async (simulation) => {
    const times: number[] = [];
    const server = await addServer(simulation, sample, {
      answer: ({ count }) => {
        times.push(simulation.nowMs);
        return count < 6 ? { status: 500 } : undefined;
      },
    });
    const leecher = await addLeecher(simulation, sample, [server.url]);
    await untilWhole(simulation, sample, leecher, [], 600_000);
    const gaps = times.slice(1, 6).map((time, i) => time - (times[i] ?? 0));
    assert.ok(
      gaps.every((gap, i) => gap >= 1000 * 2 ** i && gap <= 1000 * 2 ** i * 1.3 + 1_100),
      gaps.join(),
    );
    await closeAll(simulation, [leecher]);
  },
);

simTest('after a broken connection it goes on where it was', { ...usual, seeds: 5 }, async (simulation) => {
  const server = await addServer(simulation, sample, {
    answer: (_asked, reply) => ({ ...reply, cutAfter: 400_000 }),
  });
  const leecher = await addLeecher(simulation, sample, [server.url]);
  await untilWhole(simulation, sample, leecher, [], 120_000);
  // Of each connection at most the block that was arriving is lost.
  assert.ok(server.sent() < 3_000_000 + server.connections() * 20_000, `${server.sent()} sent`);
  await closeAll(simulation, [leecher]);
});

simTest('a server that knows no ranges sends the file once', { ...usual, seeds: 3 }, async (simulation) => {
  for (const hidesLength of [false, true]) {
    const server = await addServer(simulation, sample, {
      answer: () => ({ body: sample.files.get('sample') ?? page, hidesLength }),
    });
    const leecher = await addLeecher(simulation, sample, [server.url]);
    await untilWhole(simulation, sample, leecher);
    assert.equal(server.asked.length, 1);
    assert.equal(leecher.transfer.progress.wastedBytes, 0);
    await closeAll(simulation, [leecher]);
  }
});

simTest(
  'a server that knows no ranges helps to finish what is begun',
  { ...usual, seeds: 3 },
  async (simulation) => {
    const file = sample.files.get('sample') ?? page;
    const server = await addServer(simulation, sample, { answer: () => ({ body: file }) });
    const setup = { sample, options: { webSeeds: [server.url] } };
    const leecher = await addPeer(simulation, setup);
    await runUntil(simulation, [leecher], () => leecher.transfer.progress.bytes > 1_500_000);
    await simulation.settle(leecher.session.close());
    const again = await begin(simulation, leecher.host, setup);
    await untilWhole(simulation, sample, again);
    assert.equal(server.asked.length, 2);
    await closeAll(simulation, [again]);
  },
);

simTest('a body without an end is cut off where the range ends', usual, async (simulation) => {
  const server = await addServer(simulation, sample, {
    answer: (_asked, reply) => ({ ...reply, isEndless: true }),
  });
  const leecher = await addLeecher(simulation, sample, [server.url]);
  await untilWhole(simulation, sample, leecher);
  assert.ok(server.sent() < 30_000_000, `${server.sent()} sent`);
  await closeAll(simulation, [leecher]);
});

simTest(
  'a redirect is followed, and what it led to asked directly from then on',
  usual,
  async (simulation) => {
    const target = await addServer(simulation, sample);
    const server = await addServer(simulation, sample, {
      answer: () => ({ status: 302, headers: { location: `${target.url}sample` } }),
    });
    const leecher = await addLeecher(simulation, sample, [server.url]);
    await untilWhole(simulation, sample, leecher);
    assert.equal(server.asked.length, 1);
    assert.ok(target.asked.length > 1);
    await closeAll(simulation, [leecher]);
  },
);

simTest(
  'a server that lies is banned with the reason, and the rest is fetched elsewhere',
  { ...usual, seeds: 5 },
  async (simulation) => {
    const liar = await addServer(simulation, sample, {
      files: filesOf({ ...sample, files: new Map([['sample', someBytes(3_000_000, 99)]]) }),
    });
    const honest = await addServer(simulation, sample, {
      host: { line: { ...line, upBytesPerSecond: 2e5 } },
    });
    const leecher = await addLeecher(simulation, sample, [liar.url, honest.url]);
    await untilWhole(simulation, sample, leecher, [], 120_000);
    const [first, second] = leecher.transfer.webSeeds;
    assert.equal(first?.state, 'banned');
    assert.match(first?.reason ?? '', /wrong data for piece \d+/);
    assert.notEqual(second?.state, 'banned');
    assert.equal(leecher.transfer.bans.length, 0);
    await closeAll(simulation, [leecher]);
  },
);

simTest(
  'of liars on the web and honest peers the liars are banned, and they alone',
  { ...usual, seeds: 8 },
  async (simulation) => {
    const wrong = someBytes(3_000_000);
    for (let at = 30_000; at < wrong.length; at += 300_000) wrong[at] = (wrong[at] ?? 0) ^ 1;
    const liar = await addServer(simulation, sample, {
      files: filesOf({ ...sample, files: new Map([['sample', wrong]]) }),
      host: { line: { ...line, upBytesPerSecond: 3e5 } },
    });
    const peers = [
      await addPeer(simulation, { sample, isSeed: true, host: { line: { ...line, upBytesPerSecond: 2e5 } } }),
      await addPeer(simulation, { sample, isSeed: true, host: { line: { ...line, upBytesPerSecond: 2e5 } } }),
    ];
    const leecher = await addLeecher(simulation, sample, [liar.url], { knows: peers });
    await untilWhole(simulation, sample, leecher, peers, 120_000);
    assert.equal(leecher.transfer.bans.length, 0, JSON.stringify(leecher.transfer.bans));
    assert.equal(seedOf(leecher).state, 'banned');
    await closeAll(simulation, [...peers, leecher]);
  },
);

simTest('of a slow server peers take over what it holds up', { ...usual, seeds: 5 }, async (simulation) => {
  const server = await addServer(simulation, sample, {
    answer: (_asked, reply) => ({ ...reply, bytesPerSecond: 4_000 }),
  });
  const seed = await addPeer(simulation, { sample, isSeed: true });
  const leecher = await addLeecher(simulation, sample, [server.url], { knows: [seed] });
  await untilWhole(simulation, sample, leecher, [seed], 20_000);
  await closeAll(simulation, [seed, leecher]);
});

simTest(
  'a file that one server lacks comes from another, and the rest from both',
  { ...usual, seeds: 3 },
  async (simulation) => {
    for (const format of ['v1', 'v2', 'hybrid'] as const) {
      const several = makeSample(
        { 'a.bin': someBytes(1_000_000), 'b.bin': someBytes(900_000, 2), 'c.bin': someBytes(700_001, 3) },
        { format, pieceLength: 65_536 },
      );
      const without = (name: string) =>
        addServer(simulation, several, {
          answer: ({ path }) => (path.endsWith(name) ? { status: 404 } : undefined),
        });
      const servers = [await without('a.bin'), await without('c.bin')];
      const leecher = await addLeecher(
        simulation,
        several,
        servers.map(({ url }) => url),
      );
      await untilWhole(simulation, several, leecher, [], 60_000);
      assert.ok(servers.every((server) => server.sent() > 200_000));
      await closeAll(simulation, [leecher]);
    }
  },
);

simTest(
  'a server that dies in between goes on serving when it is back',
  { ...usual, seeds: 3 },
  async (simulation) => {
    const server = await addServer(simulation, sample);
    const leecher = await addLeecher(simulation, sample, [server.url]);
    await runUntil(simulation, [leecher], () => leecher.transfer.progress.bytes > 1_000_000);
    server.host.crash();
    await simulation.advance(20_000);
    server.host.restart();
    await serveOn(simulation, server.host, sample);
    await untilWhole(simulation, sample, leecher, [], 120_000);
    await closeAll(simulation, [leecher]);
  },
);

simTest('a slow disk slows the server down, within the memory that there is', usual, async (simulation) => {
  const large = makeSample(someBytes(100_000_000), { pieceLength: 1_048_576 });
  const fast = { latencyMs: 1, upBytesPerSecond: 1e9, downBytesPerSecond: 1e9 };
  const server = await addServer(simulation, large, { host: { line: fast } });
  const leecher = await addLeecher(simulation, large, [server.url], { host: { line: fast } });
  leecher.host.disk.setSpeed({ bytesPerSecond: 1e7 });
  await runUntil(simulation, [leecher], () => leecher.transfer.progress.bytes > 10_000_000);
  assert.ok(server.sent() - leecher.transfer.progress.bytes < 80_000_000, `${server.sent()} sent`);
  await untilWhole(simulation, large, leecher, [], 60_000);
  assert.equal(leecher.transfer.progress.wastedBytes, 0);
  await closeAll(simulation, [leecher]);
});

simTest(
  'with a full disk nothing is asked for, and room lets it go on',
  { ...usual, seeds: 2 },
  async (simulation) => {
    const server = await addServer(simulation, sample);
    const leecher = await addLeecher(simulation, sample, [server.url], {
      host: { disk: { capacityBytes: 1_500_000 } },
    });
    await runUntil(simulation, [leecher], () => leecher.transfer.state === 'disk-full');
    await simulation.advance(1_000);
    const asked = server.asked.length;
    await simulation.advance(20_000);
    assert.equal(server.asked.length, asked);
    leecher.host.disk.setCapacity(1e9);
    await untilWhole(simulation, sample, leecher, [], 60_000);
    await closeAll(simulation, [leecher]);
  },
);

simTest('a torrent has us do nothing on our own network, and the user may', usual, async (simulation) => {
  const lan = simulation.addLan();
  const inside = simulation.addHost({ lan });
  const files = new Map([['/set', sample.files.get('sample') ?? page]]);
  const server = await serveOn(simulation, inside, sample, { files });
  const url = `http://${inside.address}/set?admin=1`;
  const { torrent } = sample;
  const named = { ...sample, torrent: { ...torrent, webSeeds: [url] } };
  const leecher = await addPeer(simulation, { sample: named, host: { lan } });
  await runUntil(simulation, [leecher], () => seedOf(leecher).state === 'resting');
  assert.equal(server.asked.length, 0);
  leecher.transfer.addWebSeed(`${url}&given`);
  await untilWhole(simulation, sample, leecher);
  await closeAll(simulation, [leecher]);
});
