// What the index lists: put on the list by its operator, written down before it is acknowledged. The place that the
// catalogue will fill.

import { type Hashing, toHex } from '@shoal/base';
import {
  encodeTorrent,
  MetainfoError,
  magnetOf,
  parseMagnet,
  parseTorrent,
  type Torrent,
} from '@shoal/metainfo';
import type { NamedSource } from '@shoal/swarm';
import type { IndexDatabase, ListedContent } from '../database/database.ts';
import { IndexError } from '../errors.ts';
import { maxListed } from './bounds.ts';

export interface ListingParts {
  readonly hashing: Pick<Hashing, 'digest'>;
  readonly clock: { wallTimeMs(): number };
}

export interface ListingOptions {
  /** A tracker that serves what is listed is told. */
  readonly onListed?: (names: readonly Uint8Array[]) => void;
  readonly onUnlisted?: (names: readonly Uint8Array[]) => void;
}

export interface Listed {
  readonly infoHash: string;
  /** All its names, 20 bytes each. */
  readonly names: readonly Uint8Array[];
  readonly name: string;
  readonly magnet: string;
  readonly source: NamedSource;
}

export class Listing {
  readonly #parts: ListingParts;
  readonly #database: IndexDatabase;
  readonly #options: ListingOptions;
  readonly #listed = new Map<string, Listed>();
  readonly #lengths = new WeakMap<Torrent, number>();
  readonly #listeners = new Set<() => void>();

  private constructor(parts: ListingParts, database: IndexDatabase, options: ListingOptions) {
    this.#parts = parts;
    this.#database = database;
    this.#options = options;
  }

  /** A row that cannot be read is told to `failed`, and left. */
  static async open(
    parts: ListingParts,
    database: IndexDatabase,
    options: ListingOptions & { readonly failed: (error: unknown) => void },
  ): Promise<Listing> {
    const listing = new Listing(parts, database, options);
    for (const row of await database.content()) {
      try {
        listing.#enter(listing.#read(row));
      } catch (error) {
        options.failed(error);
      }
    }
    return listing;
  }

  all(): Iterable<Listed> {
    return this.#listed.values();
  }

  get size(): number {
    return this.#listed.size;
  }

  /** The torrent file, where it is known whole. */
  torrentFile(infoHash: string): Uint8Array | undefined {
    const source = this.#listed.get(infoHash)?.source;
    return source?.kind === 'torrent' ? this.#wholeBytes(source.torrent) : undefined;
  }

  /** How long that file is: looked up for each row of a page. */
  torrentLength(infoHash: string): number | undefined {
    const source = this.#listed.get(infoHash)?.source;
    if (source?.kind !== 'torrent') return undefined;
    const known = this.#lengths.get(source.torrent) ?? this.#wholeBytes(source.torrent)?.length ?? 0;
    this.#lengths.set(source.torrent, known);
    return known === 0 ? undefined : known;
  }

  /** A torrent file's bytes, or a magnet link in UTF-8. Throws MetainfoError for what is neither. */
  async add(bytes: Uint8Array): Promise<Listed> {
    const source = this.#sourceOf(bytes);
    return this.#write(source);
  }

  /** The metadata came. */
  async learn(torrent: Torrent): Promise<void> {
    const names = namesOf(torrent.infoHashes);
    // A link that had one name of a hybrid torrent is replaced by the torrent that has both.
    const known = names.map(toHex).find((name) => this.#listed.has(name));
    if (known !== undefined) await this.#write({ kind: 'torrent', torrent }, known);
  }

  async remove(infoHash: string): Promise<boolean> {
    const entry = [...this.#listed.values()].find(({ names }) =>
      names.some((name) => toHex(name) === infoHash),
    );
    if (entry === undefined) return false;
    await this.#database.unlist(entry.infoHash);
    this.#listed.delete(entry.infoHash);
    this.#options.onUnlisted?.(entry.names);
    this.#tell();
    return true;
  }

  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }

  async #write(source: NamedSource, infoHash?: string): Promise<Listed> {
    const described = source.kind === 'torrent' ? source.torrent : source.magnet;
    const names = namesOf(described.infoHashes);
    const known = infoHash ?? names.map(toHex).find((name) => this.#listed.has(name));
    if (known === undefined && this.#listed.size >= maxListed)
      throw new IndexError('too-many', `An index lists up to ${maxListed} contents.`);
    const row: ListedContent = {
      infoHash: known ?? toHex(names[0] ?? new Uint8Array(20)),
      magnet: magnetOf(described),
      torrent: source.kind === 'torrent' ? this.#wholeBytes(source.torrent) : undefined,
      name: described.name ?? '',
      addedMs: Math.floor(this.#parts.clock.wallTimeMs()),
    };
    const before = this.#listed.get(row.infoHash);
    await this.#database.list(row);
    // A link says less than a torrent that is known already.
    if (before?.source.kind === 'torrent' && source.kind === 'magnet') return before;
    const entry = { infoHash: row.infoHash, names, name: row.name, magnet: row.magnet, source };
    this.#enter(entry);
    this.#tell();
    return entry;
  }

  #enter(entry: Listed): void {
    this.#listed.set(entry.infoHash, entry);
    this.#options.onListed?.(entry.names);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #read({ infoHash, magnet, torrent, name }: ListedContent): Listed {
    const source: NamedSource =
      torrent === undefined ? { kind: 'magnet', magnet: parseMagnet(magnet) } : this.#sourceOf(torrent);
    const { infoHashes } = source.kind === 'torrent' ? source.torrent : source.magnet;
    return { infoHash, magnet, name, names: namesOf(infoHashes), source };
  }

  /** Undefined while piece layers (BEP 52) are missing, which peers give after the metadata. */
  #wholeBytes(torrent: Torrent): Uint8Array | undefined {
    const bytes = encodeTorrent(torrent);
    try {
      this.#sourceOf(bytes);
      return bytes;
    } catch {
      return undefined;
    }
  }

  #sourceOf(bytes: Uint8Array): NamedSource {
    const begin = new TextDecoder().decode(bytes.subarray(0, 16)).trimStart();
    if (/^magnet:/i.test(begin)) {
      const magnet = parseMagnet(new TextDecoder().decode(bytes));
      return { kind: 'magnet', magnet };
    }
    if (bytes.length === 0)
      throw new MetainfoError('not-a-link', 'A torrent file or a magnet link is listed.');
    const { digest } = this.#parts.hashing;
    return { kind: 'torrent', torrent: parseTorrent(bytes, (hash, input) => digest(hash, input)) };
  }
}

/** As they stand in handshakes and at trackers. */
function namesOf({ v1, v2 }: Torrent['infoHashes']): Uint8Array[] {
  return [v1, v2?.subarray(0, 20)].filter((hash) => hash !== undefined);
}
