// Peers that keep the rules and are of no use, or that use a rule against those who keep it.

import { encodeBencode } from '@shoal/base';
import {
  encodeDontHave,
  encodeMetadataMessage,
  encodePex,
  ourExtensions,
  pieceHeaderLength,
  writeAllowedFast,
  writeChoke,
  writeHave,
  writeHaveAll,
  writePieceHeader,
  writeReject,
  writeUnchoke,
} from '@shoal/wire';
import { behave, claimAll, type HostileLine, wantAll } from './hostile-line.ts';
import type { HostileScript } from './scripts.ts';

function reject(line: HostileLine, piece: number, begin: number, length: number): void {
  line.message(17, (buffer, at) => writeReject(buffer, at, piece, begin, length));
}

function allowAll(line: HostileLine): void {
  line.flood(line.layout.pieceCount, 9, (buffer, at, i) => writeAllowedFast(buffer, at, i));
}

/** Numbers where others say 1 or 250. */
const absurd = [0, -1, 255, 256, 65_536, 2 ** 31, 2 ** 52];

export const trickScripts: readonly HostileScript[] = [
  {
    name: 'has all, and takes it back piece by piece',
    begin: (line) => {
      behave(line);
      line.after(300, () => {
        for (let piece = 0; piece < line.layout.pieceCount; piece++)
          line.extended(ourExtensions.lt_donthave, encodeDontHave(piece));
      });
    },
    handlers: () => ({ request() {} }),
  },
  {
    name: 'has all again each time it is asked, and rejects that',
    begin: (line) => {
      line.message(5, writeHaveAll);
      line.message(5, writeUnchoke);
    },
    handlers: (line) => ({
      request: (piece, begin, length) => {
        reject(line, piece, begin, length);
        line.message(9, (buffer, at) => writeHave(buffer, at, piece));
      },
    }),
  },
  {
    name: 'chokes, allows every piece, and again each time it rejects one',
    begin: (line) => {
      claimAll(line);
      allowAll(line);
    },
    handlers: (line) => ({
      request: (piece, begin, length) => {
        reject(line, piece, begin, length);
        line.message(9, (buffer, at) => writeAllowedFast(buffer, at, piece));
      },
    }),
  },
  {
    name: 'rejects, chokes and unchokes whenever it is asked',
    ends: ['flood'],
    isBanned: true,
    handlers: (line) => ({
      request: (piece, begin, length) => {
        reject(line, piece, begin, length);
        line.message(5, writeChoke);
        line.message(5, writeUnchoke);
      },
    }),
  },
  {
    name: 'sends good blocks in crumbs',
    handlers: (line) => ({
      request: (piece, begin, length) => {
        const message = new Uint8Array(pieceHeaderLength + length);
        message.set(line.goodBytes(piece, begin, length), writePieceHeader(message, 0, piece, begin, length));
        const crumb = 1 + line.random.below(200);
        for (let at = 0; at < message.length; at += crumb) line.send(message.subarray(at, at + crumb));
      },
    }),
  },
  {
    name: 'stops a byte before the end of a block',
    needs: 'time',
    ends: ['snubbed'],
    handlers: (line) => ({
      request: (piece, begin, length) => {
        line.message(pieceHeaderLength, (buffer, at) => writePieceHeader(buffer, at, piece, begin, length));
        line.send(line.goodBytes(piece, begin, length - 1));
        line.isOver = true;
      },
    }),
  },
  {
    name: 'keeps the last block of each piece',
    handlers: (line) => ({
      request: (piece, begin, length) => {
        if (begin + length < line.layout.pieceSize(piece))
          line.sendBlock(piece, begin, line.goodBytes(piece, begin, length));
      },
    }),
  },
  {
    name: 'sends blocks without bytes',
    ends: ['breach'],
    isBanned: true,
    handlers: (line) => ({
      request: (piece, begin) => line.sendBlock(piece, begin, new Uint8Array(0)),
    }),
  },
  {
    name: 'says absurd numbers in its extended handshakes',
    begin: (line) => {
      behave(line);
      line.every(500, () => {
        const number = () => absurd[line.random.below(absurd.length)] ?? 0;
        line.extended(
          0,
          encodeBencode({
            m: { ut_metadata: number(), ut_pex: number(), lt_donthave: number(), upload_only: number() },
            metadata_size: number(),
            reqq: number(),
            p: number(),
            upload_only: number(),
            v: 'x'.repeat(line.random.below(20_000)),
            yourip: line.bytes(line.random.below(20)),
          }),
        );
      });
    },
  },
  {
    name: 'names a new extension with each handshake',
    ends: ['flood'],
    isBanned: true,
    begin: (line) => {
      wantAll(line);
      let round = 0;
      line.every(5, () => {
        const m = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`x${round++}`, 1 + (i % 200)]));
        line.extended(0, encodeBencode({ m }));
      });
    },
  },
  {
    name: 'asks for metadata that nobody has',
    begin: (line) => {
      wantAll(line);
      line.extended(0, encodeBencode({ m: { ut_metadata: ourExtensions.ut_metadata } }));
      line.every(100, () =>
        line.extended(
          ourExtensions.ut_metadata,
          encodeMetadataMessage({ kind: 'request', piece: line.random.below(2 ** 31) }),
        ),
      );
    },
  },
  {
    name: 'names us to ourselves, and everybody whom we know, as gone',
    begin: (line) => {
      behave(line);
      const endpoint = { address: line.stream.remote.address, port: 6881 };
      const message = encodePex({ added: [{ endpoint, flags: 0x10 }], dropped: [endpoint] });
      line.every(61_000, () => line.extended(ourExtensions.ut_pex, message));
      line.extended(ourExtensions.ut_pex, message);
    },
  },
];
