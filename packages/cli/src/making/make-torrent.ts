// Kept for the verbs' imports; it lives in the node's room.

export { makeTorrentFile } from '@shoal/node/making';
