// Bounds of torrents and links, each with its reason.

/** The largest torrents in the wild have some ten megabytes; two million pieces in both formats come to about 110. */
export const maxTorrentLength = 128 * 1024 * 1024;

/** What libtorrent takes too: enough for 2 TiB at 1 MiB a piece. More would cost every peer a quarter megabyte of bitfield. */
export const maxPieces = 2 ** 21;

/** Above the largest that libtorrent takes (just under 512 MiB). */
export const maxPieceLength = 2 ** 29;

/** BEP 52: a block is a leaf of the merkle tree, and the shortest piece. */
export const leafLength = 16_384;

/**
 * More than folders that people share have. That many equal names that have to be told apart take half a second
 * to read. Padding is not counted, but there may not be more of it than of files.
 */
export const maxFiles = 200_000;

/** What ext4, APFS and NTFS take as one name (NTFS counts UTF-16 units, which are never more than UTF-8 bytes). */
export const maxNameBytes = 255;

/** Linux takes 4096 bytes as one path; a quarter of it is left for the folder that somebody downloads into. */
export const maxPathBytes = 3072;

/** As many trackers, web seeds, nodes and peers as are read from one torrent or link; the rest is not looked at. */
export const maxSources = 1000;

/** Two million pieces take a byte each, a hundred thousand files of long names some ten megabytes. */
export const maxResumeLength = 64 * 1024 * 1024;

/** A link with a hundred trackers has ten kilobytes. */
export const maxLinkLength = 1024 * 1024;

/** More hashes in one request (BEP 52) are refused: libtorrent's bound, a piece of 128 MiB. */
export const maxHashesPerRequest = 8192;
