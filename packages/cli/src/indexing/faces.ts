// How people and their programs meet the catalogue of an index: pages, feeds, Torznab.

import type { World } from '@shoal/base';
import type { AccessOptions, Section } from '@shoal/index';
import type { Catalogue, Listing } from '@shoal/index/sections';
import type { IndexFlags } from './settings.ts';

export interface FaceParts {
  readonly world: World;
  readonly flags: IndexFlags;
  readonly catalogue: Catalogue;
  readonly listing: Listing;
  readonly access: AccessOptions | undefined;
}

export async function openFaces({ world, flags, catalogue, listing, access }: FaceParts): Promise<Section[]> {
  const { Face, feedsSection, pagesSection, torznabSection } = await import('@shoal/index/sections');
  const face = new Face({
    ...world,
    catalogue,
    torrents: listing,
    // Of a private tracker each has an address of its own.
    announcePath: access?.users === undefined ? '/announce' : undefined,
    unlimited: flags.unlimited === true,
    proxies: flags.proxy ?? [],
  });
  return [pagesSection(face), feedsSection(face), torznabSection(face)];
}
