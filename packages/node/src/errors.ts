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
  | 'port-in-use'
  | 'cannot-listen';

export class NodeError extends RoomError<NodeErrorCode> {}
