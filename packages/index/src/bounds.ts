// What strangers may cost the index, each bound with its reason.

/** A request line with its headers. Browsers with many cookies send 8 KiB; announces have 300 to 600 bytes. */
export const maxHeadBytes = 16 * 1024;
/** A scrape of 74 hashes, all of them percent-encoded, has 5.3 KiB. */
export const maxTargetBytes = 8 * 1024;
export const maxHeaders = 64;

/** What may wait on one connection while a request before it is worked on; then the connection is paused. */
export const maxWaitingBytes = 64 * 1024;
/** Chunk headers and trailers of one chunked body, which are not part of its length. */
export const maxChunkLineBytes = 256;

/** Connections at a time, and from one IPv4 address or IPv6 /64. A household shares an address; a browser opens six. */
export const maxConnections = 20_000;
export const maxConnectionsPerAddress = 200;

/** From the first byte of a head to its last: whoever sends a byte a second is not waited for. */
export const headTimeoutMs = 10_000;
/** For a request's body, which is small. */
export const bodyTimeoutMs = 30_000;
/** A kept connection without a request. Announces come minutes apart, so longer would keep nobody's connection. */
export const idleTimeoutMs = 30_000;
/** Without a byte taken of what we send. */
export const stalledTimeoutMs = 60_000;
export const sweepIntervalMs = 1_000;

/** The unit of leases: 65,536 of them, which is how far they are counted, are six days. */
export const tickMs = 8_000;

/** For those who leave the number to us. */
export const defaultPeersWanted = 50;
/** In one answer, of one family: 1.2 KB of IPv4. More are dialled by no client at once. */
export const maxPeersPerAnswer = 200;
/** In one datagram that no path cuts into pieces: 1,280 bytes less the headers of IPv6 and UDP. */
export const maxUdpAnswerBytes = 1_232;
export const maxScrapeHashes = 74;

/** Announces and scrapes of one IPv4 address or IPv6 /64. A seedbox with 2,000 torrents announces them all at its start. */
export const rateOfAddress = { perSecond: 50, burst: 3_000 };

/** Entries of /api/tracker/thin. */
export const maxThinAnswer = 1_000;
/** Some 20,000 hashes in one change of the list. */
export const maxListedBody = 1024 * 1024;
/** Leases are kept on disk this often, or twice an interval where that is shorter. */
export const saveEveryMs = 5 * 60_000;
