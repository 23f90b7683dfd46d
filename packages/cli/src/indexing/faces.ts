// How people and their programs meet the catalogue of an index: pages, feeds, Torznab; and how its operator moderates it.

import type { Section } from '@shoal/index';
import type { Catalogue, Listing } from '@shoal/index/sections';
import type { SectionParts } from './sections.ts';

export interface FaceParts
  extends Pick<SectionParts, 'world' | 'flags' | 'access' | 'operatorToken' | 'failed'> {
  readonly catalogue: Catalogue;
  readonly listing: Listing;
}

export async function openFaces(parts: FaceParts): Promise<Section[]> {
  const { world, flags, catalogue, listing, access, operatorToken, failed } = parts;
  const { Face, feedsSection, moderationSection, openBlocked, pagesSection, torznabSection } = await import(
    '@shoal/index/sections'
  );
  const blocked = await openBlocked({
    clock: world.clock,
    catalogue,
    ...(access?.blocked && { hashes: access.blocked }),
    failed,
  });
  const face = new Face({
    ...world,
    catalogue,
    torrents: {
      torrentFile: (infoHash) => (blocked.has(infoHash) ? undefined : listing.torrentFile(infoHash)),
      torrentLength: (infoHash) => (blocked.has(infoHash) ? undefined : listing.torrentLength(infoHash)),
    },
    // Of a private tracker each has an address of its own.
    announcePath: access?.users === undefined ? '/announce' : undefined,
    unlimited: flags.unlimited === true,
    proxies: flags.proxy ?? [],
  });
  const moderation = moderationSection({ catalogue, blocked, operatorToken });
  return [pagesSection(face), feedsSection(face), torznabSection(face), moderation];
}
