// The event that says what is shared, and where peers find it.

import { toHex } from '@shoal/base';
import { type InfoHashes, magnetOf, type Torrent } from '@shoal/metainfo';
import type { Output } from '../output.ts';

export function tellSharing(output: Output, torrent: Torrent, file: string, port: number): void {
  const magnet = magnetOf(torrent);
  output.event(
    { event: 'sharing', name: torrent.name, ...hashesOf(torrent.infoHashes), magnet, torrent: file, port },
    `Sharing ${torrent.name} on port ${port}. Its torrent file is ${file}`,
  );
  if (!output.json) output.result({}, magnet);
}

function hashesOf({ v1, v2 }: InfoHashes): { infoHashV1?: string; infoHashV2?: string } {
  return {
    ...(v1 === undefined ? {} : { infoHashV1: toHex(v1) }),
    ...(v2 === undefined ? {} : { infoHashV2: toHex(v2) }),
  };
}
