// The public face of the room: content (all files of one torrent) on one disk, addressed by piece.
// A piece is in exactly one state: good (verified and written), unchecked (may be on disk, to be hashed before
// it counts), or missing. Only missing pieces are written, only good ones are read for others.

import type { Bitfield, Clock, Disk, Hashing, HashSource } from '@shoal/base';
import type { Layout, PieceHashes } from '@shoal/metainfo';
import type { OpenFiles } from './open-files.ts';

/** What pieces have to hash to, as far as it is known. */
export type KnownHashes = Pick<PieceHashes, 'v1' | 'v2'>;

export type Verdict =
  | 'good'
  | 'bad'
  /** Its bytes, or some of them, are not on the disk. */
  | 'missing'
  /** No hash is known to compare with. */
  | 'unknown';

export interface Judgement {
  readonly verdict: Verdict;
  /** SHA-256 of each 16 KiB, where v2 was asked. */
  readonly leaves?: Uint8Array;
}

/** A file as it was when all that is recorded of it was true. */
export interface FileStamp {
  readonly file: number;
  readonly id: string;
  readonly length: number;
  readonly modifiedMs: number;
}

/** Where the files of a content have their places. */
export interface Home {
  /** Absolute; the layout's paths begin below it. It is made when the first file is. */
  readonly folder: string;
  /** Absolute: files that are not released are kept below it, on whatever disk. Default: where they will be. */
  readonly unfinished?: string;
  /** These folders are the content's own: they go when they are empty. */
  readonly ownsFolder?: boolean;
  /** Files with another path than the layout says, below the folder. */
  readonly paths?: ReadonlyMap<number, readonly string[]>;
}

/** `folder` is where the files are when the journal knows of no move from there; `home` of the content says it. */
export interface ContentOptions extends Home {
  readonly disk: Disk;
  readonly hashing: Hashing;
  readonly clock: Clock;
  /** Shared by all contents of a session: it bounds the open files, and tells two transfers of one path apart. */
  readonly openFiles: OpenFiles;
  readonly layout: Layout;
  readonly hashes: KnownHashes;
  /** The files are in `folder`, whatever the journal says: somebody else put them there. */
  readonly isRelocated?: boolean;
  /** Tells this content from every other one (an info hash); 1 to 64 bytes. */
  readonly identity: Uint8Array;
  /** Absolute path of the journal; `.parts` and `.new` beside it belong to it too. */
  readonly journal: string;
  /** Takes a lock between processes for as long as the journal is open; undefined when another process has it. */
  readonly lock?: (path: string) => Promise<JournalLock | undefined>;
  /**
   * A text that differs after each start of the machine. With it, what was written is believed after a kill or a stop
   * without having been synced; without it, `close` syncs.
   */
  readonly bootId?: string;
  /** Files that are wanted; all by default. */
  readonly isWanted?: (file: number) => boolean;
  /** `full` writes zeros over a file's whole length before its first byte. Default `sparse`. */
  readonly allocation?: 'sparse' | 'full';
  /** From here on `isFull` is true. */
  readonly queueBytes?: number;
  /** Replace files of others that are in the way. */
  readonly overwrite?: boolean;
  /** Rejects with `missing` where pieces are recorded and not one file is there: their disk may be away. Nothing is forgotten then. */
  readonly expectsFiles?: boolean;
  /** Files that were hashed just now to make this torrent: as long as they are unchanged, their pieces are good. */
  readonly hashed?: readonly FileStamp[];
}

export interface JournalLock {
  release(): void;
}

export interface CheckOptions {
  readonly signal?: AbortSignal;
  /** After each piece that was looked at. */
  readonly onPiece?: (piece: number, verdict: Verdict) => void;
}

export interface FileState {
  readonly index: number;
  readonly isWanted: boolean;
  /** All its pieces are good. */
  readonly isComplete: boolean;
  /** It stands under its own name. */
  readonly isReleased: boolean;
  /** Where its bytes are now, or would go. */
  readonly path: string;
}

export interface MoveOptions {
  readonly signal?: AbortSignal;
  /** What of the bytes that have to be copied is there; none have to be on one disk. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface Content {
  readonly layout: Layout;
  /** Where the files belong. */
  readonly home: Home;
  /** A move was interrupted: some files are not at home yet. All is well but for that; `move` goes on with it. */
  readonly isScattered: boolean;
  /** Verified and on the disk (in the system's cache at least). Not to be changed by others. */
  readonly good: Bitfield;
  /** Pieces that may be on the disk, but have not been hashed: what `check` will look at. */
  readonly uncheckedCount: number;
  /**
   * Hashes all unchecked pieces; afterwards each piece is good or missing, but for those whose hash is not known yet.
   * To be called after opening, before anything is written. Rejects with `in-the-way` when a wanted file's place is taken by somebody else's.
   */
  check(options?: CheckOptions): Promise<void>;
  /** Hashes every piece again, whatever was known. */
  recheck(options?: CheckOptions): Promise<void>;

  /**
   * Judges a piece that is in memory, and writes it if it is good; resolves when it is written, and the piece is good
   * from then on. `blocks` (together at least as long as the piece) must not change until then. Rejects with
   * `no-space`, `io`…: the piece is missing still.
   */
  storePiece(piece: number, blocks: readonly Uint8Array[]): Promise<Judgement>;
  /** Unverified bytes of a missing piece, kept where they belong until `judge` has read them back. */
  writeBlocks(piece: number, begin: number, blocks: readonly Uint8Array[]): Promise<void>;
  /** The piece that was spilled with `writeBlocks` was judged good. */
  acceptPiece(piece: number): void;
  /** A good piece turned out to be bad. */
  losePiece(piece: number): void;
  /** A good piece could not be read. It is hashed after the next opening: perhaps it is there then. */
  doubtPiece(piece: number): void;
  readonly queuedBytes: number;
  readonly isFull: boolean;
  /** Called each time the queue falls below half of its bound after it was full. */
  onDrain: (() => void) | undefined;

  /**
   * Fills the buffers in order from `begin` of the piece, with one vectored read for each file. Does not ask whether the piece
   * is good. False when bytes are missing on the disk. Spans of pieces are allowed: it reads on into the next one.
   */
  read(piece: number, begin: number, buffers: readonly Uint8Array[]): Promise<boolean>;
  /** Where the hasher reads a piece itself; undefined when a file of it is missing or too short. */
  hashSource(piece: number): HashSource | undefined;
  /** Compares with the hash that is known, v2 before v1; `source` is the piece in memory or, by default, on the disk. */
  judge(piece: number, source?: readonly Uint8Array[], signal?: AbortSignal): Promise<Judgement>;

  fileState(file: number): FileState;
  /** Files whose pieces all are good, wanted, and not released: what the release gate is asked about. */
  completeFiles(): number[];
  /** Gives a complete file its own name, never over somebody else's (`in-the-way`). Idempotent. */
  release(file: number): Promise<void>;
  /** May be called at any time; bytes that were kept in the parts file move into the file. */
  setWanted(file: number, isWanted: boolean): Promise<void>;
  /**
   * Takes all files to another home: other folders, other names. On one disk they get other names, to another one
   * they are copied, verified, synced and then removed. Reading goes on meanwhile, and so does writing but for the
   * file that is being copied. Answers the files that were copied and could not be removed. Whatever happens, each file
   * is whole in its old or its new place. Rejects before anything was moved with `in-the-way`, `no-space`, `locked`,
   * `invalid`; when it rejects later (`no-space`, `io`, `aborted`…) `isScattered` is true, and `move` goes on or back.
   */
  move(home: Home, options?: MoveOptions): Promise<readonly string[]>;
  /** Removes a file that is not wanted; bytes that other files need for their pieces are kept beside the journal. */
  discard(file: number): Promise<void>;
  /** Removes all files, the folders that are empty then, and the journal, and closes. Answers what was somebody's by now. */
  destroy(): Promise<readonly string[]>;
  /** Room on the disk that holds the content. */
  freeBytes(): Promise<number>;

  /** Resolves when all that is queued was written. */
  flush(): Promise<void>;
  /** Finishes what is queued, records a clean stop, and lets go of files, names and the journal. */
  close(): Promise<void>;
}
