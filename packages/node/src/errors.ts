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
  // feeds
  | FeedErrorCode
  | 'too-large'
  | 'busy'
  | 'stopping';

export type FeedErrorCode =
  /** No answer, or none within the time. */
  | 'feed-unreachable'
  | 'feed-slow'
  /** An answer that is no feed: its status, a redirect that leads nowhere good, more bytes than a feed has. */
  | 'feed-status'
  | 'feed-redirect'
  | 'feed-not-public'
  | 'feed-too-large'
  /** Bytes that are no text in their encoding, text that is no XML, XML that is no feed. */
  | 'feed-charset'
  | 'feed-not-xml'
  | 'feed-entities'
  | 'feed-too-deep'
  | 'feed-unknown'
  /** A regular expression that takes too long. */
  | 'feed-pattern-slow';

export class NodeError extends RoomError<NodeErrorCode> {}
