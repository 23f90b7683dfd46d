// The codec: what is written is canonical bencode and read as the same again; what is missing or odd is absent.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBencode, encodeBencode, toUtf8 } from '@shoal/base';
import {
  compactNode,
  type Query,
  type Reply,
  readAnswer,
  readCompactNodes,
  readMessage,
  writeError,
  writeQuestion,
  writeReply,
} from '@shoal/dht/codec';

const id = new Uint8Array(20).fill(1);
const hash = new Uint8Array(20).fill(2);
const token = new Uint8Array(8).fill(3);
const transaction = Uint8Array.of(0, 255, 1, 2);
const askedFrom = Uint8Array.of(9, 8, 7, 6, 0x1a, 0xe1);
const only4 = { 4: true, 6: false };
const both = { 4: true, 6: true };

const queries: readonly Query[] = [
  { method: 'ping' },
  { method: 'find_node', target: hash, want: only4 },
  { method: 'get_peers', infoHash: hash, want: both, scrape: true },
  { method: 'get_peers', infoHash: hash, want: only4, scrape: false },
  { method: 'announce_peer', infoHash: hash, token, port: 6881, isSeed: true },
  { method: 'announce_peer', infoHash: hash, token, port: undefined, isSeed: false },
  { method: 'get', target: hash, want: both, sequence: 7 },
  { method: 'put', token, item: { raw: toUtf8('5:hello') } },
  {
    method: 'put',
    token,
    item: {
      raw: toUtf8('d1:ai1ee'),
      mutable: {
        key: new Uint8Array(32).fill(4),
        salt: toUtf8('salt'),
        sequence: 12,
        signature: new Uint8Array(64).fill(5),
        cas: 11,
      },
    },
  },
  { method: 'sample_infohashes', target: hash, want: both },
];

test('every question is read as it was written, and is canonical', () => {
  for (const query of queries) {
    const bytes = writeQuestion({ transaction, id, isReadOnly: query.method === 'ping' }, query);
    decodeBencode(bytes);
    const message = readMessage(bytes, 4);
    assert.ok(message?.kind === 'query');
    assert.deepEqual([...message.transaction], [...transaction]);
    assert.equal(message.isReadOnly, query.method === 'ping');
    assert.deepEqual(structuredClone(message.query), structuredClone(query));
  }
});

test('every reply is canonical and read as it was written', () => {
  const node = compactNode(id, { address: '1.2.3.4', port: 5 }) ?? new Uint8Array(26);
  const node6 = compactNode(id, { address: '2001:db8::1', port: 5 }) ?? new Uint8Array(38);
  const peers = toUtf8('6:abcdef6:ghijkl6:mnopqr');
  const replies: Partial<Reply>[] = [
    {},
    { nodes: node, nodes6: node6, token },
    { token, values: { bytes: peers, stride: 8, count: 3, start: 1, most: 2 } },
    { peers: new Uint8Array(256), seeds: new Uint8Array(256).fill(1), token, nodes: new Uint8Array(0) },
    {
      key: new Uint8Array(32),
      signature: new Uint8Array(64),
      sequence: 123_456,
      value: toUtf8('d1:ai1ee'),
      nodes: node,
      token,
    },
    { interval: 60, total: 1000, samples: new Uint8Array(400), nodes: node },
  ];
  for (const reply of replies) {
    const bytes = writeReply({ askedFrom, transaction, id, ...reply }).slice();
    assert.deepEqual(encodeBencode(decodeBencode(bytes)), bytes);
    const message = readMessage(bytes, 4);
    assert.ok(message?.kind === 'response');
    assert.deepEqual([...(message.seenAs ?? [])], [...askedFrom]);
    const answer = readAnswer(message.body, message.id);
    assert.deepEqual(answer.id, id);
    assert.deepEqual(answer.token, reply.token);
    assert.equal(answer.nodes.length, reply.nodes?.length ? 1 : 0);
    assert.equal(answer.nodes6.length, reply.nodes6 === undefined ? 0 : 1);
    assert.deepEqual(answer.item?.raw, reply.value);
    assert.equal(answer.sequence, reply.sequence);
    assert.equal(answer.samples?.total, reply.total);
    assert.equal(answer.samples?.infoHashes.length, reply.samples && 20);
    assert.deepEqual(answer.scrape?.seeds, reply.seeds);
    assert.equal(answer.values.length, reply.values?.most ?? 0);
  }
});

test('values go round from their start, and only as many as fit the packet', () => {
  const encoded = new Uint8Array(8 * 300);
  for (let i = 0; i < 300; i++) encoded.set([0x36, 0x3a, 1, 2, 3, i & 255, i >> 8, 1], 8 * i);
  for (const nodes of [0, 8, 20]) {
    const values = { bytes: encoded, stride: 8, count: 300, start: 250, most: 1000 };
    const longest = new Uint8Array(32).fill(7);
    const bytes = writeReply({
      askedFrom,
      transaction: longest,
      id,
      nodes: new Uint8Array(26 * nodes),
      values,
      token,
    });
    assert.ok(bytes.length <= 1400 && bytes.length > 1392, `${bytes.length}`);
    const list = [...(decodeBencode(bytes).get('r')?.get('values')?.items() ?? [])];
    assert.deepEqual([...(list[0]?.asBytes() ?? [])].slice(3, 5), [250, 0]);
    assert.deepEqual([...(list[50]?.asBytes() ?? [])].slice(3, 5), [0, 0]);
  }
});

test('a reply that does not fit is not sent', () => {
  assert.equal(writeReply({ askedFrom, transaction, id, samples: new Uint8Array(1400) }).length, 0);
});

test('errors are canonical and read as they were written', () => {
  const bytes = writeError(transaction, 203, 'Bad token').slice();
  assert.deepEqual(encodeBencode(decodeBencode(bytes)), bytes);
  const message = readMessage(bytes, 4);
  assert.ok(message?.kind === 'error');
  assert.deepEqual([message.code, message.message], [203, 'Bad token']);
});

test('the examples of BEP 5 are read', () => {
  const example = (text: string) => readMessage(toUtf8(text), 4);
  const ping = example('d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe');
  assert.ok(ping?.kind === 'query' && ping.query.method === 'ping');
  const announce = example(
    'd1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe',
  );
  assert.ok(announce?.kind === 'query' && announce.query.method === 'announce_peer');
  assert.equal(announce.query.port, undefined);
  const peers = example(
    'd1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re',
  );
  assert.ok(peers?.kind === 'response');
  assert.deepEqual(
    readAnswer(peers.body, peers.id).values.map(({ address }) => address),
    ['97.120.106.101', '105.100.104.116'],
  );
  const error = example('d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee');
  assert.ok(error?.kind === 'error' && error.code === 201);
});

test('what others get wrong is read where it can be', () => {
  // Keys out of order, as some clients send them.
  const unsorted = toUtf8('d1:y1:q1:t2:aa1:q4:ping1:ad2:id20:abcdefghij0123456789ee');
  assert.equal(readMessage(unsorted, 4)?.kind, 'query');
  const node = compactNode(id, { address: '1.2.3.4', port: 5 }) ?? new Uint8Array(26);
  const cut = new Uint8Array([...node, ...node.subarray(0, 20)]);
  assert.equal(readCompactNodes(cut, 4, 20).length, 1, 'a node that was cut off');
  const noPort = new Uint8Array([...node.subarray(0, 24), 0, 0]);
  assert.equal(readCompactNodes(noPort, 4, 20).length, 0, 'a node without a port');
  assert.equal(
    readCompactNodes(new Uint8Array(26 * 100).fill(1), 4, 20).length,
    20,
    'more than anybody needs',
  );
  const mapped = new Uint8Array(38).fill(1);
  mapped.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4], 20);
  assert.equal(readCompactNodes(mapped, 6, 20).length, 0, 'IPv4 dressed up as IPv6');
  const body = decodeBencode(encodeBencode({ values: 'abcdef', nodes: 7, samples: ['x'], BFsd: 'short' }));
  const answer = readAnswer(body, id);
  assert.deepEqual(
    [answer.values, answer.nodes, answer.samples, answer.scrape],
    [[], [], undefined, undefined],
  );
});
