// Torrents of files on a disk, without the node.

export { type MadeTorrent, type MakeOptions, makeTorrentFile } from './make-torrent.ts';
