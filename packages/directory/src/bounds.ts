// Every bound of this room, each with its reason. An index and its users hold to the same ones.

/** A lease with four addresses, all its capabilities and the longest client name takes 800 bytes. */
export const longestLease = 1024;
/** One of each family for a node with two providers. */
export const maxAddresses = 4;
/** What a node can do beyond having pieces: words like "keep". */
export const maxCapabilities = 16;
export const longestCapability = 24;
export const longestClientName = 64;

/** Names of torrents in one lease: 44 kB. Who shares more is found for the rest by its announces. */
export const maxOffers = 2_000;

/** How long a lease may last; who asks for more gets this. Who vanishes is named for no longer. */
export const longestLeaseSeconds = 2 * 60 * 60;
/** What a client asks for. Renewing costs 400 bytes, and finds out soon that an index forgot, or that we moved. */
export const leaseSeconds = 10 * 60;
/** A lease shorter than this would be renewed all the time. */
export const shortestLeaseSeconds = 60;

/** The body of a registration: a lease, the longest list of offers, and the words around them. */
export const longestRegistration = 48 * 1024;

/** Holders in one answer: as many as a client dials within minutes, and 12 ms of checking signatures. */
export const maxHolders = 100;
/** Peers on one page of the list of whom an index knows. */
export const maxPeersPerPage = 100;
/** 100 leases in base64 take 140 kB; one key's leases with all their offers at most 500 kB. */
export const longestAnswer = 640 * 1024;
/** An index's own words, cut to this before anybody sees them. */
export const longestMessage = 300;

/** From the first byte sent to the last received. */
export const answerTimeoutMs = 15_000;
/** How long taking a lease back may hold up the end of a program. */
export const stopTimeoutMs = 3_000;

/** After a failure: at first this long, then each time twice as long, up to the longest. */
export const firstRetryMs = 5_000;
export const longestRetryMs = 5 * 60_000;
/** An index that says "come back tomorrow" is asked after an hour all the same. */
export const longestAskedWaitMs = 60 * 60_000;
/** Offers that change one after the other are told together. */
export const gatherMs = 1_000;
/** … but no more often than this, for pieces come in by the hundred. */
export const tellEveryMs = 20_000;

/** A sequence that an index names as the last one is believed a day ahead of the clock: beyond, somebody else has our key. */
export const sequenceLeapMs = 24 * 60 * 60_000;
