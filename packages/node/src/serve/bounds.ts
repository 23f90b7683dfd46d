// Every limit of the file server, each with its reason.

/** One read and one write to the socket: 1,850 MB/s in Node; half of that with 64 KiB. */
export const readLength = 1024 * 1024;

/** What a browser draws at once; larger folders are cut, and the listing says so. */
export const mostListed = 10_000;

/** Text above this is sent as it is: compressing it would take seconds of a core for each request. */
export const longestCompressed = 32 * 1024 * 1024;
/** Below this nothing is gained. */
export const shortestCompressed = 1024;

/** Checksums of files that were asked for are kept, each some 200 bytes, the oldest goes first. */
export const mostChecksums = 10_000;

export const mostUsers = 1000;
/** Passwords that were not seen before are hashed slowly: more at once would keep files from being read (Node has four threads). */
export const mostHashesAtOnce = 2;
/** Some seconds of waiting; whoever comes then is told to come again. */
export const mostHashesWaiting = 32;

/** What is left of a body that is not wanted is read for so long, so that the client hears why. */
export const mostUnwantedBytes = 64 * 1024 * 1024;
export const unwantedMs = 10_000;

export const mostConnections = 1024;
export const longestHead = 16 * 1024;
/** A client that takes longer to say what it wants is dropped; taking its time with a body is its right. */
export const headTimeoutMs = 20_000;
/** No byte came or went for so long. */
export const idleTimeoutMs = 120_000;
/** Uploads in progress by one name go on for so long after they stopped; then they begin anew. */
export const partKeptMs = 7 * 24 * 3_600_000;
