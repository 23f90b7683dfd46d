// Bounds of bencode, each with its reason.

/** Nothing real nests deeper: a folder a level in a v2 file tree, and libtorrent stops at 100. */
export const maxBencodeDepth = 128;

/** As large as anything bencoded that is handed around whole: a torrent of two million pieces, both formats. */
export const maxBencodeLength = 256 * 1024 * 1024;

/** Integers have no limit in BEP 3; no field needs more than 20 digits, and turning digits into a number is not linear. */
export const maxIntegerDigits = 1000;
