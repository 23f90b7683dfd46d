// Every limit of this room, each with its reason.

/** A SYN is repeated after 1, 3 and 7 seconds; who answers none of them is not there. */
export const connectTimeoutMs = 10_000;

/** From a connection to its first answer, or the end of the encrypted handshake: two round trips of the slowest link. */
export const handshakeTimeoutMs = 10_000;

/** After our end of a connection, the other side has this long to take what is queued and close its own. */
export const lingerMs = 5_000;

/** Accepted connections that have not said yet what they speak. The oldest of the host that has most goes first, so that silence keeps nobody out. */
export const mostHalfOpen = 256;

/** Port 0 is picked for one family and may be taken in the other; then another is picked. */
export const portAttempts = 10;
