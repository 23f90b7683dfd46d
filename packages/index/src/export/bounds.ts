// What an export and following another index may cost, each bound with its reason.

/** Read and written at once. */
export const chunkBytes = 1024 * 1024;
/** Written before the network is read on. */
export const maxUnwrittenBytes = 8 * 1024 * 1024;
/** A manifest is a signed record with five numbers. */
export const longestManifest = 1_000;
/** 20,000,000 records of 500 bytes are 10 GB; beyond this an index does not follow another. */
export const longestExport = 256 * 1024 ** 3;
/** An answer with changes: 4 MiB of records in base64, and what stands around them. */
export const longestChanges = 8 * 1024 * 1024;
/** 100,000 blocks with their reasons. */
export const longestBlocks = 64 * 1024 * 1024;
/** How often the other index is asked what changed. */
export const followEveryMs = 5_000;
/** After a failure. */
export const retryAfterMs = 15_000;
/** Without a byte for this long, an answer is given up. */
export const silenceMs = 60_000;
/** Who takes the export at the same time. */
export const maxTakers = 32;
