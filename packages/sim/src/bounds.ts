// Sizes of the virtual world, with where each comes from.

/** Linux gives up a connection attempt after six SYNs (tcp_syn_retries), sent after 1, 3, 7, 15, 31 and 63 s. */
export const connectTimeoutMs = 127_000;
export const connectRetriesMs: readonly number[] = [1000, 3000, 7000, 15_000, 31_000, 63_000];

/** How long unanswered stream data is sent again. Linux takes 15 minutes; shorter keeps runs short. */
export const streamTimeoutMs = 120_000;

/** First and longest wait before data that found no way is sent again (RFC 6298, and Linux's upper bound). */
export const firstRetryMs = 200;
export const longestRetryMs = 60_000;

/** Bytes of a stream that are on their way or unread; beyond this the sender waits. Linux grows to 6 MiB. */
export const streamWindowBytes = 1024 * 1024;

/** `write` says false from here on, as Node's sockets do. */
export const highWaterBytes = 64 * 1024;

/** The longest run of bytes that travels as one event. */
export const longestSegment = 64 * 1024;
export const shortestSegment = 1460;
/** A segment takes a line for no longer than this, so that flows and datagrams take turns. */
export const segmentMs = 5;

/** Payload of a full TCP packet on Ethernet; loss counts per packet. */
export const packetBytes = 1460;

/** What a home router queues before it drops. */
export const lineQueueMs = 100;

/** The longest payload UDP over IPv4 can carry. */
export const longestDatagram = 65_507;

/** Distance between two sockets of one machine. */
export const loopbackLatencyMs = 1 / 64;

/** Ports that the system hands out (IANA's dynamic range). */
export const firstFreePort = 49_152;
export const lastPort = 65_535;

/** A NAT forgets UDP mappings after this much silence; home routers take 30 to 300 s. */
export const mappingTimeoutMs = 120_000;

/** Content of equal chunks is stored once: BitTorrent's block, and v2's leaf. */
export const chunkLength = 16 * 1024;
/** How many chunks with the same sampled key are compared before a second copy is kept. */
export const longestBucket = 8;
/** What a file takes on the disk comes in these. */
export const allocationUnit = 4096;
/** Sectors survive a power cut whole or not at all. */
export const sectorLength = 512;
/** Larger than any disk: 16 TiB, as ext4 has it. */
export const longestFile = 2 ** 44;
export const longestName = 255;
export const longestPath = 4096;
/** Links followed before a path counts as a loop (Linux). */
export const mostLinks = 40;
export const mostOpenFiles = 1024;

/** Heads of HTTP messages, as Node bounds them. */
export const longestHttpHead = 16 * 1024;
export const longestTlsHello = 64 * 1024;
/** Unused connections kept for the next request to the same origin, and for how long. */
export const mostIdleConnections = 16;
export const idleConnectionMs = 5000;

/** What the little HTTP server takes; tests that send more bring a server of their own. */
export const longestServedBody = 16 * 1024 * 1024;
