// The folders of the store, one for each content, named by its info hash. Invariant: what does not bear the mark is
// somebody else's, and is neither read nor removed.

import { join } from 'node:path';
import { toHex, type World, WorldError } from '@shoal/base';
import type { Torrent } from '@shoal/metainfo';
import { removeTree } from './remove-tree.ts';
import { readTorrent, writeTorrent } from './torrent-file.ts';

const markName = 'shoal-store';
const torrentName = 'torrent';

export class StoreFolders {
  readonly #world: World;
  readonly #root: string;

  constructor(world: World, root: string) {
    this.#world = world;
    this.#root = root;
  }

  contentOf(infoHash: string): string {
    return join(this.#root, infoHash, 'content');
  }

  journalOf(infoHash: string): string {
    return join(this.#root, infoHash, 'journal');
  }

  /** While only its metadata is asked for. */
  askingJournalOf(infoHash: string): string {
    return join(this.#root, `${infoHash}.asking`);
  }

  /** What is ours, with its torrent where all of it was here once. */
  async find(): Promise<Map<string, Torrent | undefined>> {
    const { disk } = this.#world;
    const found = new Map<string, Torrent | undefined>();
    for (const name of (await disk.list(this.#root)).filter((one) => /^[0-9a-f]{40}$/.test(one))) {
      const isMarked = await disk.stat(join(this.#root, name, markName)).then(
        () => true,
        () => false,
      );
      if (!isMarked) continue;
      const torrent = await readTorrent(this.#world, join(this.#root, name, torrentName));
      const isIts = torrent !== undefined && namesOf(torrent).some((hash) => toHex(hash) === name);
      found.set(name, isIts ? torrent : undefined);
    }
    return found;
  }

  async make(infoHash: string): Promise<void> {
    const { disk } = this.#world;
    await disk.makeFolder(this.contentOf(infoHash), { mode: 0o700 });
    const path = join(this.#root, infoHash, markName);
    const mark = await disk.open(path, { write: true, create: true });
    await mark.close();
  }

  /** All that is needed to go on by itself stands beside the content: nobody else may have it any more. */
  keepTorrent(infoHash: string, torrent: Torrent): Promise<void> {
    return writeTorrent(this.#world.disk, join(this.#root, infoHash, torrentName), torrent);
  }

  async stopAsking(infoHash: string): Promise<void> {
    await this.#world.disk.removeFile(this.askingJournalOf(infoHash)).catch(() => {});
  }

  /** The mark goes last: what a kill left half removed is still known as ours. */
  async remove(infoHash: string): Promise<void> {
    const place = join(this.#root, infoHash);
    for (const part of ['content', 'journal', torrentName]) await this.#removePart(join(place, part));
    await removeTree(this.#world.disk, place);
  }

  async #removePart(path: string): Promise<void> {
    const { disk } = this.#world;
    try {
      if ((await disk.stat(path)).kind === 'folder') await removeTree(disk, path);
      else await disk.removeFile(path);
    } catch (error) {
      if (!(error instanceof WorldError && error.code === 'not-found')) throw error;
    }
  }
}

/** As indexes know it: 20 bytes each. */
export function namesOf({ infoHashes: { v1, v2 } }: Torrent): Uint8Array[] {
  return [v1, v2?.subarray(0, 20)].filter((hash) => hash !== undefined);
}
