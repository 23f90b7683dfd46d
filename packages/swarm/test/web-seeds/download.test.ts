import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimHost, Simulation } from '@shoal/sim';
import { type SimTestOptions, simTest } from '@shoal/sim/testing';
import { WebDownload, WebDownloadError, type WebDownloadOptions } from '@shoal/swarm/web-download';
import { ByteRanges } from '../../src/web-download/ranges.ts';
import { someBytes } from '../sample.ts';
import { type Asked, type Reply, startWebServer, type WebServer } from './server.ts';

const line = { latencyMs: 10, upBytesPerSecond: 2e6, downBytesPerSecond: 2e7 };
const usual: SimTestOptions = { simulation: { line } };
const file = someBytes(5_000_000);
type Answer = (asked: Asked, usual: Reply) => Reply | undefined;
const tag = (etag: string) => (_asked: Asked, reply: Reply) => ({
  ...reply,
  headers: { ...reply.headers, etag },
});

async function serve(
  simulation: Simulation,
  answer: Answer = tag('"1"'),
  bytes = file,
  host?: Parameters<Simulation['addHost']>[0],
): Promise<WebServer & { readonly url: string; readonly host: SimHost }> {
  const machine = simulation.addHost(host);
  const files = new Map([['/file.bin', bytes]]);
  const server = await simulation.settle(
    startWebServer(machine.world, { address: machine.address, files, answer }),
  );
  return { ...server, host: machine, url: `http://${machine.address}/file.bin` };
}

function begin(client: SimHost, urls: readonly string[], options: Partial<WebDownloadOptions> = {}) {
  const download = new WebDownload(
    { ...client.world, userAgent: 'test' },
    { urls, path: '/downloads/file.bin', ...options },
  );
  return { download, end: download.run() };
}

async function clientOn(simulation: Simulation): Promise<SimHost> {
  const client = simulation.addHost();
  await simulation.settle(client.world.disk.makeFolder('/downloads'));
  await simulation.settle(client.world.disk.syncFolder('/'));
  return client;
}

function assertWhole(client: SimHost, bytes = file): void {
  assert.ok(Buffer.compare(client.disk.read('/downloads/file.bin') ?? Buffer.from('none'), bytes) === 0);
  assert.equal(client.disk.stat('/downloads/file.bin.part'), undefined);
  assert.equal(client.disk.stat('/downloads/file.bin.part.json'), undefined);
}

function failureOf(end: Promise<unknown>): Promise<unknown> {
  return end.then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function failsWith(simulation: Simulation, code: string, end: Promise<unknown>): Promise<void> {
  const found = await simulation.settle(failureOf(end));
  // A failure that was waited for is a value by now.
  const error = found ?? (await end);
  assert.ok(error instanceof WebDownloadError, String(error));
  assert.equal(error.code, code, error.message);
}

test('ranges are added, taken and turned round', () => {
  const ranges = new ByteRanges([
    { start: 10, end: 20 },
    { start: 30, end: 40 },
    { start: 20, end: 25 },
  ]);
  assert.deepEqual(ranges.list, [
    { start: 10, end: 25 },
    { start: 30, end: 40 },
  ]);
  assert.deepEqual(ranges.missingOf(50).list, [
    { start: 0, end: 10 },
    { start: 25, end: 30 },
    { start: 40, end: 50 },
  ]);
  assert.deepEqual(ranges.take(4.7), { start: 10, end: 14 });
  assert.deepEqual(ranges.take(0.3), { start: 14, end: 15 });
  assert.equal(ranges.bytes, 20);
  ranges.add({ start: 0, end: 100 });
  assert.deepEqual(ranges.list, [{ start: 0, end: 100 }]);
});

simTest('a file comes from one server, each byte once', { ...usual, seeds: 3 }, async (simulation) => {
  const server = await serve(simulation);
  const client = await clientOn(simulation);
  const { download, end } = begin(client, [server.url]);
  await simulation.settle(end);
  assertWhole(client);
  assert.equal(server.sent(), file.length);
  assert.equal(download.bytes, file.length);
});

simTest(
  'several servers share a file, and a slow one holds nothing up',
  { ...usual, seeds: 3 },
  async (simulation) => {
    const servers = [
      await serve(simulation, (_asked, reply) => ({ ...reply, bytesPerSecond: 5_000 })),
      await serve(simulation),
      await serve(simulation, tag('"other"')),
    ];
    const client = await clientOn(simulation);
    const { end } = begin(
      client,
      servers.map(({ url }) => url),
    );
    const beganMs = simulation.nowMs;
    await simulation.settle(end);
    assertWhole(client);
    assert.ok(simulation.nowMs - beganMs < 20_000, `${simulation.nowMs - beganMs} ms`);
    assert.ok(servers.slice(1).every((server) => server.sent() > 1_000_000));
  },
);

simTest('files without a length, without ranges and without bytes come whole', usual, async (simulation) => {
  const answers: [Answer, Uint8Array][] = [
    [() => ({ body: file, hidesLength: true }), file],
    [() => ({ body: file }), file],
    [() => ({ body: new Uint8Array(0) }), new Uint8Array(0)],
    [() => ({ status: 416, headers: { 'content-range': 'bytes */0' } }), new Uint8Array(0)],
    [tag('"1"'), someBytes(1)],
  ];
  for (const [answer, bytes] of answers) {
    const server = await serve(simulation, answer, bytes);
    const client = await clientOn(simulation);
    await simulation.settle(begin(client, [server.url]).end);
    assertWhole(client, bytes);
  }
});

simTest('an interrupted download goes on where it was', { ...usual, seeds: 3 }, async (simulation) => {
  for (const knowsRanges of [true, false]) {
    const server = await serve(simulation, (asked, reply) =>
      knowsRanges ? tag('"1"')(asked, reply) : { body: file, headers: { etag: '"1"' } },
    );
    const client = await clientOn(simulation);
    const url = server.url.replace('http://', 'http://anna:secret@');
    const controller = new AbortController();
    const { download, end } = begin(client, [url], { signal: controller.signal });
    const failed = failureOf(end);
    await simulation.run(() => download.bytes > 2_000_000, { limitMs: 60_000 });
    controller.abort();
    await failsWith(simulation, 'aborted', failed);
    assert.ok(client.disk.stat('/downloads/file.bin') === undefined);
    const record = Buffer.from(client.disk.read('/downloads/file.bin.part.json') ?? []).toString();
    assert.match(record, /\/file\.bin":\{"etag"/);
    assert.doesNotMatch(record, /secret/);
    const asked = server.asked.length;
    await simulation.settle(begin(client, [url]).end);
    assertWhole(client);
    if (knowsRanges) assert.ok(server.sent() < file.length + 2_500_000, `${server.sent()} sent`);
    assert.equal(server.asked[asked]?.headers['if-range'], '"1"');
  }
});

simTest(
  'a crash loses some seconds of work, and nothing else',
  { ...usual, seeds: 3 },
  async (simulation) => {
    const server = await serve(simulation, tag('"1"'), someBytes(20_000_000));
    const client = await clientOn(simulation);
    const { download } = begin(client, [server.url]);
    await simulation.run(() => download.bytes > 15_000_000, { limitMs: 60_000 });
    client.crash();
    await simulation.advance(1_000);
    client.restart();
    await simulation.settle(begin(client, [server.url]).end);
    assertWhole(client, someBytes(20_000_000));
    assert.ok(server.sent() < 37_000_000, `${server.sent()} sent`);
  },
);

simTest(
  'a server is asked for whole bytes, however fast it is',
  { ...usual, seeds: 3 },
  async (simulation) => {
    const bytes = someBytes(20_000_000);
    const server = await serve(
      simulation,
      (asked, reply) => ({ ...tag('"1"')(asked, reply), bytesPerSecond: 1_234_567 }),
      bytes,
    );
    const client = await clientOn(simulation);
    await simulation.settle(begin(client, [server.url]).end);
    assertWhole(client, bytes);
    for (const { headers } of server.asked) assert.match(headers.range ?? '', /^bytes=\d+-\d+$/);
  },
);

simTest('the same file whole in place of a range is taken as it is', usual, async (simulation) => {
  const server = await serve(simulation, (asked, reply) =>
    asked.count === 2 ? { headers: { etag: '"1"' }, body: file } : tag('"1"')(asked, reply),
  );
  const client = await clientOn(simulation);
  await simulation.settle(begin(client, [server.url]).end);
  assertWhole(client);
});

simTest('a file that has changed is not spliced', usual, async (simulation) => {
  let etag = '"1"';
  let bytes = file;
  const server = await serve(simulation, ({ range, headers }) => {
    const isRanged = range !== undefined && (headers['if-range'] ?? etag) === etag;
    return isRanged
      ? {
          status: 206,
          headers: {
            etag,
            'content-range': `bytes ${range.start}-${Math.min(range.end, bytes.length) - 1}/${bytes.length}`,
          },
          body: bytes.subarray(range.start, range.end),
        }
      : { headers: { etag }, body: bytes };
  });
  const client = await clientOn(simulation);
  const { download, end } = begin(client, [server.url]);
  const failed = failureOf(end);
  await simulation.run(() => download.bytes > 1_500_000, { limitMs: 60_000 });
  etag = '"2"';
  bytes = someBytes(5_000_000, 9);
  await failsWith(simulation, 'changed', failed);
  assert.equal(client.disk.stat('/downloads/file.bin'), undefined);
  await failsWith(simulation, 'changed', begin(client, [server.url]).end);
});

simTest('servers whose file has another length are left out, with the reason', usual, async (simulation) => {
  const servers = [await serve(simulation), await serve(simulation, tag('"2"'), someBytes(4_000_000, 7))];
  const client = await clientOn(simulation);
  const failures: string[] = [];
  const { end } = begin(
    client,
    servers.map(({ url }) => url),
    {
      onFailure: (_url, reason) => void failures.push(reason),
    },
  );
  await simulation.settle(end);
  assertWhole(client);
  assert.deepEqual(failures, ['its file has 4000000 bytes, and not 5000000']);
});

simTest('mirrors that lie are left out, and what they sent is not in the file', usual, async (simulation) => {
  const page = Buffer.from('<html>busy</html>');
  const partOf =
    (range: string, length: number): Answer =>
    () => ({
      status: 206,
      headers: { 'content-range': range },
      body: new Uint8Array(length),
    });
  const liars: [string, Answer][] = [
    ['a page', () => ({ headers: { 'content-type': 'text/html' }, body: page })],
    ['without an end', () => ({ body: new Uint8Array(0), isEndless: true, status: 206 })],
    ['another part', partOf('bytes 0-999/5000000', 1000)],
    ['another length', partOf('bytes 1048576-2097151/9999999', 2 ** 20)],
    ['nonsense', partOf('bytes one-two/three', 1000)],
    ['backwards', partOf('bytes 2097151-1048576/5000000', 1000)],
    ['packed', (_asked, reply) => ({ ...reply, headers: { ...reply.headers, 'content-encoding': 'gzip' } })],
    ['nothing', () => ({ isSilent: true })],
    ['a drip', (_asked, reply) => ({ ...reply, bytesPerSecond: 100 })],
    ['a loop', () => ({ status: 302, headers: { location: '/file.bin' } })],
    ['a range that was not asked for', () => ({ status: 416, headers: { 'content-range': 'bytes */3' } })],
  ];
  for (const [what, answer] of liars) {
    const honest = await serve(simulation);
    const liar = await serve(simulation, answer);
    const client = await clientOn(simulation);
    await simulation.settle(begin(client, [honest.url, liar.url]).end);
    assertWhole(client);
    assert.ok(honest.sent() > file.length - 100_000, what);
  }
});

simTest('a body without an end ends with the room for it', usual, async (simulation) => {
  const server = await serve(simulation, () => ({ isEndless: true, hidesLength: true }));
  const client = simulation.addHost({ disk: { capacityBytes: 2_500_000 } });
  await simulation.settle(client.world.disk.makeFolder('/downloads'));
  await assert.rejects(simulation.settle(begin(client, [server.url]).end), { code: 'no-space' });
  assert.equal(client.disk.stat('/downloads/file.bin.part'), undefined);
});

simTest('what is found wrong with all of it keeps it from its name', usual, async (simulation) => {
  const server = await serve(simulation);
  const client = await clientOn(simulation);
  const judged: string[] = [];
  const judge = async (part: string) => {
    judged.push(part);
    return 'it is not it';
  };
  await failsWith(simulation, 'wrong-checksum', begin(client, [server.url], { judge }).end);
  assert.deepEqual(judged, ['/downloads/file.bin.part']);
  for (const name of ['file.bin', 'file.bin.part', 'file.bin.part.json'])
    assert.equal(client.disk.stat(`/downloads/${name}`), undefined, name);
  await simulation.settle(begin(client, [server.url], { judge: async () => undefined }).end);
  assertWhole(client);
});

simTest("somebody's files are not touched without a word", usual, async (simulation) => {
  const server = await serve(simulation);
  for (const name of ['file.bin', 'file.bin.part']) {
    const client = await clientOn(simulation);
    client.disk.write(`/downloads/${name}`, someBytes(10, 5));
    await failsWith(simulation, 'in-the-way', begin(client, [server.url]).end);
    assert.equal(client.disk.read(`/downloads/${name}`)?.length, 10);
    await simulation.settle(begin(client, [server.url], { overwrite: true }).end);
    assertWhole(client);
  }
});

simTest('what cannot be had ends with its reason', usual, async (simulation) => {
  const cases: [string, Answer][] = [
    ['not-found', () => ({ status: 404 })],
    ['failed', () => ({ status: 403 })],
    ['failed', () => ({ status: 500 })],
    ['timeout', () => ({ isSilent: true })],
    ['refused', () => ({ status: 302, headers: { location: 'http://127.0.0.1/' } })],
    ['refused', () => ({ status: 302, headers: { location: '/file.bin' } })],
    [
      'is-torrent',
      (_asked, reply) => ({
        ...reply,
        headers: { ...reply.headers, 'content-type': 'application/x-bittorrent' },
      }),
    ],
  ];
  for (const [code, answer] of cases) {
    const server = await serve(simulation, answer);
    const client = await clientOn(simulation);
    await failsWith(simulation, code, begin(client, [server.url], { refusesTorrents: true }).end);
    assert.equal(client.disk.stat('/downloads/file.bin.part'), undefined);
    assert.equal(client.disk.stat('/downloads/file.bin'), undefined);
  }
  const client = await clientOn(simulation);
  await failsWith(simulation, 'not-found', begin(client, ['http://nowhere.invalid/file.bin']).end);
});

simTest(
  'a server that breaks off goes on, and one that dies is replaced',
  { ...usual, seeds: 3 },
  async (simulation) => {
    const breaking = await serve(simulation, (_asked, reply) => ({ ...reply, cutAfter: 300_000 }));
    const client = await clientOn(simulation);
    await simulation.settle(begin(client, [breaking.url]).end);
    assertWhole(client);
    const dying = await serve(simulation);
    const other = await serve(simulation);
    const second = await clientOn(simulation);
    const { download, end } = begin(second, [dying.url, other.url]);
    await simulation.run(() => download.bytes > 1_000_000, { limitMs: 60_000 });
    dying.host.crash();
    await simulation.settle(end);
    assertWhole(second);
  },
);

simTest(
  'a full disk ends it with that reason, and it goes on when there is room',
  usual,
  async (simulation) => {
    const server = await serve(simulation);
    const client = simulation.addHost({ disk: { capacityBytes: 2_500_000 } });
    await simulation.settle(client.world.disk.makeFolder('/downloads'));
    await assert.rejects(simulation.settle(begin(client, [server.url]).end), { code: 'no-space' });
    client.disk.setCapacity(1e9);
    await simulation.settle(begin(client, [server.url]).end);
    assertWhole(client);
  },
);
