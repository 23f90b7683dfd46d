// Lies in extended messages and in the hashes of v2: metadata, peer exchange, dont-have, hash requests and answers.

import { encodeBencode } from '@shoal/base';
import {
  encodeDontHave,
  encodeExtendedHandshake,
  encodeMetadataMessage,
  encodePex,
  type HashRequest,
  messageId,
  ourExtensions,
  writeExtended,
  writeHashes,
  writeHashRequest,
} from '@shoal/wire';
import { type HostileLine, wantAll } from './hostile-line.ts';
import type { HostileScript } from './scripts.ts';

function greet(line: HostileLine, metadataSize: number): void {
  const { ut_metadata, ut_pex } = ourExtensions;
  // Not by the encoder, which would not say such sizes.
  line.extended(0, encodeBencode({ m: { ut_metadata, ut_pex }, metadata_size: metadataSize, reqq: 250 }));
}

function metadataRequests(payload: Uint8Array): number | undefined {
  const found = /5:piecei(\d+)e/.exec(Buffer.from(payload).toString('latin1'));
  return found === null ? undefined : Number(found[1]);
}

/** Says that it has metadata of this size, and answers requests for it. */
function metadataLiar(
  name: string,
  size: (line: HostileLine) => number,
  answer: (line: HostileLine, piece: number) => void,
  rest: Partial<HostileScript> = {},
): HostileScript {
  return {
    name,
    needs: 'magnet',
    ...rest,
    begin: (line) => greet(line, size(line)),
    handlers: (line) => ({
      extended: (id, payload) => {
        const piece = id === ourExtensions.ut_metadata ? metadataRequests(payload) : undefined;
        if (piece !== undefined) answer(line, piece);
      },
    }),
  };
}

function giveMetadata(line: HostileLine, piece: number, totalSize: number): void {
  const bytes = line.bytes(Math.min(16_384, totalSize - piece * 16_384));
  line.extended(ourExtensions.ut_metadata, encodeMetadataMessage({ kind: 'data', piece, totalSize, bytes }));
}

function bogusPeers(line: HostileLine, count: number) {
  return Array.from({ length: count }, () => ({
    endpoint: {
      address: `${line.random.below(256)}.${line.random.below(256)}.${line.random.below(256)}.${line.random.below(256)}`,
      port: 1 + line.random.below(65_535),
    },
    flags: 0x10,
  }));
}

function someRange(line: HostileLine): HashRequest {
  const { files, pieceLength } = line.layout;
  const file = files.find((one) => one.piecesRoot !== undefined);
  return {
    piecesRoot: file?.piecesRoot ?? line.bytes(32),
    baseLayer: line.random.chance(0.5) ? 0 : Math.log2(pieceLength / 16_384),
    index: 0,
    length: 2 << line.random.below(4),
    proofLayers: line.random.below(4),
  };
}

const infoLength = (line: HostileLine) => line.place.sample.torrent.info.length;

export const extensionScripts: readonly HostileScript[] = [
  metadataLiar(
    'gives wrong metadata of the right size',
    infoLength,
    (line, piece) => giveMetadata(line, piece, infoLength(line)),
    {
      ends: ['lied'],
      isBanned: true,
    },
  ),
  metadataLiar(
    'has 48 MB of metadata and gives it slowly',
    () => 48_000_000,
    (line, piece) => line.after(5000, () => giveMetadata(line, piece, 48_000_000)),
  ),
  metadataLiar(
    'has 48 MB of metadata and gives it fast',
    () => 48_000_000,
    (line, piece) => giveMetadata(line, piece, 48_000_000),
  ),
  metadataLiar(
    'has metadata of any size, and never answers',
    (line) => [0, -1, 1, 2 ** 31, 2 ** 52, 49_000_000][line.random.below(6)] ?? 1,
    () => {},
  ),
  metadataLiar(
    'answers for metadata of another size',
    infoLength,
    (line, piece) => giveMetadata(line, piece, 16_384 * 3),
    {
      ends: ['breach'],
      isBanned: true,
    },
  ),
  metadataLiar('rejects all requests for metadata', infoLength, (line, piece) =>
    line.extended(ourExtensions.ut_metadata, encodeMetadataMessage({ kind: 'reject', piece })),
  ),
  {
    name: 'floods with metadata that nobody asked for',
    ends: ['flood', 'breach'],
    isBanned: true,
    begin: (line) => {
      wantAll(line);
      const payload = encodeMetadataMessage({
        kind: 'data',
        piece: 0,
        totalSize: 100,
        bytes: new Uint8Array(100),
      });
      line.flood(10_000, payload.length + 6, (buffer, at) =>
        writeExtended(buffer, at, ourExtensions.ut_metadata, payload),
      );
    },
  },
  {
    name: 'floods with requests for metadata and reads nothing',
    ends: ['flood', 'slow-reader'],
    begin: (line) => {
      wantAll(line);
      greet(line, 0);
      line.stream.pause();
      const payload = encodeMetadataMessage({ kind: 'request', piece: 0 });
      line.flood(40_000, payload.length + 6, (buffer, at) =>
        writeExtended(buffer, at, ourExtensions.ut_metadata, payload),
      );
    },
  },
  {
    name: 'shakes extended hands without an end',
    ends: ['flood'],
    isBanned: true,
    begin: (line) => {
      wantAll(line);
      const payload = encodeExtendedHandshake({ extensions: { ut_pex: 1 }, requestQueue: 1 });
      line.flood(40_000, payload.length + 6, (buffer, at) => writeExtended(buffer, at, 0, payload));
    },
  },
  {
    name: 'sends extended messages that are not bencoded',
    ends: ['breach'],
    isBanned: true,
    begin: (line) => line.extended(0, line.bytes(100).fill(0x69, 0, 1)),
  },
  {
    name: 'nests bencode a thousand deep',
    begin: (line) =>
      line.extended(0, new TextEncoder().encode(`d1:m${'l'.repeat(30_000)}${'e'.repeat(30_000)}e`)),
  },
  {
    name: 'floods with peers that do not exist',
    ends: ['flood'],
    isBanned: true,
    begin: (line) => {
      wantAll(line);
      greet(line, 0);
      const payload = encodePex({ added: bogusPeers(line, 200), dropped: [] });
      line.flood(5_000, payload.length + 6, (buffer, at) =>
        writeExtended(buffer, at, ourExtensions.ut_pex, payload),
      );
    },
  },
  {
    name: 'names peers that do not exist, as often as it may',
    begin: (line) => {
      wantAll(line);
      greet(line, 0);
      line.every(31_000, () =>
        line.extended(ourExtensions.ut_pex, encodePex({ added: bogusPeers(line, 200), dropped: [] })),
      );
      line.extended(ourExtensions.ut_pex, encodePex({ added: bogusPeers(line, 200), dropped: [] }));
    },
  },
  {
    name: 'has and has not',
    ends: ['flood'],
    isBanned: true,
    begin: (line) => {
      wantAll(line);
      line.flood(20_000, 10, (buffer, at, i) => {
        if (i % 2 === 0) return writeExtended(buffer, at, ourExtensions.lt_donthave, encodeDontHave(0));
        buffer.set([0, 0, 0, 5, messageId.have, 0, 0, 0, 0], at);
        return at + 9;
      });
    },
  },
  {
    name: 'floods with hash requests',
    ends: ['flood', 'slow-reader'],
    begin: (line) => {
      wantAll(line);
      const ranges = Array.from({ length: 16 }, () => someRange(line));
      line.flood(40_000, 53, (buffer, at, i) => {
        const range = ranges[i % ranges.length];
        return range === undefined ? at : writeHashRequest(buffer, at, range);
      });
    },
  },
  {
    name: 'sends hashes that nobody asked for',
    ends: ['breach'],
    isBanned: true,
    begin: (line) => {
      wantAll(line);
      line.message(53 + 64, (buffer, at) => writeHashes(buffer, at, someRange(line), line.bytes(64)));
    },
  },
  {
    name: 'answers hash requests with wrong hashes',
    needs: 'v2',
    ends: ['lied'],
    isBanned: true,
    begin: (line) => {
      wantAll(line);
      greet(line, 0);
    },
    handlers: (line) => ({
      hashRequest: (range) => {
        const length = 32 * (range.length + range.proofLayers);
        line.message(53 + length, (buffer, at) => writeHashes(buffer, at, range, line.bytes(length)));
      },
    }),
  },
];
