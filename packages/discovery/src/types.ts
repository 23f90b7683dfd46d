// The public face of this room: what is sought, what is told, and by whom.

import type {
  AmountsDone,
  Clock,
  FinderKind,
  Interfaces,
  NetworkInterface,
  PeerAddress,
  Random,
  TellerReport,
} from '@shoal/base';
import type { FamilyStats, NodeStatus } from '@shoal/dht';
import type { Identity } from '@shoal/identity';
import type { TrackerParts } from '@shoal/tracker';
import type { DhtFinderParts, HostPort } from './dht-finder.ts';

export type NetworkMode = 'hybrid' | 'centralized' | 'distributed';

export interface DiscoveryParts extends TrackerParts, DhtFinderParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly interfaces: Interfaces;
}

export interface DiscoveryOptions {
  readonly mode: NetworkMode;
  /** As peers see it. */
  readonly peerId: Uint8Array;
  /** Told to HTTP trackers. */
  readonly userAgent?: string;
  readonly dht?: {
    /** Default: a free one. */
    readonly port?: number;
    /** Ways in. Without any, it waits until somebody names one. */
    readonly bootstrap?: readonly HostPort[];
    /** What `saveNodes` gave in an earlier run. */
    readonly saved?: Uint8Array | undefined;
  };
  /** Indexes to register with and to ask, each by its address. Default: none. */
  readonly index?: { readonly urls: readonly string[]; readonly identity: Identity } | undefined;
  /** Which interfaces are local networks; false for none. Default: all but loopback. */
  readonly lan?: ((candidate: NetworkInterface) => boolean) | false;
}

/** What is sought: a torrent, by all its names. */
export interface Subject {
  /** 20 bytes each: v1, and the first 20 of v2. */
  readonly infoHashes: readonly Uint8Array[];
  /** BEP 27; false while it is not known. */
  readonly isPrivate: boolean;
  /** In tiers (BEP 12). */
  readonly trackers?: readonly (readonly string[])[];
  /** Those of all torrents, which a private one is not shown to. */
  readonly moreTrackers?: readonly string[];
  /** Peers that somebody named. */
  readonly peers?: readonly HostPort[];
  /** Where we take connections. */
  readonly port: number;
  readonly amounts: () => AmountsDone;
  /** Somebody who was asked failed, or refused in these words. */
  readonly failed?: (by: Teller, message: string) => void;
  /** How each tracker answered at last, each time that something of it is new. */
  readonly report?: (by: Teller, report: TellerReport) => void;
}

export interface Teller {
  readonly kind: FinderKind;
  readonly teller: string;
}

export interface ToldPeer {
  readonly address: PeerAddress;
  /** Who told of it, first ones first. */
  readonly tellers: readonly Teller[];
}

export interface Quest {
  readonly peers: readonly ToldPeer[];
  /** When nobody has more to tell: of a quest that asks once. */
  readonly done: Promise<void>;
  /** The metadata came: it may be private, and have another name. */
  learned(news: Pick<Subject, 'infoHashes' | 'isPrivate'>): void;
  /** All of it is here now: trackers are told. */
  completed(): void;
  /** Asks everybody anew. */
  renew(): void;
  /** The peer was there, so whoever told of it spoke the truth. */
  worked(address: PeerAddress): void;
  /** Resolves when everybody who should know was told that we are gone, or a bound ran out. */
  stop(): Promise<void>;
}

export interface DhtTable {
  readonly families: readonly Pick<FamilyStats, 'family' | 'id' | 'externalAddress' | 'replacements'>[];
  readonly nodes: readonly NodeStatus[];
}

/** `waiting` while nothing is sought, or the first answer is not here. */
export interface IndexStanding {
  /** As it was given. */
  readonly url: string;
  readonly state: 'waiting' | 'working' | 'failed';
  /** What it last said was wrong. */
  readonly message?: string;
}

export interface Discovery {
  /** The finders that the mode allows. */
  readonly kinds: readonly FinderKind[];
  /** Hands over each peer as soon as somebody tells of it, until it is stopped. `once`: asks everybody once. */
  seek(
    subject: Subject,
    found: (address: PeerAddress, by: Teller) => void,
    options?: { readonly once?: boolean },
  ): Quest;
  /** A DHT node that a torrent or a peer named. In a mode without a DHT it is not looked at. */
  addDhtNode(node: HostPort): void;
  /** Runs a DHT node from now on, where the mode has one and there is a way in; otherwise the first search does. */
  joinDht(): void;
  /** Where the DHT listens, once it runs. */
  readonly dhtPort: number | undefined;
  /** How many nodes it knows; undefined when no DHT runs. */
  readonly dhtNodes: number | undefined;
  /** Our ids in the DHT and the nodes that it knows; undefined when no DHT runs. */
  readonly dhtTable: DhtTable | undefined;
  /** How each index does; nothing before it is asked. */
  readonly indexes: readonly IndexStanding[];
  /** Our address as nodes of the DHT see it, when enough of them agree. */
  readonly seenAddress: string | undefined;
  /** For `dht.saved` of the next run; undefined when no DHT runs. */
  saveNodes(): Uint8Array | undefined;
  close(): Promise<void>;
}
