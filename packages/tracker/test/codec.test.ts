import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBencode, toHex, toUtf8 } from '@shoal/base';
import {
  type AnnounceRequest,
  announceUrl,
  encodeAnnounceAnswer,
  encodeFailure,
  encodeScrapeAnswer,
  encodeUdpAnswer,
  encodeUdpRequest,
  parseAnnounceAnswer,
  parseScrapeAnswer,
  parseUdpAnswer,
  parseUdpRequest,
  scrapeUrl,
  TrackerError,
} from '@shoal/tracker/codec';
import fc from 'fast-check';

const hash = Uint8Array.from({ length: 20 }, (_, i) => i * 13);
const request: AnnounceRequest = {
  infoHash: hash,
  peerId: toUtf8('-SH0001-abcdefghijkl'),
  port: 6881,
  uploaded: 1,
  downloaded: 2,
  left: 3,
  event: 'started',
  peersWanted: 50,
  key: 0xdeadbeef,
};

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof TrackerError, String(error));
    return error.code;
  }
  return 'none';
}

test('an announce keeps the query that the tracker URL already has', () => {
  const url = new URL(announceUrl('http://t.example/announce?passkey=abc#x', request));
  assert.equal(url.searchParams.get('passkey'), 'abc');
  assert.equal(url.searchParams.get('port'), '6881');
  assert.equal(url.searchParams.get('event'), 'started');
  assert.equal(url.hash, '');
  assert.match(url.search, /info_hash=%00%0D%1A%274AN%5Bhu/);
});

test('an unknown amount is never told as nothing left', () => {
  assert.match(announceUrl('http://t.example/a', { ...request, left: -1 }), /left=16384&/);
  const parsed = parseUdpRequest(
    encodeUdpRequest({
      kind: 'announce',
      transaction: 1,
      connectionId: 2n,
      request: { ...request, left: -1 },
      urlData: '',
    }),
  );
  assert.ok(parsed?.kind === 'announce' && parsed.request.left > 2 ** 60);
});

test('compact, dictionary and IPv6 peers are read alike, without duplicates and port 0', () => {
  const compact = parseAnnounceAnswer(
    encodeBencode({
      interval: 1800,
      peers: Uint8Array.of(1, 2, 3, 4, 0x1a, 0xe1, 1, 2, 3, 4, 0x1a, 0xe1, 9, 9, 9, 9, 0, 0, 7),
    }),
  );
  assert.deepEqual(compact.peers, [{ address: '1.2.3.4', port: 6881 }]);
  const dictionaries = parseAnnounceAnswer(
    encodeBencode({
      peers: [
        { ip: '1.2.3.4', port: 6881, 'peer id': new Uint8Array(20) },
        { ip: '2001:DB8:0::1', port: 1 },
        { ip: 'peer.example', port: 2 },
        { ip: '5.6.7.8', port: 65536 },
        { ip: '5.6.7.8' },
        'nonsense',
      ],
    }),
  );
  assert.deepEqual(dictionaries.peers, [
    { address: '1.2.3.4', port: 6881 },
    { address: '2001:db8::1', port: 1 },
    { address: 'peer.example', port: 2 },
  ]);
});

test("a failure comes with the tracker's own words, cut short, and its retry time", () => {
  const words = 'x'.repeat(5000);
  assert.throws(
    () => parseAnnounceAnswer(encodeBencode({ 'failure reason': words, 'retry in': '5' })),
    (error) => {
      assert.ok(error instanceof TrackerError);
      assert.equal(error.code, 'failure');
      assert.equal(error.retryInSeconds, 300);
      assert.ok(error.message.length < 400);
      return true;
    },
  );
  assert.throws(
    () => parseAnnounceAnswer(encodeBencode({ 'failure reason': 'no', 'retry in': 'never' })),
    (error) => error instanceof TrackerError && error.retryInSeconds === Number.POSITIVE_INFINITY,
  );
  assert.equal(
    codeOf(() => parseScrapeAnswer(encodeFailure('no'))),
    'failure',
  );
});

test('text, lists and cut answers are malformed', () => {
  for (const text of ['', '<html>', 'le', 'i1e', 'd8:intervali1800e5:peers6:']) {
    assert.equal(
      codeOf(() => parseAnnounceAnswer(toUtf8(text))),
      'malformed',
      text,
    );
  }
});

function compactPeers(count: number): Uint8Array {
  const bytes = new Uint8Array(6 * count);
  for (let i = 0; i < count; i++) new DataView(bytes.buffer, 6 * i).setUint32(0, i + 1);
  for (let i = 0; i < count; i++) bytes[6 * i + 5] = 1;
  return bytes;
}

test('tens of thousands of peers are cut to the bound', () => {
  const bytes = encodeBencode({ peers: compactPeers(80_000) });
  assert.equal(parseAnnounceAnswer(bytes).peers.length, 2000);
});

test('an answer of ours is read back, both families', () => {
  const answer = {
    intervalSeconds: 900,
    minIntervalSeconds: 60,
    seeders: 4,
    leechers: 5,
    downloads: 6,
    peers: [
      { address: '10.0.0.1', port: 1 },
      { address: 'fd00::2', port: 65535 },
    ],
    warning: 'soon',
    trackerId: Uint8Array.of(1, 2),
    externalAddress: '9.8.7.6',
  };
  assert.deepEqual(parseAnnounceAnswer(encodeAnnounceAnswer(answer)), answer);
});

test('the scrape URL follows the announce URL where it may', () => {
  const cases: [string, string | undefined][] = [
    ['http://t.example/announce', 'http://t.example/scrape'],
    ['http://t.example/x/announce', 'http://t.example/x/scrape'],
    ['http://t.example/announce.php', 'http://t.example/scrape.php'],
    ['http://t.example/a', undefined],
    ['http://t.example/announce?x2%0644', 'http://t.example/scrape?x2%0644'],
    ['http://t.example/announce?x=2/4', 'http://t.example/scrape?x=2/4'],
    ['http://t.example/x%064announce', undefined],
  ];
  for (const [announce, scrape] of cases) {
    const wanted = scrape && `${scrape}${scrape.includes('?') ? '&' : '?'}info_hash=`;
    assert.equal(scrapeUrl(announce, [hash])?.split('%00%0D')[0], wanted, announce);
  }
});

test('a scrape is read back by hash', () => {
  const entry = { seeders: 1, leechers: 2, downloads: 3 };
  const entries = parseScrapeAnswer(encodeScrapeAnswer([[hash, entry]]));
  assert.deepEqual([...entries], [[toHex(hash), entry]]);
});

const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(model, { noNullPrototype: true });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const bytes20 = fc.uint8Array({ minLength: 20, maxLength: 20 });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const safe = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

test('any UDP request is read back', () => {
  const announce = record({
    kind: fc.constant('announce' as const),
    transaction: uint32,
    connectionId: uint64,
    urlData: fc
      .oneof(
        fc.constant(''),
        fc.webPath().map((path) => `/${path}`),
      )
      .filter((path) => path !== '/'),
    request: record({
      infoHash: bytes20,
      peerId: bytes20,
      port: fc.nat(65535),
      uploaded: safe,
      downloaded: safe,
      left: safe,
      event: fc.constantFrom('started' as const, 'completed' as const, 'stopped' as const, undefined),
      peersWanted: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
      key: uint32,
    }),
  });
  const scrape = record({
    kind: fc.constant('scrape' as const),
    transaction: uint32,
    connectionId: uint64,
    infoHashes: fc.array(bytes20, { maxLength: 74 }),
  });
  const connect = record({ kind: fc.constant('connect' as const), transaction: uint32 });
  fc.assert(
    fc.property(fc.oneof(announce, scrape, connect), (message) => {
      assert.deepEqual(parseUdpRequest(encodeUdpRequest(message)), message);
    }),
  );
});

test('any UDP answer is read back', () => {
  const port = fc.integer({ min: 1, max: 65535 });
  const peers = fc.uniqueArray(record({ address: fc.ipV4(), port }), {
    selector: (peer) => `${peer.address} ${peer.port}`,
  });
  const answer = record({ intervalSeconds: uint32, leechers: uint32, seeders: uint32, peers });
  const entry = record({ seeders: uint32, downloads: uint32, leechers: uint32 });
  const message = fc.oneof(
    record({ kind: fc.constant('connect' as const), transaction: uint32, connectionId: uint64 }),
    record({ kind: fc.constant('announce' as const), transaction: uint32, answer }),
    record({
      kind: fc.constant('scrape' as const),
      transaction: uint32,
      entries: fc.array(entry, { maxLength: 74 }),
    }),
    record({
      kind: fc.constant('error' as const),
      transaction: uint32,
      message: fc.string({ unit: 'grapheme-ascii', maxLength: 50 }),
    }),
  );
  fc.assert(
    fc.property(message, (value) => {
      assert.deepEqual(parseUdpAnswer(encodeUdpAnswer(value), 4), value);
    }),
  );
});

test('whatever bytes come, the codecs give a value or a TrackerError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      parseUdpAnswer(bytes, 4);
      parseUdpAnswer(bytes, 6);
      parseUdpRequest(bytes);
      assert.ok(['none', 'failure', 'malformed'].includes(codeOf(() => parseAnnounceAnswer(bytes))));
      assert.ok(['none', 'failure', 'malformed'].includes(codeOf(() => parseScrapeAnswer(bytes))));
    }),
  );
});

test('URL data that claims to be longer than it is ends with the datagram', () => {
  const bytes = encodeUdpRequest({
    kind: 'announce',
    transaction: 1,
    connectionId: 2n,
    request,
    urlData: '/announce',
  });
  bytes[99] = 255;
  const parsed = parseUdpRequest(bytes);
  assert.equal(parsed?.kind === 'announce' && parsed.urlData, '/announce\0');
});
