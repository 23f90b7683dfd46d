// The public face of the engine: sessions, transfers, and what they say of themselves.

import type { Clock, Disk, Hashing, Http, PeerAddress, Random } from '@shoal/base';
import type { InfoHashes, Magnet, Torrent } from '@shoal/metainfo';
import type { ContentOptions, FileStamp, Home, OpenFiles } from '@shoal/storage';
import type { Transport } from '@shoal/transport';
import type { Leave } from './errors.ts';
import type { LimitSettings, SpeedLimits } from './limits/settings.ts';
import type { PeerSource } from './roster.ts';
import type { WebFailureCode } from './web-seeds/answers.ts';

export interface SessionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly hashing: Hashing;
  readonly disk: Disk;
  readonly transport: Transport;
  /** For web seeds. */
  readonly http: Http;
  readonly openFiles: OpenFiles;
  /** Name and version, told to peers. */
  readonly client: string;
  /** The first eight bytes of the peer id, like `-SL0100-`. */
  readonly peerIdPrefix: string;
  /** Tells peers of each other (BEP 11). Default true. */
  readonly exchangesPeers?: boolean;
  /** Whom nobody is to talk to; asked of every address that is told of. Default: nobody is blocked. */
  readonly isBlocked?: (address: string) => boolean;
  /** Takes a lock between processes on a transfer's journal. */
  readonly lock?: ContentOptions['lock'];
  /** Differs after each start of the machine. */
  readonly bootId?: string;
  /** Everybody runs by default. */
  readonly queue?: QueueSettings;
  /** None by default, but for the number of connections. */
  readonly limits?: LimitSettings;
  /** One set for many sessions in one process, which is less than one for each. Default: its own. */
  readonly buffers?: SessionBuffers;
}

/** Memory that is used again and again; made by `createSessionBuffers`. */
export interface SessionBuffers {
  /** Lets go of what was not needed for a while. */
  trim(nowMs: number): void;
}

export interface Session {
  readonly transfers: ReadonlySet<Transfer>;
  /** Where it accepts peers, once it listens. */
  readonly port: number | undefined;
  readonly peerId: Uint8Array;
  /** Where our DHT node listens, told to peers that have one (BEP 5); undefined while there is none. */
  dhtPort: number | undefined;
  /** Whether peers are told of each other from now on; who is connected already hears no more of it than was agreed. */
  exchangesPeers: boolean;
  /** 0 picks a port; the same one for all addresses. Resolves to it. */
  listen(options: { readonly port: number; readonly addresses?: readonly string[] }): Promise<number>;
  /** Throws a SwarmError `duplicate` when one of its info hashes is here already. */
  add(source: TransferSource, options: TransferOptions): Transfer;
  readonly limits: LimitSettings;
  /** All of them anew, at any time: what is not named is not limited. Throws a SwarmError `invalid`, and changes nothing then. */
  setLimits(limits: LimitSettings): void;
  /** A few sums over the transfers. */
  readonly statistics: SessionStatistics;
  readonly queue: QueueSettings;
  setQueue(settings: QueueSettings): void;
  /** Whom `isBlocked` names by now is let go. */
  dropBlocked(): void;
  /** Stops all transfers and closes all connections. */
  close(): Promise<void>;
  /** What is wrong inside; empty when all is well. Slow: for tests and simulated runs. */
  checkInvariants(): string[];
}

/** Something that a user has: a torrent file, or a link. */
export type NamedSource =
  | { readonly kind: 'torrent'; readonly torrent: Torrent }
  | { readonly kind: 'magnet'; readonly magnet: Magnet };

export type TransferSource =
  | NamedSource
  /**
   * One of many: its torrent is read when it is needed, and not kept while nobody asks for it. `infoHashes` are all that it
   * has, `isPrivate` and `name` as it says.
   */
  | {
      readonly kind: 'stored';
      readonly infoHashes: InfoHashes;
      readonly name: string;
      readonly isPrivate: boolean;
      readonly load: () => Promise<Torrent>;
    };

export interface Goals {
  /** Bytes sent for each that was fetched (or, where none was, that there are). */
  readonly ratio?: number;
  /** Shared while complete. */
  readonly sharedMs?: number;
}

/** What the session that a transfer was in before said of it at last. */
export interface History {
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly sharedMs: number;
}

export interface QueueSettings {
  /** How many may fetch, share, and do either at once; all by default. */
  readonly fetching?: number;
  readonly sharing?: number;
  readonly active?: number;
  /** For transfers without goals of their own. */
  readonly goals?: Goals;
}

/** Why a transfer stands still although nothing failed. */
export interface Waiting {
  readonly code: 'asked' | 'ratio' | 'time' | 'queue' | 'limit-down' | 'limit-up';
  readonly message: string;
}

/** Whether a file is wanted, and if so how soon: true is as usual. */
export type Wish = boolean | 'low' | 'high';

export interface TransferOptions {
  /** Absolute; the torrent's own folder or file goes below it. */
  readonly folder: string;
  /** Absolute path of the journal. */
  readonly journal: string;
  /** Which files are wanted; all by default. The path has `/` between its names. */
  readonly isWanted?: (path: string, file: number) => Wish;
  readonly overwrite?: boolean;
  readonly mode?: TransferMode;
  /** It begins when it is resumed. */
  readonly isPaused?: boolean;
  /** It runs whatever the queue says, takes nobody's place there, and has no goals. */
  readonly isForced?: boolean;
  /** Where all files of what was verified before are gone, it fails until they are back: their disk may be away. */
  readonly expectsFiles?: boolean;
  readonly goals?: Goals;
  readonly history?: History;
  /** Of this torrent alone, beside those of the session. */
  readonly limits?: SpeedLimits;
  /** Files that were hashed just now to make this torrent. */
  readonly hashed?: readonly FileStamp[];
  readonly peers?: readonly PeerAddress[];
  /** Web servers that have the content (BEP 19), beside those that the torrent or link names. */
  readonly webSeeds?: readonly string[];
  /** Absolute: files that are not released are kept below it, on whatever disk, and moved to `folder` then. */
  readonly unfinished?: string;
  /** Where its files are, one by one, instead of below `folder`. */
  readonly home?: Home;
  /** A complete file keeps its incomplete name until this resolves to true; false leaves it so. Default: at once. */
  readonly gate?: (file: ReleasableFile) => Promise<boolean>;
}

export type TransferMode =
  | { readonly kind: 'usual' }
  /** BEP 16, for the first and only seed: each peer is shown a piece at a time, until it has passed it on. Once all is here. */
  | { readonly kind: 'super-seed' }
  /**
   * For volunteers who want nothing for themselves: pieces that several peers lack are fetched to be passed on, up to so
   * many bytes. No files are made, nothing is selected, and it is never complete.
   */
  | { readonly kind: 'share'; readonly mostBytes: number };

export interface ReleasableFile {
  readonly transfer: Transfer;
  /** Where its bytes are, whenever it is read. */
  readonly path: string;
  readonly index: number;
}

export type TransferState =
  /** Waiting for metadata, or for piece hashes, from peers. */
  | 'metadata'
  /** What is on the disk is being looked at. */
  | 'checking'
  | 'fetching'
  /** All that is wanted is here; it is shared with others. */
  | 'sharing'
  /** The disk is full. It goes on by itself when there is room. */
  | 'disk-full'
  /** Its turn has not come: as many as may be are fetching or sharing. */
  | 'queued'
  /** It was asked to, or it has been shared as much as was asked. `resume` lets it go on. */
  | 'paused'
  | 'failed'
  | 'stopped';

export interface TransferProgress {
  /** Verified, wanted, and on the disk; padding not counted. */
  readonly bytes: number;
  readonly total: number;
  readonly downloadBytesPerSecond: number;
  readonly uploadBytesPerSecond: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  /** Came, and was of no use: twice, late, or bad. */
  readonly wastedBytes: number;
  readonly peers: number;
  readonly seeds: number;
}

export type TransferEvent =
  | { readonly kind: 'state'; readonly state: TransferState }
  | { readonly kind: 'metadata'; readonly torrent: Torrent }
  | { readonly kind: 'piece'; readonly piece: number }
  | { readonly kind: 'released'; readonly file: number; readonly path: string }
  /** All that is wanted is here and stands under its own name. */
  | { readonly kind: 'complete' }
  /** A move began, broke off, or (undefined) ended. */
  | { readonly kind: 'moving'; readonly move: MoveFacts | undefined }
  | { readonly kind: 'peer-joined'; readonly address: PeerAddress }
  /** The peer has a DHT node there. */
  | { readonly kind: 'dht-node'; readonly address: string; readonly port: number }
  | { readonly kind: 'peer-left'; readonly address: PeerAddress; readonly reason: Leave }
  | {
      readonly kind: 'web-seed';
      readonly url: string;
      readonly state: WebSeedState;
      readonly reason?: string;
    };

export type WebSeedState =
  /** Nothing is wanted of it now. */
  | 'idle'
  | 'fetching'
  /** It failed, and is asked again later. */
  | 'resting'
  /** It sent wrong data. */
  | 'banned'
  /** Its address is of no use. */
  | 'unusable';

export interface WebSeedFacts {
  readonly url: string;
  /** Who named it. */
  readonly source: 'torrent' | 'given';
  readonly state: WebSeedState;
  /** What is wrong with it; for people. */
  readonly reason: string | undefined;
  readonly code: WebFailureCode | undefined;
  readonly connections: number;
  readonly downloadBytesPerSecond: number;
  readonly downloadedBytes: number;
  readonly badPieces: number;
}

export interface PeerFacts {
  readonly address: PeerAddress;
  /** Who named it first; undefined for one that was not remembered. */
  readonly source: PeerSource | undefined;
  readonly client: string | undefined;
  readonly isIncoming: boolean;
  readonly encryption: 'plain' | 'rc4';
  readonly isChokingUs: boolean;
  readonly isInteresting: boolean;
  readonly isInterested: boolean;
  readonly isUnchoked: boolean;
  readonly isSnubbing: boolean;
  /** Share of the pieces that it has, 0 to 1. */
  readonly has: number;
  readonly downloadBytesPerSecond: number;
  readonly uploadBytesPerSecond: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly requestsInFlight: number;
  readonly isOnLan: boolean;
  /**
   * The letters that clients show: D we fetch from it (d: we would, but it chokes us; K: it lets us, and we want nothing),
   * U we send to it (u: it would like us to; ?: we let it, and it wants nothing), O it is tried out, S it owes us blocks,
   * I it dialled us, E encrypted, L local network.
   */
  readonly flags: string;
}

export type WasteReason =
  /** The block was here already. */
  | 'twice'
  /** Nobody waited for it any more. */
  | 'late'
  /** Its piece was not what the torrent says. */
  | 'bad';

export interface TransferStatistics {
  /** Blocks alone, and all bytes of connections with peers. */
  readonly down: { readonly payloadBytes: number; readonly peerBytes: number };
  readonly up: { readonly payloadBytes: number; readonly peerBytes: number };
  /** Blocks that each kind of source brought; `lan` is a part of `peers`. */
  readonly sources: { readonly peers: number; readonly lan: number; readonly webSeeds: number };
  readonly waste: Readonly<Record<WasteReason, number>>;
  /** Until all that is wanted is here, from a slow average; undefined while that cannot be told. */
  readonly secondsLeft: number | undefined;
  readonly connections: number;
  readonly knownAddresses: number;
}

/** 0 missing, 1 being fetched or verified, 2 here. */
export interface PieceMap {
  readonly states: Uint8Array;
  /** How many peers and web seeds have each. */
  readonly availability: Uint16Array;
}

/** Who has a piece or sends it: a peer, or a web server by its address; neither for one that left long ago. */
export interface PieceSource {
  readonly address?: PeerAddress;
  readonly url?: string;
}

/** A piece that is being fetched, verified or written. */
export interface ComingPiece {
  readonly piece: number;
  readonly blocks: number;
  readonly received: number;
  /** Blocks that each sent, and that it was asked for and has not sent. */
  readonly from: readonly (PieceSource & { readonly received: number; readonly asked: number })[];
}

export interface SessionStatistics {
  readonly downloadBytesPerSecond: number;
  readonly uploadBytesPerSecond: number;
  /** Of all transfers that are here. */
  readonly down: { readonly payloadBytes: number; readonly peerBytes: number };
  readonly up: { readonly payloadBytes: number; readonly peerBytes: number };
  readonly connections: number;
  readonly halfOpen: number;
  readonly transfers: Readonly<Record<TransferState, number>>;
}

/** In bytes of the file; `end` is not included. All of it by default. */
export interface ByteRange {
  readonly start?: number;
  readonly end?: number;
}

/** One file of a running transfer, whatever of it is here already. */
export interface RangeReader extends AsyncIterable<Uint8Array>, Disposable {
  readonly file: number;
  readonly path: string;
  readonly size: number;
  /**
   * The bytes of the range, in order and verified, in chunks of at most 256 KiB. Nothing is asked for before the first
   * `next`; whoever stops reading holds a bounded window ahead until `return`, which takes back what nobody else needs.
   * An end beyond the file's is the file's. Several ranges may be read at once.
   */
  read(range?: ByteRange, signal?: AbortSignal): AsyncIterableIterator<Uint8Array>;
  /** Ends all its ranges. While it is open, and the file is not all here, connections are kept for what it may read next. */
  close(): void;
}

/** What is not named stays; `null` keeps unfinished files where they will be. Absolute, as in TransferOptions. */
export interface MoveTarget {
  readonly folder?: string;
  readonly unfinished?: string | null;
}

export interface MoveFacts {
  /** `broken-off`: some files are in the old place, some in the new one, each whole. Another `move` goes on, or back. */
  readonly state: 'moving' | 'broken-off';
  readonly folder: string;
  /** Of what has to be copied to another disk. */
  readonly bytes: number;
  readonly total: number;
  readonly error: Error | undefined;
}

export interface Transfer {
  readonly infoHashes: InfoHashes;
  readonly name: string;
  /** Absent until the metadata has come, and while a stored one rests. */
  readonly torrent: Torrent | undefined;
  readonly state: TransferState;
  /** Why it failed, or waits. */
  readonly error: Error | undefined;
  readonly isComplete: boolean;
  readonly mode: TransferMode;
  readonly progress: TransferProgress;
  readonly statistics: TransferStatistics;
  /** Undefined while pieces are not traded. */
  readonly pieceMap: PieceMap | undefined;
  /** Pieces that are under way, the oldest first. */
  comingPieces(most: number): readonly ComingPiece[];
  holdersOf(piece: number): readonly PieceSource[];
  readonly peers: readonly PeerFacts[];
  readonly bans: readonly { readonly address: PeerAddress; readonly reason: Leave }[];
  readonly webSeeds: readonly WebSeedFacts[];
  addPeer(address: PeerAddress, source: PeerSource): void;
  /** Throws a SwarmError `invalid` for what is no http: or https: address. */
  addWebSeed(url: string): void;
  /** In place of those that it had. */
  setLimits(limits: SpeedLimits): void;
  /** Files to fetch from now on. */
  select(isWanted: (path: string, file: number) => Wish): Promise<void>;
  /** Where its files are; undefined before they were looked for. To be given as `home` when it is added again. */
  readonly home: Home | undefined;
  readonly moving: MoveFacts | undefined;
  /**
   * Takes the content to other folders while it is traded: by name on one disk, by a verified copy to another. Answers the
   * files that were copied and could not be removed. Rejects with a StorageError, before anything was moved or else as
   * `moving` says.
   */
  move(target: MoveTarget, signal?: AbortSignal): Promise<readonly string[]>;
  /** Another name for a file or folder in it, or with an empty path for its own folder or its one file. */
  rename(path: string, name: string): Promise<void>;
  /** Its files are there already: looks at them, and goes on there. What is in the old place stays. */
  relocate(folder: string): Promise<void>;
  /** Removes these files from the disk, which `select` must not want any more; bytes that others need are kept. */
  discard(files: readonly number[]): Promise<void>;
  /** Stops it, and removes its files, but for those that are somebody's by now: these are answered. */
  destroy(): Promise<readonly string[]>;
  setMode(mode: TransferMode): Promise<void>;
  /** Until it is complete; rejects when it fails or stops before. */
  whenComplete(signal?: AbortSignal): Promise<void>;
  /**
   * Reads a file while it is being fetched, by its index or its path with `/`; one that is not selected too: of such a
   * file only what is read is fetched. Waits until the metadata has come and the disk was checked.
   */
  openFile(file: number | string, signal?: AbortSignal): Promise<RangeReader>;
  subscribe(listener: (event: TransferEvent) => void): () => void;
  /**
   * Lets its peers and files go and keeps its place; resolves when all that was verified is recorded. Nothing is said to
   * trackers here: whoever announces it hears of the state.
   */
  pause(): Promise<void>;
  /** Why it is paused or queued, or nothing flows. */
  readonly waiting: Waiting | undefined;
  readonly isForced: boolean;
  setForced(isForced: boolean): void;
  /** 0 is next. */
  readonly place: number;
  moveTo(place: number): void;
  /** In place of those that it had. */
  setGoals(goals: Goals): void;
  /** Over all sessions that `history` told of. */
  readonly history: History;
  /** Goes on after a pause, or tries again after it failed. */
  resume(): void;
  /** Closes its connections and files; what is verified stays recorded. */
  stop(): Promise<void>;
  checkInvariants(): string[];
}
