export * from './bounds.ts';
export { MetainfoError, type MetainfoErrorCode } from './errors.ts';
export type { HashRequest } from './hash-request.ts';
export { type FileRange, Layout } from './layout.ts';
export { type Magnet, magnetOf, parseMagnet } from './magnet.ts';
export { fileTree, leafCountOf } from './merkle.ts';
export { PieceHashes } from './piece-hashes.ts';
export { parseInfo, parseTorrent } from './torrent.ts';
export type * from './types.ts';
