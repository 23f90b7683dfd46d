// What is known of the torrent of a transfer: by a link its info hash alone, then the metadata that a peer gave; of a stored
// one a little, and the rest while it is read. Invariants: the metadata is taken once; what is read or comes from a peer
// is the torrent that was asked for.

import { equalBytes, type Hashing } from '@shoal/base';
import { type InfoHashes, MetainfoError, parseInfo, type Torrent } from '@shoal/metainfo';
import type { Content } from '@shoal/storage';
import { SwarmError } from './errors.ts';
import { HashExchange } from './hash-exchange.ts';
import type { Peer } from './peer.ts';
import type { TransferSource } from './types.ts';
import type { Known } from './whereabouts.ts';

export interface KnowledgeOptions {
  readonly hashing: Hashing;
  readonly nowMs: () => number;
  readonly peers: ReadonlySet<Peer>;
  readonly content: () => Content | undefined;
  /** Told each time that it is read. */
  learned(known: Known, isNews: boolean): void;
  /** It came from a peer. */
  came(torrent: Torrent): void;
  /** It is what the link names, and nonsense. */
  failed(error: unknown): void;
}

export class Knowledge {
  readonly #o: KnowledgeOptions;
  readonly infoHashes: InfoHashes;
  /** Web servers that are named with it. */
  readonly webSeeds: readonly string[];
  readonly #name: string;
  readonly #load: (() => Promise<Torrent>) | undefined;
  #isPrivate: boolean;
  #allHashes: InfoHashes | undefined;
  #torrent: Torrent | undefined;
  #hashes: HashExchange | undefined;

  constructor(source: TransferSource, options: KnowledgeOptions) {
    this.#o = options;
    const given = givenBy(source);
    this.infoHashes = given.infoHashes;
    this.webSeeds = given.webSeeds;
    this.#name = given.name ?? '';
    this.#isPrivate = given.isPrivate;
    this.#load = source.kind === 'stored' ? () => source.load() : undefined;
  }

  get name(): string {
    return this.#torrent?.name ?? this.#name;
  }

  get torrent(): Torrent | undefined {
    return this.#torrent;
  }

  /** Of v2 pieces; while the torrent is known. */
  get hashes(): HashExchange | undefined {
    return this.#hashes;
  }

  get isPrivate(): boolean {
    return this.#isPrivate;
  }

  /** It can be read whenever it is needed. */
  get isStored(): boolean {
    return this.#load !== undefined;
  }

  /** All that are known by now: a link may have named one half of a hybrid. */
  get allHashes(): InfoHashes {
    return this.#allHashes ?? this.infoHashes;
  }

  /** Whether all hashes of v2 pieces are there; asks peers for those that are not. */
  fetchLayers(): boolean {
    return this.#hashes?.fetchLayers() === true;
  }

  /** What it says is known from now on. */
  learn(torrent: Torrent): Known {
    const { peers, content, nowMs } = this.#o;
    const isNews = this.#allHashes === undefined;
    this.#torrent = torrent;
    this.#allHashes = torrent.infoHashes;
    this.#isPrivate = torrent.isPrivate;
    const { pieceCount } = torrent.layout;
    this.#hashes = new HashExchange({ peers, hashes: torrent.hashes, pieceCount, content, nowMs });
    const known = { torrent, hashes: this.#hashes };
    this.#o.learned(known, isNews);
    return known;
  }

  /** Of what is stored. */
  async read(): Promise<Known> {
    const torrent = await this.#load?.();
    if (torrent === undefined || !isTorrentOf(torrent, this.infoHashes))
      throw new SwarmError('invalid', 'what was stored is another torrent');
    return this.learn(torrent);
  }

  /** An info dictionary that a peer gave; false when it is not what the link names. */
  take(info: Uint8Array): boolean {
    if (this.#torrent !== undefined) return true;
    const { hashing } = this.#o;
    try {
      this.#o.came(parseInfo(info, (name, bytes) => hashing.digest(name, bytes), this.infoHashes));
      return true;
    } catch (error) {
      if (!(error instanceof MetainfoError)) throw error;
      // Peers that gave what the link names are not to blame for what it says.
      if (error.code === 'info-hash-mismatch') return false;
      this.#o.failed(error);
      return true;
    }
  }

  /** It is read again when it is needed. */
  forget(): void {
    this.close();
    this.#hashes = undefined;
    this.#torrent = undefined;
  }

  close(): void {
    this.#hashes?.close();
  }
}

function givenBy(source: TransferSource): {
  readonly infoHashes: InfoHashes;
  readonly name: string | undefined;
  readonly isPrivate: boolean;
  readonly webSeeds: readonly string[];
} {
  switch (source.kind) {
    case 'torrent':
      return source.torrent;
    case 'magnet':
      return { ...source.magnet, name: source.magnet.name, isPrivate: false };
    case 'stored':
      return { ...source, webSeeds: [] };
  }
}

function isTorrentOf({ infoHashes }: Torrent, { v1, v2 }: InfoHashes): boolean {
  return isSame(infoHashes.v1, v1) && isSame(infoHashes.v2, v2);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && equalBytes(a, b));
}
