// What an index does beside its tracker, as the flags ask for it: the registry of peers, the list of content, the store.

import { resolve } from 'node:path';
import type { World } from '@shoal/base';
import type { AccessOptions, Knowledge, Publishers, Section } from '@shoal/index';
import { type FolderLock, lockFolder } from '@shoal/node/folder';
import { CliError } from '../exit-codes.ts';
import { openAskedHealth } from './asked-health.ts';
import { openFaces } from './faces.ts';
import type { IndexFolder } from './folder.ts';
import type { IndexFlags } from './settings.ts';

export interface SectionParts {
  readonly world: World;
  readonly flags: IndexFlags;
  readonly folder: IndexFolder;
  readonly knowledge: Knowledge;
  readonly version: string;
  readonly operatorToken: string;
  readonly access: AccessOptions | undefined;
  readonly publishers: Publishers;
  readonly failed: (error: unknown) => void;
}

export async function openSections(parts: SectionParts): Promise<readonly Section[]> {
  const { world, flags, folder, knowledge, version, operatorToken, access, failed } = parts;
  const index = await import('@shoal/index/sections');
  const { catalogueSection, openCatalogue, openLeases, createRegistry, Listing, listingRoutes, openStore } =
    index;
  const { openDatabase, startSignatureThreads } = await import('@shoal/index/node');
  const limitBytes = bytesOf(flags.storeLimit);
  const keeps = keepsOf(flags.storeKeeps);
  const unlimited = flags.unlimited === true;
  const lock = await lockStore(world, flags.store);
  const database = await openDatabase(flags.database ?? folder.database, world.clock.wallTimeMs());
  const { listed } = access ?? {};
  try {
    const leases = await openLeases(world, { database, where: flags.leases ?? 'memory', failed });
    const listing = await Listing.open(world, database, {
      onListed: (names) => names.map((name) => listed?.add(name)),
      onUnlisted: (names) => names.map((name) => listed?.remove(name)),
      failed,
    });
    const members =
      access?.users !== undefined && flags.private === true
        ? await index.openUsers({ ...world, database, users: access.users, operatorToken, failed })
        : undefined;
    const registry = createRegistry({
      ...world,
      store: leases.store,
      swarms: knowledge,
      unlimited,
      proxies: flags.proxy ?? [],
      storeOffer: (infoHash) => store?.offerOf(infoHash),
      failed,
    });
    const shared = { listing, registry, swarms: knowledge, unlimited, version, failed };
    const store =
      flags.store === undefined
        ? undefined
        : await openStore({
            ...shared,
            world,
            folder: resolve(flags.store),
            keeps,
            ...(limitBytes !== undefined && { limitBytes }),
          });
    const list: Section = {
      routes: listingRoutes(listing, {
        operatorToken,
        stateOf: (infoHash) =>
          store?.stateOf(infoHash) ?? {
            size: undefined,
            state: 'not-kept',
            words: 'This index has no store.',
          },
      }),
    };
    const catalogue = openCatalogue({
      clock: world.clock,
      database,
      health: knowledge,
      startSignatureThreads,
      publishers: parts.publishers,
    });
    const search = catalogueSection({
      clock: world.clock,
      catalogue,
      unlimited,
      proxies: flags.proxy ?? [],
      tracker: knowledge,
      sharesBlocks: flags.shareBlocks === true,
      failed,
    });
    const faces = await openFaces({ ...parts, catalogue, listing, database });
    const asked = await openAskedHealth({ ...parts, catalogue });
    if (asked !== undefined) faces.push(asked);
    // What is closed last is what the others write to.
    const keeping: Section = {
      routes: [],
      async close() {
        await store?.close?.();
        await registry.close?.();
        for (const face of faces) await face.close?.();
        await search.close?.();
        await members?.close?.();
        await leases.close();
        await database.close();
        lock?.release();
      },
    };
    const others = [members, store].filter((section) => section !== undefined);
    const running: Section[] = [list, search, ...faces, registry, ...others];
    return [...running.map(({ close: _, ...section }) => section), keeping];
  } catch (error) {
    await database.close();
    lock?.release();
    throw error;
  }
}

/** What is wrong with what the sections keep, as sentences; and what they keep. */
export async function checkSections({
  world,
  flags,
  folder,
}: Pick<SectionParts, 'world' | 'flags' | 'folder'>): Promise<{
  readonly faults: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
}> {
  const faults: string[] = [];
  const attempt = async (what: () => unknown): Promise<void> => {
    try {
      await what();
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
    }
  };
  await attempt(() => bytesOf(flags.storeLimit));
  await attempt(() => keepsOf(flags.storeKeeps));
  const facts: Record<string, unknown> = {};
  const address = flags.database ?? folder.database;
  // A database that is not there yet is made by the first start, and not by a look.
  const isThere = !address.startsWith('sqlite:') || (await isFile(world, address.slice('sqlite:'.length)));
  if (isThere)
    await attempt(async () => {
      const { openDatabase } = await import('@shoal/index/node');
      const database = await openDatabase(address, world.clock.wallTimeMs());
      facts.listed = (await database.content()).length;
      await database.close();
    });
  return { faults, facts };
}

async function isFile({ disk }: World, path: string): Promise<boolean> {
  return disk.stat(resolve(path)).then(
    ({ kind }) => kind === 'file',
    () => false,
  );
}

async function lockStore({ disk }: World, store: string | undefined): Promise<FolderLock | undefined> {
  if (store === undefined) return undefined;
  const folder = resolve(store);
  await disk.makeFolder(folder, { mode: 0o700 });
  const lock = await lockFolder(disk, folder);
  if (lock === undefined) throw new CliError('failed', `Another index keeps its store in ${folder}.`);
  return lock;
}

const units = ['', 'k', 'M', 'G', 'T', 'P'];

/** "500GB", "1.5TiB", "800" (bytes). Throws a CliError `usage`. */
function bytesOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, number = '', unit = '', binary = ''] =
    /^(\d{1,12}(?:\.\d{1,3})?) ?([kKMGTP]?)(i?)B?$/.exec(text) ?? [];
  if (number === '') throw new CliError('usage', `--store-limit is a size such as 500GB, not ${text}.`);
  const power = units.indexOf(unit === 'K' ? 'k' : unit);
  return Math.floor(Number(number) * (binary === 'i' ? 1024 : 1000) ** power);
}

function keepsOf(text = 'listed'): 'listed' | 'offered' {
  if (text === 'listed' || text === 'offered') return text;
  throw new CliError('usage', `--store-keeps is listed or offered, not ${text}.`);
}
