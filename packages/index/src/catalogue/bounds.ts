// What a catalogue takes and what one question may cost, each bound with its reason.

/** Longer ones are cut: no word that somebody types is. */
export const longestWord = 40;
/** Distinct words of one publication that are searched: its description has fewer than that. */
export const maxWordsOfEntry = 1_500;
/** What somebody types. */
export const longestSearch = 256;
/** Each costs a walk along its list. */
export const maxSearchWords = 8;
/** Words that one with "*" stands for. */
export const maxCompletions = 8;
/** Words that are tried in place of one that nothing has. */
export const maxCorrections = 3;
/** Of what has the words, the newest so many are ranked: ten to thirty milliseconds. */
export const maxRanked = 5_000;
/** Entries whose title or tags have the rarest of the words, times the words: beyond, a search may take a second. */
export const longWalk = 40_000;
/** Such searches run at once, and wait for each other; beyond, the index says that it is busy. */
export const longAtOnce = 1;
export const maxLongWaiting = 20;
export const maxPageLength = 100;
export const usualPageLength = 50;

export const maxSuggestions = 10;
/** Completions of one or two letters are as many as the whole vocabulary: only the first so many are compared. */
export const maxSuggestionsCompared = 5_000;

/** Words this long are corrected: of shorter ones, too many are alike. */
export const shortestCorrected = 4;
export const longestCorrected = 24;

/** Different keys may publish the same torrent; beyond these it is flooding. */
export const maxPublicationsOfTorrent = 64;
/** The first so many are counted and shown. */
export const maxRatingsOfTorrent = 10_000;
export const ratingsShown = 100;

/** What is written in one transaction: one wait for the disk. */
export const maxBatch = 500;
/** The same where nobody waits for each, … */
export const importBatch = 2_000;
/** … of which so many are checked ahead … */
export const batchesChecked = 3;
/** … and as many written in one transaction as this takes, so that pages that change often are written once. */
export const importTransactionMs = 10_000;
/** Signatures that no thread is started for: five milliseconds. */
export const checkedHere = 50;
/** Records that wait to be written; beyond, the index says that it is busy. */
export const maxWaiting = 5_000;

/** Records in one answer, and their bytes together. */
export const maxChanges = 1_000;
export const maxChangesBytes = 4 * 1024 * 1024;

/** Rows that a change of what is blocked hides or shows at a time. */
export const blockingStep = 500;
export const longestBlockReason = 500;
/** Of who blocked it: the URL of an index fits. */
export const longestName = 200;
export const maxBlocks = 100_000;

/** Searches and other questions of one network: a page asks once, an automation tool some times a minute. */
export const searchingRate = { perSecond: 10, burst: 200 };
/** Records sent by one network: who publishes an archive of thousands takes some minutes for it. */
export const publishingRate = { perSecond: 10, burst: 300 };

/** Some swarms are counted this often … */
export const sampleEveryMs = 2_000;
/** … so many, or more, so that a round through all of them takes ten minutes at most. */
export const healthPage = 500;
export const healthRounds = 300;
/** A count that did not change is written once more after this, to say that it still holds. */
export const healthSeenMs = 5 * 60_000;
/** A higher count that nobody saw for so long gives way to a lower one. */
export const healthFadesMs = 12 * 60_000;
/** After this without anybody there is nobody. */
export const healthForgottenMs = 60 * 60_000;

/** Health from elsewhere: trackers of one torrent, torrents at once, and for how long what was heard stands. */
export const maxTrackersAsked = 8;
export const maxAskedAtOnce = 16;
export const askedAgainMs = 10 * 60_000;
/** Torrents that answers are kept of. */
export const maxAsked = 1_000;
/** A tracker over UDP is asked again after 15 s, and a DHT is crossed in ten. */
export const longestAskingMs = 20_000;
/** Each may send the index to nine places. */
export const askingRate = { perSecond: 0.2, burst: 20 };
