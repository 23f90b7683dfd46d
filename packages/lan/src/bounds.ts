// Every bound of this room, each with its reason.

/** BEP 14: a datagram of at most 1,400 bytes is not fragmented. */
export const maxDatagramBytes = 1400;

/** Whatever is longer was not made by BEP 14, nor for one packet (RFC 6762 allows jumbo frames, which no one sends). */
export const maxReceivedBytes = 9000;

/** Info hashes of one datagram that are looked at: as many as 1,400 bytes can hold. */
export const maxHashesPerDatagram = 32;

/** A cookie of others; libtorrent's has 8 characters. */
export const maxCookieLength = 64;

/** BEP 14: announced every five minutes, and never more than once a minute. */
export const announceEveryMs = 5 * 60_000;
export const announceAtMostEveryMs = 60_000;

/** Between two datagrams of one round, so that a thousand torrents do not come as one flood. */
export const datagramSpacingMs = 50;

/** How often one host gets an answer about one torrent. */
export const answerEveryMs = 5_000;
/** Answers remembered for that; with more, the oldest are forgotten. */
export const maxAnswered = 2_048;

/** How often we look whether a cable or a Wi-Fi came or went: a person should not have to wait for it. */
export const lookAtInterfacesEveryMs = 1_000;
/** Machines with containers have dozens; nobody is met on the hundredth. */
export const maxLinks = 32;

/** Datagrams a second that are read from one neighbour, and from all of them. */
export const datagramsPerNeighbour = 20;
export const datagramsPerSecond = 400;
export const maxNeighboursCounted = 256;

/** A prefix shorter than this names no local network, but a tunnel that takes everything. */
export const shortestPrefix = { 4: 8, 6: 32 } as const;

/** Shoal nodes of this network that are remembered. */
export const maxNeighbours = 128;
/** Addresses of one of them. */
export const maxAddressesPerNeighbour = 8;
/** Records of one mDNS message that are looked at. */
export const maxRecords = 64;
/** Pointers followed within one name: more is a loop or a trick. */
export const maxNamePointers = 16;
/** RFC 1035. */
export const maxNameBytes = 255;
/** RFC 6762, section 10: 120 s for records with a host name. */
export const recordLifeSeconds = 120;
/** Nobody is believed for longer than this without being asked again. */
export const longestLifeSeconds = 75 * 60;
/** RFC 6762, section 6: an answer is multicast at most once a second on each network. */
export const answerRecordsEveryMs = 1_000;
/** RFC 6762, section 5.2: questions come after 1 s, 3 s, 9 s, … and then every hour; we ask every two minutes, as records live so long. */
export const questionDelaysMs = [0, 1_000, 3_000, 9_000] as const;
export const askEveryMs = 100_000;
/** How long somebody whose time is over may still be shown. */
export const forgetEveryMs = 5_000;
