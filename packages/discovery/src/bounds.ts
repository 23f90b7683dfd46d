// Every bound of this room, each with its reason.

/** Peers of one torrent that are remembered with those who told of them; an engine connects to some hundred. */
export const maxPeers = 5_000;
/** Tellers remembered for one peer. */
export const maxTellersPerPeer = 16;
/** Tellers whose word is weighed; the ones that were silent longest are forgotten. */
export const maxTellers = 2_000;
/** Peers that wait in one search until somebody takes them. */
export const maxQueued = 5_000;

/** A peer that is told again is handed over again after this long: the engine may have given it up. */
export const tellAgainMs = 5 * 60_000;

/** So many peers of one teller, of which almost none was there … */
export const doubtAfterPeers = 30;
export const doubtShare = 0.02;
/** … after it had time to be there: dialling takes seconds, and some hundred wait for their turn. */
export const doubtAfterMs = 60_000;
/** What a doubted teller says is tried one at a time, and most of it never. */
export const doubtedEveryMs = 10_000;
export const maxDoubted = 50;
/** Beyond this, old deeds count half. */
export const weighedPeers = 1_000;

/** How often we look whether we slept or moved. */
export const lookoutMs = 5_000;
/** Addresses that change all the time do not make us a nuisance to trackers, which ask for a minute at least. */
export const movedEveryMs = 60_000;
/** A clock that jumped further than this was not merely set right. */
export const sleptMs = 60_000;

/** DHT peers are kept for 30 to 45 minutes: announced again before the first forgets. */
export const dhtRenewMs = 15 * 60_000;
/** Where no node answered, or nobody was found: sooner, and then each time after twice as long. */
export const dhtFirstRetryMs = 10_000;
export const dhtLongestRetryMs = 5 * 60_000;
/** Host names of DHT nodes that are looked up for one torrent. */
export const maxDhtHosts = 32;

/** How long a neighbour may take to answer somebody who asks once. */
export const lanPatienceMs = 1_500;
/** How often an index is asked who else has it: of what is being fetched, and of what is complete, to notice a restart. */
export const indexAskMs = 60_000;
export const indexRestMs = 10 * 60_000;
/** What is held is told anew when it grew by this share. */
export const grownShare = 0.1;

/** Trackers of one torrent that are asked at once by somebody who asks once. */
export const maxTrackersAskedOnce = 50;
/** What most clients ask a tracker for. */
export const peersAskedOnce = 200;
