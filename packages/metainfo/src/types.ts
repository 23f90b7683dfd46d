// What a torrent is, whichever of the three formats it came in.

import type { BencodeNode, Hashing } from '@shoal/base';
import type { Layout } from './layout.ts';
import type { PieceHashes } from './piece-hashes.ts';

export type Digest = Hashing['digest'];

export type TorrentFormat = 'v1' | 'v2' | 'hybrid';

/** v1: 20 bytes, SHA-1. v2: 32 bytes, SHA-256. A hybrid has both; at least one is there. */
export interface InfoHashes {
  readonly v1?: Uint8Array;
  readonly v2?: Uint8Array;
}

export interface TorrentFile {
  /** Safe names below the torrent's folder; the last one is the file's own. */
  readonly path: readonly string[];
  readonly length: number;
  /** Where it begins in the space of pieces. */
  readonly offset: number;
  /** Zeros that only align the next file (BEP 47): never written, read as zeros. */
  readonly isPad: boolean;
  readonly isExecutable: boolean;
  readonly isHidden: boolean;
  /** A link to this path (safe names below the torrent's folder), which nobody has to follow; its length is 0. */
  readonly linkTarget: readonly string[] | undefined;
  /** Root of the file's merkle tree (v2 and hybrid); undefined for empty files. */
  readonly piecesRoot: Uint8Array | undefined;
  /** The names as the torrent has them, for URLs of web seeds. */
  readonly originalPath: readonly Uint8Array[];
}

export interface Torrent {
  readonly format: TorrentFormat;
  /** Safe as the name of a file or folder. */
  readonly name: string;
  /** The folder that the files' paths begin in; undefined when the torrent is one file, whose path is its name. */
  readonly folder: string | undefined;
  readonly infoHashes: InfoHashes;
  /** The info dictionary exactly as it came: what info hashes are over, and what peers are given (BEP 9). */
  readonly info: Uint8Array;
  readonly layout: Layout;
  readonly hashes: PieceHashes;
  readonly isPrivate: boolean;
  readonly source?: string;
  /** Tiers in order (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  /** BEP 19. */
  readonly webSeeds: readonly string[];
  /** DHT nodes (BEP 5). */
  readonly nodes: readonly HostPort[];
  readonly comment?: string;
  readonly createdBy?: string;
  /** Seconds since 1970. */
  readonly creationDate?: number;
  /** Info hashes of torrents that may share files (BEP 38). */
  readonly similar: readonly Uint8Array[];
  readonly collections: readonly string[];
  /** Keys beside `info` that are not read into a field above, as they came. */
  readonly otherKeys: readonly (readonly [key: Uint8Array, value: BencodeNode])[];
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}
