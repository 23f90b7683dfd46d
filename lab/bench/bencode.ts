// Bencode beside npm's `bencode` 4 in one run: DHT packets and torrent files, both ways, every value read.
// Bytes of `pieces` do not count, since nobody looks into them. Run: node lab/bench/bencode.ts

import { randomBytes } from 'node:crypto';
import { type BencodeNode, type BencodeValue, decodeBencode, encodeBencode } from '@shoal/base';
import reference from 'bencode';

interface Corpus {
  readonly name: string;
  readonly documents: readonly Uint8Array[];
  /** Bytes of all documents together, without `pieces`. */
  readonly countedBytes: number;
}

function dhtPackets(): Corpus {
  const documents: Uint8Array[] = [];
  for (let i = 0; i < 500; i++) {
    const t = randomBytes(2);
    const id = randomBytes(20);
    const v = Buffer.from('LT\x01\x02');
    documents.push(
      encodeBencode({ a: { id, target: randomBytes(20) }, q: 'find_node', t, v, y: 'q' }),
      encodeBencode({
        a: { id, info_hash: randomBytes(20), noseed: 1, scrape: 0 },
        q: 'get_peers',
        t,
        y: 'q',
      }),
      encodeBencode({
        a: { id, implied_port: 1, info_hash: randomBytes(20), port: 6881, token: randomBytes(8) },
        q: 'announce_peer',
        t,
        y: 'q',
      }),
      encodeBencode({ ip: randomBytes(6), r: { id, nodes: randomBytes(208) }, t, v, y: 'r' }),
      encodeBencode({
        r: { id, token: randomBytes(8), values: Array.from({ length: 30 }, () => randomBytes(6)) },
        t,
        y: 'r',
      }),
      encodeBencode({ r: { id }, t, y: 'r' }),
    );
  }
  return { name: 'DHT packets', documents, countedBytes: sum(documents) };
}

function torrents(): Corpus {
  const documents: Uint8Array[] = [];
  let pieces = 0;
  for (let i = 0; i < 40; i++) {
    const files = Array.from({ length: 5 + i * 20 }, (_, n) => ({
      length: 1000 + n * 77777,
      path: ['season 1', `episode ${n} of the long show with a name.mkv`],
    }));
    const hashes = randomBytes(20 * (200 + 30 * i));
    pieces += hashes.length;
    documents.push(
      encodeBencode({
        announce: 'udp://tracker.example.org:1337/announce',
        'announce-list': [['udp://tracker.example.org:1337/announce'], ['http://other.example.net/announce']],
        'created by': 'somebody/1.0',
        'creation date': 1_700_000_000 + i,
        info: { files, name: `show ${i}`, 'piece length': 1 << 20, pieces: hashes, private: 0 },
      }),
    );
  }
  return { name: 'torrent files', documents, countedBytes: sum(documents) - pieces };
}

function sum(documents: readonly Uint8Array[]): number {
  return documents.reduce((total, document) => total + document.length, 0);
}

/** What npm's decoder hands back, built from ours: keys as text, integers, bytes. */
function readAll(node: BencodeNode): BencodeValue {
  switch (node.kind) {
    case 'integer':
      return node.asInteger() ?? 0;
    case 'string':
      return node.asBytes() ?? '';
    case 'list': {
      const list: BencodeValue[] = [];
      node.forEachItem((item) => list.push(readAll(item)));
      return list;
    }
    case 'dictionary': {
      const entries: Record<string, BencodeValue> = {};
      node.forEachEntry((key, value) => {
        entries[key.asText() ?? ''] = readAll(value);
      });
      return entries;
    }
  }
}

/** Seconds of this thread's CPU for one run: other work on the machine does not count. */
function secondsOf(work: () => void): number {
  let runs = 0;
  const before = process.threadCpuUsage();
  let spent = 0;
  do {
    work();
    runs++;
    const { user, system } = process.threadCpuUsage(before);
    spent = (user + system) / 1e6;
  } while (spent < 0.15);
  return spent / runs;
}

/** Takes turns, so that a machine that is slow for a while is so for both. Medians of nine, after one to warm up. */
function race(ours: () => void, theirs: () => void): { readonly ours: number; readonly theirs: number } {
  const times = { ours: [0], theirs: [0] };
  for (let round = 0; round < 10; round++) {
    const [a, b] = [secondsOf(ours), secondsOf(theirs)];
    if (round === 0) continue;
    times.ours[round - 1] = a;
    times.theirs[round - 1] = b;
  }
  const median = (list: number[]) => list.toSorted((a, b) => a - b)[4] ?? 1;
  return { ours: median(times.ours), theirs: median(times.theirs) };
}

const rows: object[] = [];
for (const corpus of [dhtPackets(), torrents()]) {
  const { documents } = corpus;
  const values = documents.map((document) => readAll(decodeBencode(document)));
  const theirValues = documents.map((document) => reference.decode(document));
  const compare = (way: string, ours: () => void, theirs: () => void) => {
    const seconds = race(ours, theirs);
    const megabytes = corpus.countedBytes / 1e6;
    rows.push({
      what: `${corpus.name}, ${way}`,
      'shoal MB/s': Math.round(megabytes / seconds.ours),
      'bencode 4 MB/s': Math.round(megabytes / seconds.theirs),
      ratio: (seconds.theirs / seconds.ours).toFixed(1),
    });
  };
  compare(
    'in',
    () => {
      for (const document of documents) readAll(decodeBencode(document));
    },
    () => {
      for (const document of documents) reference.decode(document);
    },
  );
  compare(
    'out',
    () => {
      for (const value of values) encodeBencode(value);
    },
    () => {
      for (const value of theirValues) reference.encode(value);
    },
  );
}
console.table(rows);
