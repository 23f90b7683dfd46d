// The data folder without the node, for commands that only look at it.

export { openNodeIdentity } from './folder.ts';
