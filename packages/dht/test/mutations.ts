// Mutated datagrams, thrown at a whole node and at its saved table: questions of every kind, and answers to what the
// node itself just asked. One node takes them all, as it would on the internet.

import { createHash } from 'node:crypto';
import {
  type BencodeValue,
  type DatagramHandlers,
  type Endpoint,
  encodeBencode,
  type Timer,
  toUtf8,
} from '@shoal/base';
import { readMessage } from '@shoal/dht/codec';
import { identityFromSeed } from '@shoal/identity';
import { type Below, bytesOf, randomBelow } from '../../../lab/fuzz/draw.ts';
import { compactContacts } from '../src/contact.ts';
import { FamilyNode } from '../src/family-node.ts';
import { ItemStore } from '../src/item-store.ts';
import { signedBytes } from '../src/items.ts';
import { readTables, writeTables } from '../src/saved.ts';

let nowMs = 0;
const clock = {
  nowMs: () => nowMs,
  wallTimeMs: () => nowMs,
  setTimer: (): Timer => ({ cancel() {} }),
};
const hashing = {
  digest: (name: 'sha1' | 'sha256', bytes: Uint8Array) =>
    new Uint8Array(createHash(name).update(bytes).digest()),
  run: () => Promise.reject(new Error('not used')),
};
const draw = randomBelow(7);
const random = {
  below: draw,
  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = draw(256);
  },
};

let handlers: DatagramHandlers | undefined;
let sent: { readonly bytes: Uint8Array; readonly to: Endpoint }[] = [];
const datagrams = {
  bind: async (local: Endpoint, own: DatagramHandlers) => {
    handlers = own;
    return {
      local,
      send: (bytes: Uint8Array, to: Endpoint) => void sent.push({ bytes: bytes.slice(), to }),
      join() {},
      leave() {},
      setMulticast() {},
      close() {},
    };
  },
};

const node = new FamilyNode(
  { clock, random, hashing, datagrams },
  {
    family: 4,
    id: undefined,
    isReadOnly: false,
    isLimited: false,
    enforcesIds: false,
    items: new ItemStore(hashing),
    tableOf: (family) => (family === 4 ? node.table : undefined),
    onClose() {},
  },
);
await node.bind({ address: '127.0.0.1', port: 1 });

const identity = identityFromSeed(new Uint8Array(32).fill(9));
let token: Uint8Array = new Uint8Array(8);
/** The last question that the node asked, to be answered. */
let question: { readonly transaction: Uint8Array; readonly to: Endpoint } | undefined;

/** Deterministic but for what earlier seeds left in the node. True when the datagram was answered or believed. */
export function mutateDatagram(seed: number): boolean {
  const below = randomBelow(seed);
  nowMs += 1000;
  const from = { address: `10.${below(3)}.0.${1 + below(200)}`, port: 1 + below(65_535) };
  const answers = below(4) === 0 ? question : undefined;
  let datagram = encodeBencode(answers === undefined ? makeQuestion(below) : makeAnswer(below, answers));
  for (let edits = below(3); edits > 0; edits--) datagram = edit(datagram, below);
  // In a larger buffer, so that reading beyond the datagram shows.
  const buffer = new Uint8Array(datagram.length + 16).fill(0x65);
  buffer.set(datagram, 8);
  const shown = buffer.subarray(8, 8 + datagram.length);
  const message = readMessage(datagram, 4);
  const before = node.counts.answersReceived;
  sent = [];
  handlers?.message(shown, answers?.to ?? from);
  shown.fill(0xdd);
  for (const { bytes, to } of sent) checkSent(bytes, to, message);
  if (seed % 64 === 0) checkSaved(below);
  return sent.length > 0 || node.counts.answersReceived > before;
}

function checkSent(bytes: Uint8Array, to: Endpoint, asked: ReturnType<typeof readMessage>): void {
  const holds = (condition: boolean, what: string): void => {
    if (!condition) throw new Error(`broken promise: ${what}`);
  };
  holds(bytes.length > 0 && bytes.length <= 1400, 'a datagram of at most 1,400 bytes');
  const message = readMessage(bytes, 4);
  if (message === undefined) throw new Error('broken promise: what is sent can be read');
  if (message.kind === 'query') {
    question = { transaction: message.transaction.slice(), to };
    return;
  }
  holds(asked?.kind === 'query' || asked?.kind === 'bad-query', 'only a question is answered');
  holds(asked?.transaction.join() === message.transaction.join(), 'an answer has the number of its question');
  if (message.kind !== 'response') return;
  token = message.body.get('token')?.asBytes()?.slice() ?? token;
}

function checkSaved(below: Below): void {
  const compact = compactContacts(node.table.contacts());
  let bytes = writeTables([{ family: 4, id: node.ownId, compact }]);
  for (let edits = below(4); edits > 0; edits--) bytes = edit(bytes, below);
  for (const { endpoint } of readTables(bytes)[4].nodes)
    if (!(endpoint.port > 0)) throw new Error('broken promise: a saved node has a port');
}

function makeQuestion(below: Below): BencodeValue {
  const id = bytesOf(below, 20);
  const hash = Uint8Array.from({ length: 20 }, () => below(2));
  const want = [['n4'], ['n6'], ['n4', 'n6'], undefined][below(4)];
  const value = ['a', 'x'.repeat(below(1100)), 7, ['a', { b: 1 }]][below(4)] ?? 0;
  const sequence = below(5);
  const salt = bytesOf(below, below(70));
  const signature = identity.sign(signedBytes(salt, sequence, encodeBencode(value)));
  const questions: [method: string, args: { [key: string]: BencodeValue | undefined }][] = [
    ['ping', {}],
    ['find_node', { target: hash, want }],
    ['get_peers', { info_hash: hash, want, scrape: below(2) }],
    [
      'announce_peer',
      { info_hash: hash, port: below(70_000), token, implied_port: below(2), seed: below(2) },
    ],
    ['get', { target: hash, want, seq: below(3) === 0 ? below(5) : undefined }],
    ['put', { token, v: value }],
    [
      'put',
      {
        token,
        v: value,
        k: identity.publicKey,
        salt: salt.length > 0 ? salt : undefined,
        seq: sequence,
        sig: signature,
        cas: below(3) === 0 ? below(5) : undefined,
      },
    ],
    ['sample_infohashes', { target: hash, want }],
    ['vote', { target: hash }],
  ];
  // Signatures cost a hundred times what the rest does.
  const [q, a] = questions[below(16) === 0 ? 6 : below(9) % 6] ?? ['ping', {}];
  return { a: { ...a, id }, q, ro: below(2), t: bytesOf(below, below(40)), y: 'q' };
}

function makeAnswer(below: Below, { transaction }: { readonly transaction: Uint8Array }): BencodeValue {
  if (below(4) === 0) return { e: [200 + below(110), 'no'], t: transaction, y: 'e' };
  return {
    ip: bytesOf(below, below(2) === 0 ? 6 : 18),
    r: {
      BFpe: bytesOf(below, 256),
      BFsd: bytesOf(below, 256),
      id: bytesOf(below, 20),
      interval: below(100_000),
      nodes: bytesOf(below, 26 * below(30)),
      nodes6: bytesOf(below, 38 * below(5)),
      num: below(1000),
      samples: bytesOf(below, 20 * below(5)),
      seq: below(9),
      token: bytesOf(below, 8),
      v: toUtf8('value'),
      values: Array.from({ length: below(300) }, () => bytesOf(below, below(2) === 0 ? 6 : 18)),
    },
    t: transaction,
    y: 'r',
  };
}

function edit(bytes: Uint8Array, below: Below): Uint8Array {
  const at = below(bytes.length + 1);
  const kind = below(5);
  if (kind === 0) return bytes.slice(0, at);
  if (kind === 1) return splice(bytes, at, 1 + below(6), new Uint8Array());
  if (kind === 2) return splice(bytes, at, 0, bytesOf(below, 1 + below(6)));
  if (kind === 3) return splice(bytes, at, 1, Uint8Array.of(below(256)));
  return splice(bytes, at, 0, bytes.slice(below(bytes.length + 1), at + below(100)));
}

function splice(input: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  const end = Math.min(input.length, at + removed);
  const output = new Uint8Array(input.length - (end - Math.min(at, end)) + added.length);
  output.set(input.subarray(0, at));
  output.set(added, at);
  output.set(input.subarray(end), at + added.length);
  return output;
}
