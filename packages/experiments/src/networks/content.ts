// One file and its torrent, the same for the same seed.

import type { Hashing } from '@shoal/base';
import { createTorrent, parseTorrent, pieceWork, planTorrent, type Torrent } from '@shoal/metainfo';
import type { SeededRandom } from '@shoal/sim';

export interface Content {
  readonly bytes: Uint8Array;
  readonly torrent: Torrent;
}

/** Few enough that thousands of peers can tell each other of each, many enough to be passed on while others come. */
const pieceLength = 256 * 1024;

export function makeContent(length: number, random: SeededRandom, digest: Hashing['digest']): Content {
  const bytes = new Uint8Array(length);
  random.fill(bytes);
  const plan = planTorrent({ name: 'file', files: { path: ['file'], length }, format: 'v1', pieceLength });
  const v1 = new Uint8Array(plan.layout.pieceCount * 20);
  for (let piece = 0; piece < plan.layout.pieceCount; piece++)
    for (const { offset, length: size } of pieceWork(plan, piece).v1 ?? [])
      v1.set(digest('sha1', bytes.subarray(offset, offset + size)), piece * 20);
  return {
    bytes,
    torrent: parseTorrent(createTorrent(plan, { v1, v2: new Uint8Array(0) }, {}, digest), digest),
  };
}
