// Floods: messages that cost the sender nothing, as many as the line carries.

import {
  writeAllowedFast,
  writeBitfield,
  writeCancel,
  writeExtended,
  writeHave,
  writeHaveAll,
  writeHaveNone,
  writeInterested,
  writeKeepAlive,
  writeNotInterested,
  writePort,
  writeRequest,
  writeSuggest,
} from '@shoal/wire';
import { allPieces, type HostileLine, wantAll } from './hostile-line.ts';
import type { HostileScript } from './scripts.ts';

const many = 40_000;
const flood = { ends: ['flood'], isBanned: true } as const;

/** It has nothing and says that it wants all, so that nothing but the flood ends the connection. */
function flooding(
  name: string,
  length: number,
  next: (line: HostileLine, buffer: Uint8Array, at: number, i: number) => number,
  count = many,
): HostileScript {
  return {
    name: `floods with ${name}`,
    ...flood,
    begin: (line) => {
      wantAll(line);
      line.flood(count, length, (buffer, at, i) => next(line, buffer, at, i));
    },
  };
}

export const floodScripts: readonly HostileScript[] = [
  flooding('keep-alives', 4, (_line, buffer, at) => writeKeepAlive(buffer, at)),
  flooding('haves of one piece', 9, (_line, buffer, at) => writeHave(buffer, at, 0)),
  flooding('bitfields', 5 + 64, (line, buffer, at) =>
    writeBitfield(buffer, at, allPieces(line.layout.pieceCount)),
  ),
  flooding('have-alls', 5, (_line, buffer, at) => writeHaveAll(buffer, at)),
  flooding('have-nones', 5, (_line, buffer, at) => writeHaveNone(buffer, at)),
  flooding('interest and none', 5, (_line, buffer, at, i) =>
    i % 2 === 0 ? writeInterested(buffer, at) : writeNotInterested(buffer, at),
  ),
  flooding('ports', 7, (_line, buffer, at) => writePort(buffer, at, 1)),
  flooding('hints', 9, (_line, buffer, at, i) =>
    i % 2 === 0 ? writeSuggest(buffer, at, 0) : writeAllowedFast(buffer, at, 0),
  ),
  flooding('cancels', 17, (_line, buffer, at) => writeCancel(buffer, at, 0, 0, 16_384)),
  flooding('unknown extended messages', 7, (_line, buffer, at, i) =>
    writeExtended(buffer, at, 200, Uint8Array.of(i)),
  ),
  flooding(
    'requests while it is choked',
    17,
    (_line, buffer, at) => writeRequest(buffer, at, 0, 0, 16_384),
    60_000,
  ),
  {
    name: 'floods with messages that nobody knows',
    begin: (line) => {
      wantAll(line);
      line.flood(many, 105, (buffer, at) => {
        buffer.fill(0, at, at + 105);
        buffer[at + 3] = 101;
        buffer[at + 4] = 99;
        return at + 105;
      });
    },
  },
  {
    name: 'floods with requests and reads what comes',
    begin: (line) => {
      wantAll(line);
      line.flood(many, 17, (buffer, at, i) => {
        const piece = i % line.layout.pieceCount;
        return writeRequest(buffer, at, piece, 0, Math.min(16_384, line.layout.pieceSize(piece)));
      });
    },
  },
  {
    name: 'floods with requests for a byte',
    begin: (line) => {
      wantAll(line);
      line.flood(many, 17, (buffer, at, i) => writeRequest(buffer, at, 0, i % 1000, 1));
    },
  },
  {
    name: 'asks and cancels without an end',
    ...flood,
    begin: (line) => {
      wantAll(line);
      line.flood(2 * many, 17, (buffer, at, i) =>
        i % 2 === 0 ? writeRequest(buffer, at, 0, 0, 16_384) : writeCancel(buffer, at, 0, 0, 16_384),
      );
    },
  },
];
