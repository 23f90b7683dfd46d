// What a torrent or a link says of itself, as far as a publication has room for it; its publisher adds the words.

import { toUtf8 } from '@shoal/base';
import type { Magnet, Torrent } from '@shoal/metainfo';
import {
  longestFileList,
  longestPath,
  longestTrackerUrl,
  maxFiles,
  maxPublishedTrackers,
} from './catalogue-bounds.ts';
import type { PublicationContent } from './publication.ts';

/** A file's length and the lengths of these, in the record. */
const bytesBesidePath = 6;

export function contentOf(
  source:
    | { readonly kind: 'torrent'; readonly torrent: Torrent }
    | { readonly kind: 'magnet'; readonly magnet: Magnet },
): Omit<PublicationContent, 'title' | 'tags' | 'category'> & { readonly title: string | undefined } {
  const described = source.kind === 'torrent' ? source.torrent : source.magnet;
  const trackers = described.trackers
    .flat()
    .filter((url) => toUtf8(url).length <= longestTrackerUrl)
    .slice(0, maxPublishedTrackers);
  const common = { infoHashes: described.infoHashes, title: described.name, trackers, supersedes: [] };
  if (source.kind === 'magnet') return { ...common, files: [] };
  const { folder, layout } = source.torrent;
  const real = layout.files.filter(({ isPad }) => !isPad);
  const files: { path: string; length: number }[] = [];
  let bytes = 0;
  for (const { path, length } of real) {
    const text = [...(folder === undefined ? [] : [folder]), ...path].join('/');
    const size = toUtf8(text).length;
    bytes += size + bytesBesidePath;
    if (files.length >= maxFiles || bytes > longestFileList) break;
    if (size <= longestPath) files.push({ path: text, length });
  }
  const size = real.reduce((sum, { length }) => sum + length, 0);
  return { ...common, files, fileCount: real.length, size };
}
