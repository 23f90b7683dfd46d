export type { InfohashSample } from './codec/answer.ts';
export type { NodeInfo } from './codec/nodes.ts';
export type { ContactState } from './contact.ts';
export { createDht } from './dht.ts';
export { DhtError, type DhtErrorCode } from './errors.ts';
export { type Item, immutableTarget, mutableTarget } from './items.ts';
export { isIdAllowed, isIdFor, makeNodeId } from './secure-id.ts';
export type {
  Announcement,
  Asking,
  Dht,
  DhtOptions,
  DhtStats,
  FamilyStats,
  NewItem,
  NodeStatus,
  PeersEvent,
  PutResult,
  SearchCounts,
} from './types.ts';
