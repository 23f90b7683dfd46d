// The public face of the DHT: what it is given, what it can be asked, and what it tells on the way.

import type {
  BencodeValue,
  Clock,
  Datagrams,
  Endpoint,
  Hashing,
  Interfaces,
  IpFamily,
  Random,
} from '@shoal/base';
import type { InfohashSample } from './codec/answer.ts';
import type { NodeInfo } from './codec/nodes.ts';
import type { ContactState } from './contact.ts';
import type { TrafficCounts } from './family-node.ts';
import type { Item } from './items.ts';

export interface DhtOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly hashing: Hashing;
  readonly datagrams: Datagrams;
  /** Where a machine has several addresses, we answer from the one that was asked. */
  readonly interfaces?: Interfaces;
  /** Where to listen: one endpoint, or one of each family. */
  readonly bind: readonly Endpoint[];
  /** Nodes that lead in when no other is known. */
  readonly bootstrap?: readonly Endpoint[];
  /** What `save` gave in an earlier run. */
  readonly saved?: Uint8Array | undefined;
  /** BEP 43: asks, and answers nobody. For nodes that nobody can reach or that will not stay. */
  readonly isReadOnly?: boolean;
  /** False lifts the limits on replies to one address and network: for benchmarks. */
  readonly isLimited?: boolean;
  /** False takes nodes at public addresses with ids that do not fit them (BEP 42). */
  readonly enforcesIds?: boolean;
  /** How many disjoint paths a lookup for peers or items takes. */
  readonly paths?: number;
}

export interface Asking {
  readonly signal?: AbortSignal | undefined;
}

export interface Announcement {
  /** Where we listen for peers. Absent: the port that the DHT itself uses (uTP on one socket with it). */
  readonly port?: number | undefined;
  /** BEP 33. */
  readonly isSeed?: boolean;
}

export type PeersEvent =
  | { readonly kind: 'asked'; readonly node: NodeInfo }
  | { readonly kind: 'answered'; readonly node: NodeInfo; readonly rttMs: number; readonly hops: number }
  | { readonly kind: 'failed'; readonly node: NodeInfo; readonly why: string }
  /** Each peer once. `from` is absent for those that were announced to ourselves. */
  | { readonly kind: 'peers'; readonly peers: readonly Endpoint[]; readonly from: NodeInfo | undefined }
  | { readonly kind: 'announced'; readonly to: NodeInfo }
  | ({ readonly kind: 'done' } & SearchCounts);

/** Of one family's lookup. */
export interface SearchCounts {
  readonly family: IpFamily;
  readonly asked: number;
  readonly answered: number;
  readonly hops: number;
  readonly announced: number;
}

export interface NewItem {
  readonly value: BencodeValue;
  /** Makes the item mutable: its target follows from the key, and whoever has the key may replace it. */
  readonly signer?: { readonly publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array };
  readonly salt?: Uint8Array;
  /** Absent: one more than what is found. */
  readonly sequence?: number;
  /** Only replace the item that has this sequence number. */
  readonly cas?: number;
}

export interface PutResult {
  readonly target: Uint8Array;
  readonly sequence: number | undefined;
  /** Nodes that keep it now. */
  readonly stored: number;
}

export interface NodeStatus extends NodeInfo {
  readonly family: IpFamily;
  readonly state: ContactState;
  readonly rttMs: number | undefined;
  /** Since it last said something. */
  readonly quietMs: number;
  /** Leading bits that its id shares with ours: the more, the nearer. */
  readonly sharedBits: number;
}

export interface FamilyStats extends TrafficCounts {
  readonly family: IpFamily;
  readonly id: Uint8Array;
  readonly local: Endpoint | undefined;
  /** As others see us. */
  readonly externalAddress: string | undefined;
  readonly nodes: number;
  readonly replacements: number;
  readonly swarms: number;
  readonly peers: number;
  readonly banned: number;
  readonly roundTripMs: number | undefined;
}

export interface DhtStats {
  readonly families: readonly FamilyStats[];
  readonly items: number;
}

export interface Dht {
  /** What was bound, with the ports that the system chose. */
  readonly endpoints: readonly Endpoint[];
  /** Resolves when the first way in was tried, with or without success; never rejects. */
  readonly ready: Promise<void>;
  /** Who has it, as it is found out. With `announce`, the nearest nodes are told that we have it, too. */
  peers(
    infoHash: Uint8Array,
    options?: Asking & { readonly announce?: Announcement },
  ): AsyncGenerator<PeersEvent, void, void>;
  /** Tells the nearest nodes that we have it; how many they were, and who else they know of. */
  announce(
    infoHash: Uint8Array,
    announcement: Announcement,
    options?: Asking,
  ): Promise<{ readonly stored: number; readonly peers: readonly Endpoint[] }>;
  /** About how many peers there are, without joining them (BEP 33). */
  scrape(infoHash: Uint8Array, options?: Asking): Promise<{ readonly seeds: number; readonly peers: number }>;
  /** The live nodes nearest to a target. */
  findNodes(target: Uint8Array, options?: Asking): Promise<readonly NodeInfo[]>;
  /** Undefined when nobody has it. `salt` of a mutable item has to be known. */
  getItem(target: Uint8Array, options?: Asking & { readonly salt?: Uint8Array }): Promise<Item | undefined>;
  putItem(item: NewItem, options?: Asking): Promise<PutResult>;
  /** Some of the keys that one node keeps (BEP 51), and nodes near the target to go on with. */
  sampleInfohashes(
    node: Endpoint,
    target?: Uint8Array,
  ): Promise<InfohashSample & { readonly nodes: readonly NodeInfo[] }>;
  ping(node: Endpoint): Promise<{ readonly id: Uint8Array; readonly rttMs: number }>;
  nodes(): readonly NodeStatus[];
  /** A node that somebody told us of: a torrent, a PORT message. It is pinged first. */
  addNode(node: Endpoint): void;
  /** For `saved` of the next run; the caller keeps it. */
  save(): Uint8Array;
  stats(): DhtStats;
  close(): Promise<void>;
}
