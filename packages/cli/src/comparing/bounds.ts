// What a comparison may take of the machine that it runs on, and how it is timed.

/** Each is a process of some 100 MiB. */
export const mostReceivers = 64;
/** Without a given uplink, the client-server way takes about so long: enough to see, short enough to wait for. */
export const usualSeconds = 20;
export const leastUsualUplink = 100_000;
export const mostUsualUplink = 50_000_000;
/** A process is ready when it says so, on a machine that is busy. */
export const readyMs = 60_000;
export const sampleMs = 100;
/** A source that has sent less since was only being polite. */
export const leastSent = 16 * 1024;
/** Points of a curve that is drawn. */
export const mostPoints = 24;
