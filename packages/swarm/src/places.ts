// Where the content of a transfer is, and how that changes while it runs: moved, renamed, looked for elsewhere, dropped.
// Invariant: pieces that are about to go are announced and uploaded no more; whatever breaks off, each file is whole in
// one place, and the next opening goes on.

import type { Disk, Hashing } from '@shoal/base';
import { safeName, type Torrent } from '@shoal/metainfo';
import { type Content, findsFiles, type Home, StorageError } from '@shoal/storage';
import { SwarmError } from './errors.ts';
import type { Holdings } from './holdings.ts';
import type { Status } from './status.ts';
import type { MoveFacts, MoveTarget } from './types.ts';

export interface PlacesOptions {
  readonly disk: Disk;
  readonly hashing: Hashing;
  readonly holdings: Holdings;
  readonly status: Status;
  /** Nobody can have anything of it for now. */
  partWithAll(reason: string): void;
  /** Resolves when pieces can be had again, or it has failed. */
  untilOpen(): Promise<void>;
  failed(error: unknown): void;
}

export class Places {
  readonly #o: PlacesOptions;
  #moving: MoveFacts | undefined;

  constructor(options: PlacesOptions) {
    this.#o = options;
  }

  get moving(): MoveFacts | undefined {
    return this.#moving;
  }

  move(target: MoveTarget, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#withContent((content) => this.#moveTo(content, homeAt(content.home, target), signal));
  }

  /** What a stop has broken off. Its end is told by `moving` and by the event. */
  goOn(content: Content): void {
    if (content.isScattered && this.#moving?.state !== 'moving')
      void this.#moveTo(content, content.home, undefined).catch(() => {});
  }

  rename(path: string, name: string): Promise<void> {
    return this.#withContent(async (content, torrent) => {
      if (safeName(name) !== name)
        throw new SwarmError(
          'invalid',
          `"${name}" cannot be a name on every system: "${safeName(name)}" could`,
          {
            value: name,
          },
        );
      await this.#moveTo(content, homeRenamed(content.home, torrent, path, name), undefined);
    });
  }

  async #moveTo(content: Content, home: Home, signal: AbortSignal | undefined): Promise<readonly string[]> {
    const { status, holdings } = this.#o;
    const { folder } = home;
    const tell = (facts: MoveFacts | undefined): void => {
      this.#moving = facts;
      holdings.isMoving = facts?.state === 'moving';
      status.emit({ kind: 'moving', move: facts });
    };
    tell({ state: 'moving', folder, bytes: 0, total: 0, error: undefined });
    try {
      const left = await content.move(home, {
        ...(signal === undefined ? {} : { signal }),
        onProgress: (bytes, total) => {
          this.#moving = { state: 'moving', folder, bytes, total, error: undefined };
        },
      });
      tell(undefined);
      return left;
    } catch (error) {
      const facts = { folder, bytes: 0, total: 0, error: error instanceof Error ? error : undefined };
      tell(content.isScattered ? { ...facts, state: 'broken-off' } : undefined);
      // Somebody took a file away: what was announced is not there.
      if (error instanceof StorageError && error.code === 'missing') this.#o.failed(error);
      throw error;
    } finally {
      holdings.whereabouts.home = content.home;
    }
  }

  async relocate(folder: string): Promise<void> {
    const { disk, hashing, holdings, partWithAll, untilOpen, status } = this.#o;
    this.#requireMetadata();
    const { home: before, torrent } = await holdings.whereabouts.where();
    const home = homeAt(before, { folder });
    if (!(await findsFiles({ disk, hashing, layout: torrent.layout }, home)))
      throw new StorageError('missing', `Nothing of this torrent is in ${folder}`, { value: folder });
    const reason = 'its content is looked for elsewhere';
    partWithAll(reason);
    await holdings.shelve(reason);
    holdings.whereabouts.relocateTo(home);
    if (!status.takesPeers && status.state !== 'checking') {
      await holdings.withContent(async () => {});
      return;
    }
    status.become('checking');
    holdings.open();
    await untilOpen();
    if (!holdings.hasAllWanted) holdings.lookForPeers();
  }

  /** Files that are not wanted go from the disk. */
  async discard(files: readonly number[]): Promise<void> {
    await this.#withContent(async (content, torrent) => {
      for (const file of files) {
        this.#o.holdings.forget(file, torrent);
        await content.discard(file);
      }
    });
  }

  /** After it was stopped. */
  destroy(): Promise<readonly string[]> {
    this.#o.holdings.whereabouts.acceptLoss();
    return this.#o.holdings.withContent((content) => content.destroy());
  }

  async #withContent<Value>(action: (content: Content, torrent: Torrent) => Promise<Value>): Promise<Value> {
    this.#requireMetadata();
    return this.#o.holdings.withContent(action);
  }

  #requireMetadata(): void {
    if (this.#o.status.state === 'metadata')
      throw new SwarmError('invalid', 'the files are not known yet: wait for the metadata');
  }
}

/** The same content below other folders. */
function homeAt(home: Home, { folder, unfinished }: MoveTarget): Home {
  const { ownsFolder = false, paths } = home;
  const inside = (top: string) => (ownsFolder ? `${top}/${lastOf(home.folder)}` : top);
  const before =
    unfinished === undefined ? home.unfinished : unfinished === null ? undefined : inside(unfinished);
  return {
    folder: folder === undefined ? home.folder : inside(folder),
    ...(before === undefined ? {} : { unfinished: before }),
    ...(ownsFolder ? { ownsFolder } : {}),
    ...(paths === undefined ? {} : { paths }),
  };
}

/** `path` as the files are called now, of a file or of a folder; empty for the torrent's own folder, or its one file. */
function homeRenamed(home: Home, { layout }: Torrent, path: string, name: string): Home {
  if (path === '' && home.ownsFolder === true) {
    const beside = (folder: string) => `${folder.slice(0, folder.lastIndexOf('/'))}/${name}`;
    const { unfinished } = home;
    return {
      ...home,
      folder: beside(home.folder),
      ...(unfinished === undefined ? {} : { unfinished: beside(unfinished) }),
    };
  }
  const paths = new Map(home.paths);
  const old = path === '' ? undefined : path.split('/');
  let count = 0;
  for (const [index, file] of layout.files.entries()) {
    if (file.isPad) continue;
    const now = home.paths?.get(index) ?? file.path;
    if (old !== undefined && !old.every((part, depth) => now[depth] === part)) continue;
    const depth = (old ?? now).length - 1;
    paths.set(index, [...now.slice(0, depth), name, ...now.slice(depth + 1)]);
    count++;
  }
  if (count === 0)
    throw new SwarmError('invalid', `there is no file or folder ${path} in it`, { value: path });
  return { ...home, paths };
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
