// What a tracker may cost us, and what we ask of it.

/** Peers taken from one answer. Clients ask for 50 to 200; more would only be dialled much later. */
export const maxPeersPerAnswer = 2_000;

/** A compact answer with 2,000 peers of both families has 48 kB; one of dictionaries four times as much. */
export const maxAnswerBytes = 512 * 1024;

/** Redirects followed for one announce, as curl and browsers do in spirit, with less patience. */
export const maxRedirects = 5;

/** From the first byte sent to the last received. BEP 15 waits 15 s for its first answer. */
export const answerTimeoutMs = 15_000;

/** Announces under way at one tracker, and at all of them: a node that starts with thousands of torrents is no flood. */
export const mostAnnouncesPerTracker = 8;
export const mostAnnouncesAtOnce = 256;

/** Asked for when peers are wanted; what most clients ask for lies between 50 and 200. */
export const defaultPeersWanted = 200;

/** Trackers that say less are not asked more often than this, whatever they say. */
export const minIntervalSeconds = 60;
export const defaultIntervalSeconds = 30 * 60;
/** A tracker that says "come back next year" is asked once a day all the same. */
export const maxIntervalSeconds = 24 * 60 * 60;

/** A tracker's own words, cut to this before anybody sees them. */
export const maxMessageLength = 300;

/** BEP 15: a connection id is good for a minute at the client. */
export const connectionIdMs = 60_000;

/** BEP 15 doubles from 15 s up to 8 times, over an hour in all. A tracker that is silent three times is given up for now. */
export const udpAttempts = 3;
export const udpFirstTimeoutMs = 5_000;

/** Hashes in one UDP scrape (BEP 15: about 74 fit in a packet). */
export const maxScrapeHashes = 74;

/** How long "stopped" may hold up the end of a program. */
export const stopTimeoutMs = 3_000;

/** Trackers of one torrent that are ever asked. Lists of some hundred are copied from torrent to torrent. */
export const maxTrackers = 200;
