// Lies about content: wrong data, wrong claims, and blocks that never come.

import { writeBitfield, writeChoke, writePieceHeader, writeReject, writeUnchoke } from '@shoal/wire';
import { allPieces, behave, claim, claimAll, type HostileLine } from './hostile-line.ts';
import type { HostileScript } from './scripts.ts';

function wrong(line: HostileLine, piece: number, begin: number, length: number): Uint8Array {
  const bytes = line.goodBytes(piece, begin, length);
  const at = line.random.below(length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << line.random.below(8));
  return bytes;
}

export const contentScripts: readonly HostileScript[] = [
  {
    name: 'lies in every block',
    ends: ['lied'],
    isBanned: true,
    handlers: (line) => ({
      request: (piece, begin, length) => line.sendBlock(piece, begin, wrong(line, piece, begin, length)),
    }),
  },
  {
    name: 'lies in one block of five',
    ends: ['lied'],
    isBanned: true,
    handlers: (line) => ({
      request: (piece, begin, length) =>
        line.sendBlock(
          piece,
          begin,
          (piece + begin / 16_384) % 5 === 0
            ? wrong(line, piece, begin, length)
            : line.goodBytes(piece, begin, length),
        ),
    }),
  },
  {
    name: 'lies in the first block of each piece and then is silent',
    ends: ['lied', 'snubbed'],
    handlers: (line) => ({
      request: (piece, begin, length) => {
        if (begin === 0) line.sendBlock(piece, begin, wrong(line, piece, begin, length));
      },
    }),
  },
  {
    name: 'lies and hangs up after each block',
    handlers: (line) => ({
      request: (piece, begin, length) => {
        line.sendBlock(piece, begin, wrong(line, piece, begin, length));
        line.stream.end();
      },
    }),
  },
  {
    name: 'claims all and answers nothing',
    needs: 'time',
    ends: ['snubbed'],
    handlers: () => ({ request() {} }),
  },
  {
    name: 'answers each request with a reject',
    handlers: (line) => ({
      request: (piece, begin, length) =>
        line.message(17, (buffer, at) => writeReject(buffer, at, piece, begin, length)),
    }),
  },
  {
    name: 'drips a byte a second',
    needs: 'time',
    ends: ['snubbed'],
    handlers: (line) => {
      let isDripping = false;
      return {
        request: (piece, begin, length) => {
          if (isDripping) return;
          isDripping = true;
          line.message(13, (buffer, at) => writePieceHeader(buffer, at, piece, begin, length));
          line.every(1000, () => line.send(Uint8Array.of(1)));
        },
      };
    },
  },
  {
    name: 'sends a block now and then, so as not to be snubbing',
    handlers: (line) => {
      let next = () => {};
      line.every(6000, () => next());
      return {
        request: (piece, begin, length) => {
          next = () => line.sendBlock(piece, begin, line.goodBytes(piece, begin, length));
        },
      };
    },
  },
  {
    name: 'vanishes in the middle of a block',
    handlers: (line) => ({
      request: (piece, begin, length) => {
        line.message(13, (buffer, at) => writePieceHeader(buffer, at, piece, begin, length));
        line.send(line.goodBytes(piece, begin, length >> 1));
        line.after(500, () => line.close());
      },
    }),
  },
  {
    name: 'sends a block that nobody asked for',
    ends: ['breach'],
    isBanned: true,
    begin: (line) => {
      behave(line);
      line.sendBlock(0, 0, line.goodBytes(0, 0, 16_384));
    },
    handlers: () => ({ request() {} }),
  },
  {
    name: 'sends every block twice',
    ends: ['breach'],
    isBanned: true,
    handlers: (line) => ({
      request: (piece, begin, length) => {
        const bytes = line.goodBytes(piece, begin, length);
        line.sendBlock(piece, begin, bytes);
        line.sendBlock(piece, begin, bytes);
      },
    }),
  },
  {
    name: 'sends blocks shorter than asked',
    ends: ['breach'],
    isBanned: true,
    handlers: (line) => ({
      request: (piece, begin, length) =>
        line.sendBlock(piece, begin, line.goodBytes(piece, begin, length - 1)),
    }),
  },
  {
    name: 'chokes and unchokes for fun',
    ends: ['flood'],
    isBanned: true,
    begin: (line) => {
      claimAll(line);
      line.every(20, (round) => line.message(5, round % 2 === 0 ? writeUnchoke : writeChoke));
    },
    handlers: () => ({ request() {} }),
  },
  {
    name: 'unchokes for a block at a time',
    begin: (line) => {
      claimAll(line);
      line.every(4000, () => line.message(5, writeUnchoke));
    },
    handlers: (line) => ({
      request: (piece, begin, length) => {
        line.sendBlock(piece, begin, line.goodBytes(piece, begin, length));
        line.message(5, writeChoke);
      },
    }),
  },
  {
    name: 'sends a bitfield that is too long',
    ends: ['breach'],
    isBanned: true,
    begin: (line) => {
      const bits = new Uint8Array(Math.ceil(line.layout.pieceCount / 8) + 1);
      line.message(5 + bits.length, (buffer, at) => writeBitfield(buffer, at, bits));
    },
  },
  {
    name: 'sends an empty bitfield',
    ends: ['breach'],
    isBanned: true,
    begin: (line) => line.message(5, (buffer, at) => writeBitfield(buffer, at, new Uint8Array(0))),
  },
  {
    name: 'claims pieces behind the last one in a bitfield',
    ends: ['breach'],
    isBanned: true,
    begin: (line) => {
      const bits = allPieces(line.layout.pieceCount).fill(0xff);
      // Where the bits fill their bytes, one byte more claims them.
      const claimed = line.layout.pieceCount % 8 === 0 ? Uint8Array.of(...bits, 0xff) : bits;
      line.message(5 + claimed.length, (buffer, at) => writeBitfield(buffer, at, claimed));
    },
  },
  {
    name: 'has a piece that does not exist',
    ends: ['breach'],
    isBanned: true,
    begin: (line) => claim(line, line.layout.pieceCount + line.random.below(1000)),
  },
  {
    name: 'claims pieces one by one, which it lacks',
    begin: (line) => {
      line.message(5, writeUnchoke);
      line.every(700, (round) => claim(line, round % line.layout.pieceCount));
    },
    handlers: () => ({ request() {} }),
  },
];
