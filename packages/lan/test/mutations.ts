// Mutated datagrams of the local network, as `lab/fuzz/lan.ts` and a short test throw them at both codecs: announces
// of BEP 14 and DNS messages, made well and then damaged, cut, doubled, or made of pointers and noise.

import { ipScope, toUtf8 } from '@shoal/base';
import { type Below, bytesOf, randomBelow } from '../../../lab/fuzz/draw.ts';
import { type DnsMessage, type DnsName, type DnsRecord, encodeDns, parseDns } from '../src/dns-codec.ts';
import { encodeLocalAnnounce, parseLocalAnnounce } from '../src/lsd-codec.ts';

/** True when the datagram was read as something. */
export function mutateDatagram(seed: number): boolean {
  const below = randomBelow(seed);
  const isDns = below(2) === 0;
  let bytes = isDns ? makeDns(below) : makeAnnounce(below);
  for (let edits = below(5); edits > 0; edits--) bytes = edit(bytes, below);
  // In a larger buffer, so that reading beyond the datagram shows, and overwritten, so that keeping a view does.
  const buffer = new Uint8Array(bytes.length + 16).fill(0xc0);
  buffer.set(bytes, 8);
  const shown = buffer.subarray(8, 8 + bytes.length);
  return isDns ? checkDns(shown, bytes) : checkAnnounce(shown, bytes);
}

function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`broken promise: ${what}`);
}

function checkAnnounce(shown: Uint8Array, bytes: Uint8Array): boolean {
  const read = parseLocalAnnounce(shown);
  shown.fill(0xdd);
  const alone = parseLocalAnnounce(bytes);
  holds(JSON.stringify(read) === JSON.stringify(alone), 'nothing beyond the datagram is read or kept');
  if (read === undefined) return false;
  const { port, infoHashes, cookie } = read;
  holds(port >= 1 && port <= 65_535, 'a port is one');
  holds(infoHashes.length >= 1 && infoHashes.length <= 32, 'from 1 to 32 hashes');
  holds(
    infoHashes.every(({ length }) => length === 20),
    'a hash has 20 bytes',
  );
  holds((cookie?.length ?? 0) <= 64, 'a cookie is short');
  const again = parseLocalAnnounce(encodeLocalAnnounce(read, 4));
  holds(JSON.stringify(again?.infoHashes) === JSON.stringify(infoHashes), 'what was read can be written');
  return true;
}

function checkDns(shown: Uint8Array, bytes: Uint8Array): boolean {
  const read = parseDns(shown);
  shown.fill(0xdd);
  const alone = parseDns(bytes);
  holds(JSON.stringify(read) === JSON.stringify(alone), 'nothing beyond the datagram is read or kept');
  if (read === undefined) return false;
  const records = [...read.answers, ...read.extras];
  holds(read.questions.length <= 64 && records.length <= 64, 'at most 64 questions and 64 records');
  for (const { name } of [...read.questions, ...records]) checkName(name);
  for (const record of records) checkRecord(record);
  const again = parseDns(encodeDns({ ...read, questions: [], answers: records, extras: [] }));
  // Names and texts that were no UTF-8 grow when they are written, and may then be too long to be read.
  holds(again !== undefined && again.answers.length <= records.length, 'what was read can be written');
  return true;
}

function checkRecord(record: DnsRecord): void {
  holds(record.lifeSeconds >= 0 && record.lifeSeconds < 2 ** 32, 'a life is 32 bits');
  switch (record.kind) {
    case 'A':
    case 'AAAA':
      holds(ipScope(record.address) !== undefined, 'an address is one');
      return;
    case 'SRV':
      holds(record.port >= 0 && record.port <= 65_535, 'a port is one');
      checkName(record.target);
      return;
    case 'PTR':
      checkName(record.target);
      return;
    case 'TXT':
      holds(record.texts.length <= 9000, 'texts are bounded by the datagram');
  }
}

/** Characters that are no UTF-8 count as one byte each on the wire. */
function checkName(name: DnsName): void {
  const characters = name.reduce((sum, label) => sum + label.length + 1, 0);
  holds(characters <= 256 && name.length <= 128, 'a name has at most 255 bytes');
}

function makeAnnounce(below: Below): Uint8Array {
  const infoHashes = Array.from({ length: 1 + below(below(8) === 0 ? 60 : 3) }, () => bytesOf(below, 20));
  const cookie = below(2) === 0 ? {} : { cookie: 'x'.repeat(below(100)) };
  const bytes = encodeLocalAnnounce({ port: below(70_000), infoHashes, ...cookie }, below(2) === 0 ? 4 : 6);
  if (below(6) > 0) return bytes;
  const strange = [
    'Port: 99999\r\n',
    'INFOHASH:zz\n',
    ':\r\n',
    'Infohash: \r\n',
    `cookie: ${'y'.repeat(5000)}\r\n`,
  ];
  return join(bytes, toUtf8(strange[below(strange.length)] ?? ''));
}

function makeDns(below: Below): Uint8Array {
  const name = (): string[] =>
    Array.from(
      { length: below(5) },
      () => ['local', '_shoal', '_tcp', 'näme', 'x'.repeat(below(70))][below(5)] ?? '',
    );
  const records = (count: number): DnsRecord[] =>
    Array.from({ length: count }, () => {
      const frame = { name: name(), lifeSeconds: below(2 ** 31), isUnique: below(2) === 0 };
      switch (below(5)) {
        case 0:
          return { ...frame, kind: 'PTR', target: name() };
        case 1:
          return { ...frame, kind: 'SRV', target: name(), port: below(65_536) };
        case 2:
          return { ...frame, kind: 'TXT', texts: name() };
        case 3:
          return { ...frame, kind: 'A', address: `10.0.${below(256)}.${below(256)}` };
        default:
          return { ...frame, kind: 'AAAA', address: `fe80::${(1 + below(65_535)).toString(16)}` };
      }
    });
  const message: DnsMessage = {
    id: below(65_536),
    isAnswer: below(2) === 0,
    questions: Array.from({ length: below(below(20) === 0 ? 90 : 3) }, () => ({
      name: name(),
      kind: (['PTR', 'ANY', 'SRV'] as const)[below(3)] ?? 'ANY',
      wantsUnicast: below(2) === 0,
    })),
    answers: records(below(below(20) === 0 ? 90 : 4)),
    extras: records(below(3)),
  };
  return encodeDns(message);
}

function edit(bytes: Uint8Array, below: Below): Uint8Array {
  const copy = bytes.slice();
  const at = below(Math.max(1, copy.length));
  switch (below(7)) {
    case 0:
      copy[at] = below(256);
      return copy;
    case 1:
      return copy.subarray(0, at);
    case 2:
      return join(copy.subarray(0, at), bytesOf(below, below(20)), copy.subarray(at));
    case 3:
      return join(copy.subarray(0, at), copy.subarray(below(at + 1)));
    case 4:
      // A pointer, mostly to somewhere before it.
      copy.set([0xc0 | below(2), below(256)].slice(0, copy.length - at), at);
      return copy;
    case 5:
      // One of the counts of a DNS message, or of its flags.
      if (copy.length > 12) copy[2 + below(10)] = below(4) === 0 ? 255 : below(4);
      return copy;
    default:
      return join(copy.subarray(0, at), new Uint8Array(below(300)).fill(0xc0), bytesOf(below, 2));
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
