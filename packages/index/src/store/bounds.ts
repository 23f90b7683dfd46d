// What the store may cost, each bound with its reason.

/** Contents that one index lists: each has a place in memory, though what rests costs little. */
export const maxListed = 100_000;
/** Links and torrents as they are sent by an operator. */
export const longestListing = 8 * 1024 * 1024;
/** How often the store looks what to fetch, what to let go, and who holds what it still lacks. */
export const roundMs = 15_000;
/** Contents that it fetches, or asks metadata of, at the same time: each has connections of its own. */
export const maxFetching = 8;
/** A content makes room only when so many others have all of it, as far as leases and announces say: both can lie. */
export const leastCopiesElsewhere = 3;
/** … and so many more than what is to take its place, so that two do not push each other out in turn. */
export const copiesAhead = 2;
/** What nodes offer without being listed, where the store keeps that, too: the thinnest first. */
export const maxOffered = 200;

/** Files that are being sent at a time, and to one network: a browser opens six, a download tool sixteen. */
export const maxSending = 512;
export const maxSendingToNetwork = 32;
/** Asked to come again after this, when a copy is not whole yet, or too many are asking. */
export const retryAfterSeconds = 30;
