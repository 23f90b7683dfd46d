import { RoomError } from '@shoal/base';

export type NodeErrorCode =
  /** A flag, or a key or value in the config file, that cannot be meant. */
  | 'config-invalid'
  /** The config file that was named is not there. */
  | 'config-not-found'
  | 'config-unreadable'
  /** Another node runs on the data folder. */
  | 'folder-owned'
  | 'folder-read-only'
  | 'folder-full'
  | 'folder-unusable'
  /** What is to be bound is neither an own address nor an interface that has one. */
  | 'bind-unknown'
  /** Nothing holds traffic to that interface. */
  | 'bind-not-held'
  /** A list of addresses to block that cannot be read. */
  | 'filter-unreadable'
  | 'port-in-use'
  | 'cannot-listen'
  /** A peer, DHT node or URL that is none. */
  | 'bad-address'
  // making torrents
  | 'nothing-to-share'
  | 'bad-name'
  | 'file-exists'
  | 'file-changed'
  // what the API is asked for
  | 'not-found'
  | 'invalid'
  | 'duplicate'
  | 'no-metadata'
  | 'not-running'
  | 'unreachable'
  /** Nothing to search in, or to publish to. */
  | 'no-index'
  | 'too-large'
  | 'busy'
  | 'stopping';

export class NodeError extends RoomError<NodeErrorCode> {}
