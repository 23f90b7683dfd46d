// Sizes of experiments, each with its reason.

/** Below this a routing table holds everybody, and there is nothing to look for. */
export const fewestDhtNodes = 50;
/** Addresses are drawn from the public IPv4 space; 64 GiB of memory would hold as many nodes. */
export const mostDhtNodes = 1_000_000;
/** With more nodes gone or hostile than this there is no network left to measure. */
export const greatestShare = 0.9;
/** More than a routing table remembers. */
export const mostWaysIn = 400;
/** More lookups than this tell the 99.9th of a hundred from the 99.99th. */
export const mostLookups = 100_000;
/** 10,000 sessions take some 10 GiB. */
export const mostReceivers = 10_000;
/** Its pieces are hashed for real by each receiver. */
export const mostContentBytes = 1024 * 1024 * 1024;
