// Every number that this room bounds something by, with its reason.

/** Open files of a session: well below the 1024 that many systems give a process, most of which sockets want. */
export const mostOpenFiles = 256;

/** Written in one vectored call: long enough that the call does not count, short enough to answer soon. */
export const longestWrite = 8 * 1024 * 1024;
/** IOV_MAX on Linux, macOS and the BSDs. */
export const mostBuffersInWrite = 1024;
/** Files written at once. One file takes one writer at a time in every file system, so more only helps many small ones. */
export const mostWritesAtOnce = 3;
/** What waits to be written before `isFull` asks for a pause: a tenth of a second of a fast disk. */
export const defaultQueueBytes = 32 * 1024 * 1024;

/** Pieces that are hashed from files at once: enough to keep every core busy with pieces of 16 KiB. */
export const mostHashesAtOnce = 64;
/** Looks at files under way at once, when a content is opened. */
export const mostStatsAtOnce = 32;

/** A journal beyond this is not read: a million pieces in the worst order and a million files come to 40 MB. */
export const longestJournal = 64 * 1024 * 1024;
/** Homes that a content has left and that its journal still knows: more moves than a caller can have missed. */
export const mostFormerHomes = 8;
/** One record of a journal. */
export const longestRecord = 1024 * 1024;
/** A journal is written anew when it is longer than this, and than four times what it needs: ten minutes of records at most. */
export const journalSlack = 1024 * 1024;
/** The same after a sync of content, when one sync more makes no difference: a start reads journals that are short. */
export const journalSlackWhenSynced = 16 * 1024;
/** The text that names a file (FileStat.id) in a journal. */
export const longestFileId = 200;

/**
 * What is good is recorded at once, but not more often than this. A kill after the record and before the next write costs no
 * hashing: the file looks as recorded. At 20 pieces a second that is nine kills of ten; a record takes 0.1 ms of CPU time.
 */
export const recordPauseMs = 20;
/** Recording rests three times as long as it took, so that a slow state folder gives a quarter of its time. */
export const recordRest = 3;
/**
 * When nothing was written for so long since a record, the journal says that there is nothing else. Two ticks of the clock that
 * systems stamp files with: whatever is written later shows in the file's time.
 */
export const quietMs = 20;
/** After a fault of the disk that holds the journal. */
export const recordAgainMs = 1000;
/** Syncing waits until nothing was written for this long: it slows a transfer at full speed down by a third. */
export const syncWhenQuietMs = 5000;
/** But no longer than this. Systems write back by themselves after 30 s, so that little is left to sync by then. */
export const syncAtLatestMs = 60_000;
/** Syncing rests three times as long as it took, so that it never takes more than a quarter of the disk's time. */
export const syncRest = 3;

/** Zeros are written in runs of this length when a file is allocated in full. */
export const allocationStep = 1024 * 1024;

/** The longest name that common file systems take, in bytes. */
export const longestName = 255;
/** What is copied to another disk goes in steps of this length. */
export const copyStep = 1024 * 1024;
/** Files of two names are compared in runs of this length. */
export const compareStep = 1024 * 1024;
