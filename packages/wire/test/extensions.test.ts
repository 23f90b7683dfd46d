import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes, toUtf8 } from '@shoal/base';
import {
  allowedFastSet,
  decodeDontHave,
  decodeExtendedHandshake,
  decodeHolepunch,
  decodeMetadataMessage,
  decodePex,
  decodeUploadOnly,
  type ExtendedHandshake,
  encodeDontHave,
  encodeExtendedHandshake,
  encodeHolepunch,
  encodeMetadataMessage,
  encodePex,
  encodeUploadOnly,
  type HolepunchMessage,
  MetadataAsker,
  MetadataGiver,
  type MetadataMessage,
  PexGiver,
  PexPace,
  type PexPeer,
  pexFlag,
} from '@shoal/wire';
import { nodeHashing } from './seeded.ts';

const malformed = { code: 'extended-malformed' };

test('an extended handshake comes out as it went in', () => {
  const full: ExtendedHandshake = {
    extensions: { ut_metadata: 2, ut_pex: 1 },
    client: 'Shoal 0.1 ♥',
    port: 6881,
    requestQueue: 2000,
    yourAddress: '192.0.2.7',
    ipv4: '192.0.2.1',
    ipv6: '2001:db8::1',
    metadataSize: 31_235,
    uploadOnly: true,
  };
  assert.deepEqual(decodeExtendedHandshake(encodeExtendedHandshake(full)), full);
  const empty: ExtendedHandshake = { extensions: {} };
  assert.deepEqual(decodeExtendedHandshake(encodeExtendedHandshake(empty)), empty);
});

test('fields that make no sense are absent, whatever they hold', () => {
  const payload = toUtf8(
    'd12:complete_agoi-1e4:ipv43:abc4:ipv64:abcd1:md1:ai256e1:bi-1e1:c3:abc1:di3ee13:metadata_sizei99999999999e' +
      '1:pi0e4:reqqi-5e11:upload_only1:x1:vi5e6:yourip5:abcdee',
  );
  assert.deepEqual(decodeExtendedHandshake(payload), { extensions: { d: 3 } });
});

test('an extended handshake with unsorted keys or bytes behind it is read, as libtorrent sends some', () => {
  const { client, port } = decodeExtendedHandshake(toUtf8('d1:v3:abc1:pi7ee\0\0'));
  assert.deepEqual([client, port], ['abc', 7]);
});

test('a client name is short and without control characters', () => {
  const name = `\u001b[31m${'x'.repeat(200)}`;
  const { client } = decodeExtendedHandshake(toUtf8(`d1:v${name.length}:${name}e`));
  assert.equal(client, `[31m${'x'.repeat(59)}`);
});

test('a peer may name 64 extensions, and names beyond that are forgotten', () => {
  const m = Array.from({ length: 100 }, (_, i) => `3:${100 + i}i1e`).join('');
  const { extensions } = decodeExtendedHandshake(toUtf8(`d1:md${m}ee`));
  assert.equal(Object.keys(extensions).length, 64);
});

test('what is no dictionary is malformed', () => {
  for (const text of ['', 'i5e', 'le', 'd', 'd1:a', '\xff']) {
    const payload = toUtf8(text);
    assert.throws(() => decodeExtendedHandshake(payload), malformed, text);
    assert.throws(() => decodeMetadataMessage(payload), malformed, text);
    assert.throws(() => decodePex(payload), malformed, text);
  }
});

function data(piece: number, totalSize: number, bytes: Uint8Array): MetadataMessage & { kind: 'data' } {
  return { kind: 'data', piece, totalSize, bytes };
}

test('metadata messages come out as they went in, and unknown kinds are nothing', () => {
  for (const message of [
    { kind: 'request', piece: 3 },
    { kind: 'reject', piece: 0 },
    data(1, 20_000, Uint8Array.of(1, 2, 3)),
  ] satisfies MetadataMessage[]) {
    assert.deepEqual(decodeMetadataMessage(encodeMetadataMessage(message)), message);
  }
  assert.equal(decodeMetadataMessage(toUtf8('d8:msg_typei7ee')), undefined);
  assert.throws(() => decodeMetadataMessage(toUtf8('d8:msg_typei0ee')), malformed);
  assert.throws(() => decodeMetadataMessage(toUtf8('d8:msg_typei0e5:piecei-1ee')), malformed);
  assert.throws(() => decodeMetadataMessage(toUtf8('d8:msg_typei1e5:piecei0eeabc')), malformed);
});

test('an asker gets from a giver what it has, of any length', () => {
  for (const size of [1, 16_384, 16_385, 400_000]) {
    const metadata = Uint8Array.from({ length: size }, (_, i) => i ^ (i >> 8));
    const giver = new MetadataGiver(metadata);
    const asker = new MetadataAsker(size);
    while (asker.metadata === undefined) {
      const pieces: number[] = [];
      for (let piece = asker.next(); piece !== undefined; piece = asker.next()) pieces.push(piece);
      assert.ok(pieces.length > 0 && pieces.length <= 8);
      // Answers may come in any order.
      for (const piece of pieces.reverse()) {
        const message = decodeMetadataMessage(encodeMetadataMessage(giver.answer(piece)));
        assert.ok(message?.kind === 'data');
        asker.take(message);
      }
    }
    assert.deepEqual(asker.metadata, metadata);
    assert.equal(asker.next(), undefined);
  }
});

test('an asker refuses sizes, pieces and lengths that do not fit', () => {
  for (const size of [0, -1, 1.5, Number.NaN, 2 ** 40]) {
    assert.throws(() => new MetadataAsker(size), { code: 'metadata-size' });
  }
  const whole = new Uint8Array(16_384);
  const cases: [string, MetadataMessage & { kind: 'data' }][] = [
    ['metadata-unrequested', data(2, 20_000, whole)],
    ['metadata-wrong-length', data(0, 20_001, whole)],
    ['metadata-wrong-length', data(0, 20_000, whole.subarray(1))],
    ['metadata-wrong-length', data(1, 20_000, whole)],
  ];
  for (const [code, message] of cases) {
    const asker = new MetadataAsker(20_000);
    asker.next();
    asker.next();
    assert.throws(() => asker.take(message), { code });
  }
  const asker = new MetadataAsker(20_000);
  asker.next();
  asker.take(data(0, 20_000, whole));
  assert.throws(() => asker.take(data(0, 20_000, whole)), { code: 'metadata-unrequested' });
});

test('a refusal ends the asking, unless it is for what was never asked', () => {
  const asker = new MetadataAsker(500_000);
  asker.next();
  asker.refused(7);
  assert.equal(asker.isRefused, false);
  asker.refused(0);
  assert.equal(asker.isRefused, true);
  assert.equal(asker.next(), undefined);
});

test('a giver rejects pieces that are not there, and a peer that asks without end', () => {
  const giver = new MetadataGiver(new Uint8Array(20_000));
  assert.equal(giver.answer(2).kind, 'reject');
  let given = 0;
  while (giver.answer(0).kind === 'data') given++;
  assert.ok(given >= 4 && given < 20);
  assert.equal(new MetadataGiver(new Uint8Array()).answer(0).kind, 'reject');
});

function peer(n: number, flags = 0): PexPeer {
  return { endpoint: { address: n % 2 === 0 ? `10.0.0.${n}` : `2001:db8::${n}`, port: 1000 + n }, flags };
}

test('exchanged peers come out as they went in, IPv4 before IPv6', () => {
  const added = [peer(2, pexFlag.reachable), peer(4), peer(1, pexFlag.uploadOnly | pexFlag.utp)];
  const dropped = [peer(6).endpoint, peer(3).endpoint];
  assert.deepEqual(decodePex(encodePex({ added, dropped })), { added, dropped });
});

test('peer exchange is read up to 200 peers, without port 0, and with whatever flags there are', () => {
  const many = concatBytes(...Array.from({ length: 1000 }, (_, i) => Uint8Array.of(1, 2, 3, 4, 1, i & 255)));
  const decoded = decodePex(concatBytes(toUtf8('d5:added6000:'), many, toUtf8('e')));
  assert.equal(decoded.added.length, 200);
  assert.ok(decoded.added.every(({ flags }) => flags === 0));
  const cut = decodePex(
    toUtf8('d5:added14:\x01\x02\x03\x04\0\0\x05\x06\x07\x08\0\x01zz7:added.f2:\x01\x10e'),
  );
  assert.deepEqual(cut.added, [{ endpoint: { address: '5.6.7.8', port: 1 }, flags: 0x10 }]);
  assert.deepEqual(decodePex(toUtf8('d5:addedi5e7:droppedlee')), { added: [], dropped: [] });
});

test('a peer is told who came and who went, at most 50 of each a minute', () => {
  const giver = new PexGiver();
  const crowd = Array.from({ length: 120 }, (_, i) => peer(i));
  const first = giver.next(0, crowd);
  assert.deepEqual([first?.added.length, first?.dropped.length], [50, 0]);
  assert.equal(giver.next(59_999, crowd), undefined);
  assert.equal(giver.next(60_000, crowd)?.added.length, 50);
  assert.equal(giver.next(120_000, crowd)?.added.length, 20);
  assert.equal(giver.next(180_000, crowd), undefined);
  // Nothing was said at three minutes, so it may be said a second later.
  const gone = giver.next(181_000, [peer(1000), ...crowd.slice(1)]);
  assert.deepEqual(gone, { added: [peer(1000)], dropped: [peer(0).endpoint] });
});

test('peer exchange that comes every few seconds is not listened to', () => {
  const pace = new PexPace();
  assert.deepEqual(
    [0, 1000, 29_999, 30_000, 59_000, 90_000].map((ms) => pace.takes(ms)),
    [true, false, false, true, false, true],
  );
});

test('holepunch messages come out as they went in, and libtorrent’s short ones are read', () => {
  for (const message of [
    { kind: 'rendezvous', endpoint: { address: '192.0.2.1', port: 5000 } },
    { kind: 'connect', endpoint: { address: '2001:db8::5', port: 1 } },
    { kind: 'error', endpoint: { address: '192.0.2.1', port: 5000 }, failure: 'not-connected' },
  ] satisfies HolepunchMessage[]) {
    assert.deepEqual(decodeHolepunch(encodeHolepunch(message)), message);
  }
  const short = Uint8Array.of(1, 0, 192, 0, 2, 1, 0x13, 0x88);
  assert.deepEqual(decodeHolepunch(short), {
    kind: 'connect',
    endpoint: { address: '192.0.2.1', port: 5000 },
  });
  for (const bytes of [[], [3, 0], [0, 2], [0, 0, 1, 2, 3, 4, 5], [2, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0, 9]]) {
    assert.throws(() => decodeHolepunch(Uint8Array.from(bytes)), malformed);
  }
});

test('dont-have and upload-only are one number each', () => {
  assert.equal(decodeDontHave(encodeDontHave(0xfffffffe)), 0xfffffffe);
  assert.throws(() => decodeDontHave(new Uint8Array(3)), malformed);
  for (const value of [true, false]) assert.equal(decodeUploadOnly(encodeUploadOnly(value)), value);
  assert.throws(() => decodeUploadOnly(new Uint8Array(2)), malformed);
});

test('the allowed fast set is that of BEP 6', () => {
  const options = { address: '80.4.4.200', infoHash: new Uint8Array(20).fill(0xaa), pieceCount: 1313 };
  assert.deepEqual(
    allowedFastSet(nodeHashing, { ...options, size: 9 }),
    [1059, 431, 808, 1217, 287, 376, 1188, 353, 508],
  );
  assert.equal(allowedFastSet(nodeHashing, { ...options, pieceCount: 3, size: 10 }).length, 3);
  assert.deepEqual(allowedFastSet(nodeHashing, { ...options, address: '::1', size: 9 }), []);
});
