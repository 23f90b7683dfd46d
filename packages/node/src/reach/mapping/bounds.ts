// Every limit of port mapping, each with its reason.

/** RFC 6886 section 3.1: first after 250 ms, then each time after twice as long. */
export const askAgainFirstMs = 250;
/** In all 3.75 s; a router is a millisecond away. */
export const mostAsks = 4;

/** UPnP lets devices take up to the MX that they are given (1 s), and slow ones take longer. */
export const searchMs = 2500;
/** More devices than this that call themselves routers are no home. */
export const mostDevices = 8;
/** Routers build these pages slowly. */
export const upnpTimeoutMs = 5000;
/** Descriptions of real routers take up to 20 KB. */
export const longestDescription = 256 * 1024;
/** Answers to calls are some hundred bytes. */
export const longestAnswer = 64 * 1024;
/** Others have taken the ports that we ask for. */
export const mostPortsTried = 5;

/** A mapping of a node that was killed is gone after this. */
export const lifetimeSeconds = 3600;
/** Much sooner than it must be: a router that was restarted has forgotten. */
export const renewEveryMs = 10 * 60_000;
/** A machine that is starting has its node sooner than its network. */
export const lookForRouterMs = 15_000;
/** After nothing was found, or a router went away. */
export const lookAgainMs = 5 * 60_000;
/** A router that does not answer does not keep a node from stopping. */
export const takeBackMs = 1500;
