// Breaches of the protocol: handshakes, framing, requests that make no sense, and a monkey.

import {
  handshakeLength,
  writeAllowedFast,
  writeHandshake,
  writeHaveAll,
  writeHaveNone,
  writeReject,
  writeRequest,
} from '@shoal/wire';
import { behave, claimAll, type HostileLine, wantAll } from './hostile-line.ts';
import type { HostileScript } from './scripts.ts';

function ask(line: HostileLine, piece: number, begin: number, length: number): void {
  line.message(17, (buffer, at) => writeRequest(buffer, at, piece, begin, length));
}

function head(length: number, ...rest: number[]): Uint8Array {
  return Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length, ...rest);
}

const breach = { ends: ['breach'], isBanned: true } as const;

export const protocolScripts: readonly HostileScript[] = [
  {
    name: 'asks for a piece that does not exist',
    ...breach,
    begin: (line) => ask(line, line.layout.pieceCount, 0, 16_384),
  },
  { name: 'asks for more than anybody serves', ...breach, begin: (line) => ask(line, 0, 0, 0x7fffffff) },
  { name: 'asks for nothing', ...breach, begin: (line) => ask(line, 0, 0, 0) },
  {
    name: 'asks beyond the end of a piece',
    ...breach,
    begin: (line) => ask(line, 0, line.layout.pieceLength - 1, 2),
  },
  { name: 'asks at an offset of 4 GiB', ...breach, begin: (line) => ask(line, 0, 0xffffffff, 16_384) },
  {
    name: 'announces a message of 4 GiB',
    ...breach,
    begin: (line) => line.send(head(0xffffffff, line.random.below(256))),
  },
  {
    name: 'announces a block of 2 MiB',
    ...breach,
    begin: (line) => line.send(head(2_097_161, 7, 0, 0, 0, 0, 0, 0, 0, 0)),
  },
  { name: 'announces a block of four bytes', ...breach, begin: (line) => line.send(head(5, 7, 0, 0, 0, 0)) },
  { name: 'cuts a have short', ...breach, begin: (line) => line.send(head(3, 4, 0, 0)) },
  {
    name: 'talks garbage after the handshake',
    begin: (line) => line.every(50, () => line.send(line.bytes(1 + line.random.below(3000)))),
  },
  {
    name: 'talks garbage in place of a handshake',
    open: (line) => line.every(50, () => line.send(line.bytes(1 + line.random.below(300)))),
  },
  {
    name: 'names another info hash',
    infoHash: (line) => line.bytes(20),
  },
  {
    name: 'sends its handshake byte by byte and stops before the end',
    open: (line) => {
      const bytes = new Uint8Array(handshakeLength);
      writeHandshake(bytes, 0, {
        infoHash: line.place.sample.torrent.infoHashes.v1 ?? line.bytes(20),
        peerId: line.bytes(20),
        capabilities: { extensions: true, fast: true, dht: false, v2: false },
      });
      line.every(200, (i) => {
        if (i < handshakeLength - 1) line.send(bytes.subarray(i, i + 1));
      });
    },
  },
  {
    name: 'says our own peer id',
    peerId: (line) => line.theirs?.peerId ?? line.bytes(20),
  },
  {
    name: 'says have-all without the bit for it',
    ...breach,
    capabilities: { fast: false },
    begin: (line) => line.message(5, writeHaveAll),
  },
  {
    name: 'sends extended messages without the bit for them',
    ...breach,
    capabilities: { extensions: false },
    begin: (line) => line.extended(0, new TextEncoder().encode('de')),
  },
  {
    name: 'rejects what it was never asked',
    ...breach,
    begin: (line) => line.message(17, (buffer, at) => writeReject(buffer, at, 0, 0, 16_384)),
  },
  {
    name: 'allows every piece, has none, and answers none',
    begin: (line) => {
      line.message(5, writeHaveNone);
      line.flood(line.layout.pieceCount, 9, (buffer, at, i) => writeAllowedFast(buffer, at, i));
    },
    handlers: () => ({ request() {} }),
  },
  {
    name: 'allows every piece, chokes, and answers none',
    begin: (line) => {
      claimAll(line);
      line.flood(line.layout.pieceCount, 9, (buffer, at, i) => writeAllowedFast(buffer, at, i));
    },
    handlers: () => ({ request() {} }),
  },
  {
    name: 'asks for everything and reads nothing',
    begin: (line) => {
      wantAll(line);
      line.stream.pause();
      line.every(100, (round) => {
        const piece = round % line.layout.pieceCount;
        ask(line, piece, 0, Math.min(16_384, line.layout.pieceSize(piece)));
      });
    },
  },
  {
    name: 'comes and goes without a pause',
    begin: (line) => {
      behave(line);
      line.after(line.random.below(300), () => line.close());
    },
  },
  {
    name: 'is a monkey with a dictionary of messages',
    begin: (line) => {
      behave(line);
      line.every(30, () => line.send(monkeyMessage(line)));
    },
  },
];

/** A message with a right frame and numbers that are mostly small. */
function monkeyMessage(line: HostileLine): Uint8Array {
  const { random } = line;
  const lengths = [0, 0, 0, 0, 4, 3, 12, 12, 12, 2, 0, 0, 0, 4, 0, 0, 12, 4, 0, 0, 9, 48, 80, 48];
  const id = random.below(24);
  const length = lengths[id] ?? 0;
  const body = line.bytes(length);
  for (let at = 0; at + 4 <= length; at += 4)
    if (random.chance(0.9)) {
      body.fill(0, at, at + 4);
      const small = random.chance(0.5);
      body[at + 3] = small ? random.below(8) : 0;
      if (!small) body[at + 2] = 64 * random.below(2);
    }
  return Uint8Array.of(...head(length + 1, id), ...body);
}
