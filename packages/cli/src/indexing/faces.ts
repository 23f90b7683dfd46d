// How people, their programs and other indexes meet the catalogue of an index: pages, feeds, Torznab, the export; how its
// operator moderates it; and the indexes that it follows.

import { join } from 'node:path';
import { parseIndexUrl } from '@shoal/directory';
import { openIdentity } from '@shoal/identity';
import type { Section } from '@shoal/index';
import type { IndexDatabase } from '@shoal/index/node';
import type { Catalogue, Listing } from '@shoal/index/sections';
import type { SectionParts } from './sections.ts';

export interface FaceParts
  extends Pick<SectionParts, 'world' | 'flags' | 'access' | 'operatorToken' | 'folder' | 'failed'> {
  readonly catalogue: Catalogue;
  readonly listing: Listing;
  readonly database: IndexDatabase;
}

const hourMs = 3_600_000;
const usualExportHours = 24;

export async function openFaces(parts: FaceParts): Promise<Section[]> {
  const { world, flags, catalogue, listing, database, access, operatorToken, folder, failed } = parts;
  const index = await import('@shoal/index/sections');
  const proxies = flags.proxy ?? [];
  // Of a private tracker each has an address of its own.
  const announcePath = access?.users === undefined ? '/announce' : undefined;
  const blocked = await index.openBlocked({
    clock: world.clock,
    catalogue,
    ...(access?.blocked && { hashes: access.blocked }),
    failed,
  });
  const face = new index.Face({
    ...world,
    catalogue,
    torrents: {
      torrentFile: (infoHash) => (blocked.has(infoHash) ? undefined : listing.torrentFile(infoHash)),
      torrentLength: (infoHash) => (blocked.has(infoHash) ? undefined : listing.torrentLength(infoHash)),
    },
    announcePath,
    unlimited: flags.unlimited === true,
    proxies,
  });
  const { identity } = await openIdentity({
    ...world,
    folder: folder.path,
    path: join(folder.path, 'index.key'),
  });
  const exporting = await index.openExport({
    ...world,
    catalogue,
    identity,
    folder: join(folder.path, 'export'),
    everyMs: hourMs * (flags.exportHours ?? usualExportHours),
    operatorToken,
    announcePath,
    proxies,
    failed,
  });
  const followed = (flags.follow ?? []).map((url, i) => {
    const { href } = parseIndexUrl(url);
    return index.follow({
      ...world,
      database,
      catalogue,
      url: href,
      folder: join(folder.path, 'export', `from-${i}`),
      blocks: flags.followBlocks === true,
      failed,
    });
  });
  return [
    index.pagesSection(face),
    index.feedsSection(face),
    index.torznabSection(face),
    index.openApiSection(world.hashing),
    index.moderationSection({ catalogue, blocked, operatorToken }),
    exporting,
    ...followed,
  ];
}
