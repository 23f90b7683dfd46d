// The catalogue: what people published, rated and reported, as they signed it, and the search over it. Invariant: what
// `take` resolved to is on the disk; nothing is kept of what it refused; no question costs more than its bounds, however
// much the catalogue holds.

import type { Category, ReportReason, UnverifiedPublication } from '@shoal/directory';

export type Sort = 'relevance' | 'newest' | 'oldest' | 'seeds' | 'size' | 'smallest' | 'rating';

export interface Search {
  /**
   * Words, all of which are in title, tags, description or paths of files; or an info hash. The last part of a word may
   * be left out with "*".
   */
  readonly words?: string | undefined;
  readonly categories?: readonly Category[] | undefined;
  /** All of them. */
  readonly tags?: readonly string[] | undefined;
  /** A public key, 64 hexadecimal digits. */
  readonly publisher?: string | undefined;
  readonly language?: string | undefined;
  /** An extension of a file inside: "mkv". */
  readonly fileType?: string | undefined;
  /** Words in the path of a file inside. */
  readonly fileName?: string | undefined;
  readonly minSize?: number | undefined;
  readonly maxSize?: number | undefined;
  readonly minSeeds?: number | undefined;
  /** Milliseconds since 1970, when this index took it. */
  readonly since?: number | undefined;
  readonly before?: number | undefined;
  /** Default: `relevance` with words, else `newest`. */
  readonly sort?: Sort | undefined;
  /** Default 50, at most 100. */
  readonly limit?: number | undefined;
  /** Default 0, at most 5,000. */
  readonly offset?: number | undefined;
}

/** As far as this index knows, now. */
export interface Health {
  readonly seeds: number;
  readonly leechers: number;
  /** How often somebody became whole. */
  readonly completed: number;
  /** When somebody was last there; 0 for never. */
  readonly seenMs: number;
}

export interface SwarmHealth {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  readonly seeds: number;
  /** All but the seeds. */
  readonly peers: number;
  readonly completed: number;
}

export interface CatalogueEntry {
  /** 40 hexadecimal digits: v1, or the first 40 of v2. Several keys may have published the same. */
  readonly infoHash: string;
  /** Grows with every change of the catalogue. */
  readonly revision: number;
  readonly publication: UnverifiedPublication;
  /** 64 hexadecimal digits. */
  readonly publisher: string;
  /** With the name, and the trackers of the publication. */
  readonly magnet: string;
  /** When it was first published here. */
  readonly addedMs: number;
  readonly health: Health;
  /** The mean of 1 to 5; 0 without any. */
  readonly stars: number;
  readonly ratings: number;
  readonly reports: number;
}

export interface SearchAnswer {
  readonly entries: readonly CatalogueEntry[];
  /** How many there are, or, where `isComplete` is false, at least. */
  readonly total: number;
  /** False: only the newest that have the words were looked at. */
  readonly isComplete: boolean;
  /** Words that nothing has, and what was searched instead. */
  readonly corrected: Readonly<Record<string, string>>;
}

export interface Rating {
  /** 64 hexadecimal digits. */
  readonly key: string;
  readonly stars: number | undefined;
  readonly comment: string | undefined;
  readonly madeAtMs: number;
}

export interface Report {
  readonly infoHash: string;
  readonly key: string;
  readonly reason: ReportReason;
  readonly comment: string | undefined;
  readonly madeAtMs: number;
}

/** All that is known of one torrent. */
export interface TorrentDetails {
  readonly infoHash: string;
  /** By different keys, the first one first. */
  readonly publications: readonly CatalogueEntry[];
  /** Torrents that its publishers say took its place, newest first. */
  readonly supersededBy: readonly string[];
  /** With comments first, newest first, up to 100. */
  readonly ratings: readonly Rating[];
  readonly reports: number;
}

/** What became of a record that was sent. */
export type Taken =
  | { readonly kind: 'taken'; readonly revision: number; readonly infoHash: string }
  /** The same bytes stand already. */
  | { readonly kind: 'known'; readonly revision: number; readonly infoHash: string }
  /** A record of the same key about the same has this sequence. */
  | { readonly kind: 'old'; readonly sequence: number }
  | {
      readonly kind: 'refused';
      readonly code: 'blocked' | 'forbidden' | 'not-found' | 'too-many';
      readonly message: string;
    };

export type BlockKind = 'hash' | 'key' | 'word';

export interface Block {
  readonly kind: BlockKind;
  /** In small letters. */
  readonly value: string;
  readonly reason: string;
  readonly madeMs: number;
  /** Who did it last: a name, or the URL of an index whose blocks are followed. */
  readonly by: string;
}

export interface AuditEntry {
  readonly number: number;
  readonly atMs: number;
  /** Who did it, as the index knows them: "operator". */
  readonly by: string;
  /** "block" or "unblock". */
  readonly action: string;
  readonly kind: BlockKind;
  readonly value: string;
  readonly reason: string;
}

export interface Change {
  readonly revision: number;
  /** The signed record: a publication, withdrawal, rating or report; `take` of another catalogue takes it. */
  readonly record: Uint8Array;
}

export interface Changes {
  readonly changes: readonly Change[];
  /** After what to go on; undefined at the end. What is blocked is passed over. */
  readonly next: number | undefined;
}

export interface CatalogueTotals {
  /** Publications that are found. */
  readonly torrents: number;
  /** Keys that said anything. */
  readonly publishers: number;
  readonly revision: number;
  /** Another number after each change of what is blocked. */
  readonly blocksVersion: number;
}

export interface Catalogue {
  search(search: Search): Promise<SearchAnswer>;
  /** Searches that begin with these words: the last one is completed. Most common first, up to ten. */
  suggest(words: string): Promise<readonly string[]>;
  /** 40 or 64 hexadecimal digits. Undefined for what is not published, or blocked. */
  details(infoHash: string): Promise<TorrentDetails | undefined>;
  /**
   * A signed record of any kind. Resolves when what it says is on the disk. Rejects with IdentityError or DirectoryError
   * for what is no proper record, and IndexError `unavailable` where the database cannot be written.
   */
  take(record: Uint8Array): Promise<Taken>;
  /** Many at once, in order: what cannot be taken is counted and left out. For a catalogue from elsewhere. */
  takeAll(
    records: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<{ readonly taken: number; readonly refused: number }>;
  /**
   * What changed after a revision, in its order: a record that was replaced meanwhile is not among it. Up to `most`.
   * All from 0 on are the catalogue.
   */
  changes(after: number, most: number): Promise<Changes>;
  totals(): Promise<CatalogueTotals>;
  /** What a tracker counts now, for filters and orders; entries themselves show what it counts when they are asked for. */
  learnHealth(swarms: readonly SwarmHealth[]): Promise<void>;
  /** What is there is hidden, what comes is refused. Words are searched as in a search. */
  block(block: Pick<Block, 'kind' | 'value' | 'reason'>, by: string): Promise<void>;
  /** False when it was not blocked. What was hidden by it comes back. */
  unblock(kind: BlockKind, value: string, by: string): Promise<boolean>;
  blocks(): Promise<readonly Block[]>;
  /** Newest first. */
  audit(before: number | undefined, most: number): Promise<readonly AuditEntry[]>;
  /** Newest first; of one torrent, or all. */
  reports(infoHash: string | undefined, most: number): Promise<readonly Report[]>;
}
