// Who has this? The one question that trackers, the DHT, the local network and an index are asked in the same way.
// Invariant: as long as a search runs, we stand as a peer with whoever was asked; when it ends, no more.

import type { PeerAddress } from './peer-address.ts';

export type FinderKind = 'given' | 'lan' | 'tracker' | 'index' | 'dht';

export interface FoundPeer {
  readonly address: PeerAddress;
  /** Who told: a tracker's URL, an address, or a word. */
  readonly teller: string;
}

export interface AmountsDone {
  readonly uploaded: number;
  readonly downloaded: number;
  /** -1 where it is not known yet. */
  readonly left: number;
  /** All of it, where that is known: a lease says which share is here. */
  readonly total?: number;
}

/** How one of those who are asked answered at last. */
export interface TellerReport {
  readonly state: 'asking' | 'answered' | 'failed';
  readonly message?: string;
  readonly seeds?: number;
  readonly leechers?: number;
  /** On the clock's nowMs. */
  readonly nextMs?: number;
}

export interface FindOptions {
  readonly signal: AbortSignal;
  /** Where we take connections. */
  readonly port: number;
  /** Asks once, takes the announcement back, and ends by itself. Default: goes on until the signal is aborted. */
  readonly once?: boolean;
  readonly amounts: () => AmountsDone;
  /** Somebody who was asked failed, or refused in these words. */
  readonly failed?: (teller: string, message: string) => void;
  /** For those who show it: each time that something of it is new. */
  readonly report?: (teller: string, report: TellerReport) => void;
  /** The torrent's trackers, in tiers (BEP 12). */
  readonly trackers?: readonly (readonly string[])[];
}

export interface Search extends AsyncIterable<FoundPeer> {
  /** More peers are wanted, all is here now, we slept, or our address changed: leases are made anew at once. */
  renew(): void;
  /** After the signal was aborted: when everybody who should hear of it did, or a bound ran out. */
  readonly ended: Promise<void>;
}

export interface Finder {
  readonly kind: FinderKind;
  /** Each hash has 20 bytes; several are names of one torrent. Never rejects: who does not answer yields nobody. */
  find(infoHashes: readonly Uint8Array[], options: FindOptions): Search;
  close(): Promise<void>;
}
