// The data folder without the node, for commands that only look at it.

export { readDhtNodes, writeDhtNodes } from './dht-nodes.ts';
export { openNodeIdentity } from './folder.ts';
export { type FolderLock, lockFolder } from './lock.ts';
