// An index with a catalogue and all its faces on loopback, filled with publications.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createNodeWorld } from '@shoal/base/node';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { openCatalogue } from '../../src/catalogue/open-catalogue.ts';
import { catalogueSection } from '../../src/catalogue/section.ts';
import { createIndex } from '../../src/create-index.ts';
import { feedsSection } from '../../src/feeds/section.ts';
import { openBlocked } from '../../src/moderation/blocked.ts';
import { moderationSection } from '../../src/moderation/section.ts';
import { openDatabase } from '../../src/node/database.ts';
import { openApiSection } from '../../src/openapi/section.ts';
import { Face, type FaceOptions } from '../../src/pages/face.ts';
import { pagesSection } from '../../src/pages/section.ts';
import { torznabSection } from '../../src/torznab/section.ts';
import { HashList } from '../../src/tracker/hash-list.ts';
import { hashOf } from '../catalogue/publishing.ts';

export interface Served {
  readonly url: string;
  readonly origin: string;
  readonly catalogue: Catalogue;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  text(path: string): Promise<string>;
}

/** A torrent file, of which nothing but its bytes matters here. */
export const torrentBytes = new TextEncoder().encode('d4:infod6:lengthi1e4:name1:xee');

export const operatorToken = 'ab'.repeat(32);

export interface ServeOptions extends Partial<FaceOptions> {
  readonly refusesBlocked?: boolean;
}

export async function serve(
  context: TestContext,
  { refusesBlocked = false, ...options }: ServeOptions = {},
): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-faces-'));
  const world = createNodeWorld({ hashWorkers: 1 });
  const database = await openDatabase(`sqlite:${join(folder, 'index.sqlite')}`, 0);
  const { clock, hashing } = world;
  const catalogue = openCatalogue({ clock, database });
  const failures: unknown[] = [];
  const failed = (error: unknown): void => void failures.push(error);
  const hashes = new HashList();
  const blocked = await openBlocked({ clock, catalogue, hashes, failed });
  const face = new Face({
    clock,
    hashing,
    catalogue,
    unlimited: true,
    announcePath: '/announce',
    // The first torrent is the one whose file is there.
    torrents: {
      torrentFile: (infoHash) =>
        infoHash === hashOf(1) && !blocked.has(infoHash) ? torrentBytes : undefined,
      torrentLength: (infoHash) => (infoHash === hashOf(1) ? torrentBytes.length : undefined),
    },
    ...options,
  });
  const index = await createIndex({
    ...world,
    port: 0,
    addresses: ['127.0.0.1'],
    sections: [
      catalogueSection({ clock, catalogue, unlimited: true }),
      pagesSection(face),
      feedsSection(face),
      torznabSection(face),
      openApiSection(hashing),
      moderationSection({ catalogue, blocked, operatorToken }),
    ],
    operatorToken,
    ...(refusesBlocked && { access: { blocked: hashes } }),
    failed,
  });
  context.after(async () => {
    await index.close();
    await database.close();
    await world.close();
    rmSync(folder, { recursive: true });
    for (const failure of failures) throw failure;
  });
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(new URL(path, index.url), { headers, redirect: 'manual' });
  return {
    url: index.url,
    origin: index.url.slice(0, -1),
    catalogue,
    get,
    text: async (path) => (await get(path)).text(),
  };
}
