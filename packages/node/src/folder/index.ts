// The data folder without the node, for commands that only look at it.

export { openNodeIdentity } from './folder.ts';
export { type FolderLock, lockFolder } from './lock.ts';
