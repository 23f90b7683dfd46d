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
      for (const item of node.items()) list.push(readAll(item));
      return list;
    }
    case 'dictionary': {
      const entries: Record<string, BencodeValue> = {};
      for (const [key, value] of node.entries()) entries[key.asText() ?? ''] = readAll(value);
      return entries;
    }
  }
}

function megabytesPerSecond(corpus: Corpus, work: () => void): number {
  const seconds: number[] = [];
  for (let until = performance.now() + 500; performance.now() < until; ) work();
  for (let round = 0; round < 7; round++) {
    let runs = 0;
    const start = performance.now();
    let now = start;
    do {
      work();
      runs++;
      now = performance.now();
    } while (now - start < 200);
    seconds.push((now - start) / 1000 / runs);
  }
  seconds.sort((a, b) => a - b);
  return corpus.countedBytes / 1e6 / (seconds[3] ?? 1);
}

const rows: object[] = [];
for (const corpus of [dhtPackets(), torrents()]) {
  const { documents } = corpus;
  const values = documents.map((document) => readAll(decodeBencode(document)));
  const theirValues = documents.map((document) => reference.decode(document));
  const compare = (way: string, ours: () => void, theirs: () => void) => {
    const fast = megabytesPerSecond(corpus, ours);
    const slow = megabytesPerSecond(corpus, theirs);
    rows.push({
      what: `${corpus.name}, ${way}`,
      'shoal MB/s': Math.round(fast),
      'bencode 4 MB/s': Math.round(slow),
      ratio: (fast / slow).toFixed(1),
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
