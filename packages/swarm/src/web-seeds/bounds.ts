// What a web server may cost us, and what we ask of it.

/** Redirects followed for one request: mirror directors lead on once or twice. */
export const mostRedirects = 5;
/** No head of an answer after this time: a disk that has to wake up, behind a slow line. */
export const headMs = 20_000;
/** No byte of a body for so long, while we would read. */
export const silenceMs = 15_000;
/** Less than this over that time is a slow drip, which only holds up pieces: a modem was faster. */
export const leastBytesPerSecond = 1024;
export const dripMs = 30_000;
/** A server that knows no ranges sends a file from its start: what is read and dropped before what we want. */
export const longestSkip = 16 * 1024 * 1024;

/** The first range of a server, before its rate is known; and the longest. */
export const firstRunBytes = 1024 * 1024;
export const longestRunBytes = 64 * 1024 * 1024;
/** A range keeps a connection busy for about so long, so that the gap between two does not show. */
export const runMs = 4_000;
/** What would take longer than this goes back, for others to fetch. */
export const longestRunMs = 20_000;
/** Requests under way: two, so that one sends while the other is asked for; more where files are small. */
export const usualLanes = 2;
export const mostLanes = 4;
/** Below this a request is mostly waiting. */
export const shortRequestBytes = 256 * 1024;
/** A pause comes too late for the bytes of one read (the World's largest is a MiB): room for them is kept free. */
export const blocksAhead = 96;

/** Web seeds of a transfer, and those that are asked at a time. */
export const mostWebSeeds = 100;
export const mostActiveSeeds = 8;
/** After a failure; twice as long each time, up to the longest; with up to a quarter more or less. */
export const firstRestMs = 1_000;
export const longestRestMs = 10 * 60_000;
/** Somebody named it and waits. */
export const longestRestOfGivenMs = 60_000;
/** What a server may ask for with Retry-After. */
export const longestRetryAfterMs = 60 * 60_000;
/** Files that a server did not have are asked of it again. */
export const missingFileMs = 30 * 60_000;
/** Addresses remembered to which redirects led. */
export const mostMoved = 1_000;
/** What a slow server keeps of a run that takes too long. */
export const leastBlocksKept = 16;
/** A server that refused one of several connections gets no more than those that it served, for this time. */
export const fewerLanesMs = 60_000;
/** A server that sent so much since it failed last has not failed in a row. */
export const usefulBytes = 256 * 1024;
