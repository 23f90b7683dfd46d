// What is said in an announce and a scrape, whatever carries it (BEP 3, 7, 15, 23, 48).

import type { Endpoint } from '@shoal/base';

export type AnnounceEvent = 'started' | 'completed' | 'stopped';

export interface AnnounceRequest {
  /** 20 bytes: SHA-1 of a v1 torrent, or the first 20 of the SHA-256 of a v2 one (BEP 52). */
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly port: number;
  readonly uploaded: number;
  readonly downloaded: number;
  /** Bytes still wanted; -1 where that is not known yet (a magnet link without metadata). */
  readonly left: number;
  readonly event?: AnnounceEvent | undefined;
  /** -1 leaves the number to the tracker. */
  readonly peersWanted: number;
  /** 32 bits by which a tracker knows us again under another address. */
  readonly key: number;
  /** What the tracker gave us, to be given back (HTTP). */
  readonly trackerId?: Uint8Array | undefined;
}

export interface AnnounceAnswer {
  readonly intervalSeconds: number;
  readonly minIntervalSeconds?: number | undefined;
  readonly seeders?: number | undefined;
  readonly leechers?: number | undefined;
  readonly downloads?: number | undefined;
  /** In the order given, without duplicates. Hosts may be names where a tracker sends dictionaries. */
  readonly peers: readonly Endpoint[];
  readonly warning?: string | undefined;
  readonly trackerId?: Uint8Array | undefined;
  /** How the tracker sees us (BEP 24). */
  readonly externalAddress?: string | undefined;
}

export interface ScrapeEntry {
  readonly seeders: number;
  readonly leechers: number;
  readonly downloads: number;
}
