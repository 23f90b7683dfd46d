/** The config holds some dozens of lines; a file beyond this is something else. */
export const longestConfigFile = 256 * 1024;

/** More mistakes than this at once help nobody. */
export const mostConfigMistakes = 8;

/** `node.json` and `api-token` are a few hundred bytes; what is longer was not written by a node. */
export const longestStateFile = 64 * 1024;

/** How far from the default port the next free one is looked for. */
export const mostPortsTried = 100;

/** Open connections to the API. Browsers open six a page, tools a few hundred; each costs us some ten kilobytes. */
export const mostConnections = 512;

/** The longest head of a request: what Node allows by default, said here so that it stays. */
export const longestRequestHead = 16 * 1024;

/** No request has a body yet. */
export const longestRequestBody = 64 * 1024;

/** A client that takes longer to send its request is dropped. */
export const requestTimeoutMs = 10_000;

/** A second node waits this long for the first one to say in node.json where it listens. */
export const ownerPatienceMs = 1000;
