// What registering may cost the index, each bound with its reason.

/** Runs of one node at the same time: a daemon, and some commands beside it. */
const maxLeasesOfKey = 16;
/** Of one IPv4 address or IPv6 /64: a dormitory behind one address. */
const maxLeasesOfNetwork = 256;
/** A lease with its overhead takes about 1.5 KiB: 150 MiB in all. */
const maxLeases = 100_000;
/** Offers in all leases, 320 bytes each where nobody else holds it (measured): 300 MiB at worst. */
const maxOffersHeld = 1_000_000;
/** One address does not fill the index: twenty nodes with all the offers that a lease may have. */
const maxOffersOfNetwork = 40_000;

/** Registrations of one network: 200 nodes behind one address that tell news every 20 s are 10 a second for a while. */
export const registrationsPerSecond = 5;
export const registrationsBurst = 60;
/** Questions of one network. An answer with 100 holders costs a tenth of a millisecond and 50 kB. */
export const questionsPerSecond = 20;
export const questionsBurst = 200;
/** Networks whose rate is remembered; those heard of longest ago are forgotten, and have a full burst again. */
export const maxNetworksLimited = 50_000;

/** Signatures checked a second, over all: 0.12 ms each, so that a flood takes an eighth of a core and no more. */
export const signaturesPerSecond = 1_000;

/** Leases that ran out are swept this often; they are not named meanwhile. */
export const sweepEveryMs = 10_000;
/** At most so many at once, a millisecond's work. */
export const sweptAtOnce = 2_000;
/** What changed is written to the database this often: what a kill may lose, which its owners register anew. */
export const saveEveryMs = 2_000;
/** Rows written in one transaction, so that others wait for tens of milliseconds at most. */
export const savedAtOnce = 1_000;

/** Thin contents known at once, and how old that list may be: making it looks at all that is offered. */
export const maxThin = 200;
export const thinFreshMs = 15_000;

/** RESP answers of a lease store: a hundred leases with their offers. */
export const longestRedisAnswer = 16 * 1024 * 1024;
/** Without an answer for this long, the lease store is given up, and asked again over a new connection. */
export const redisTimeoutMs = 5_000;
/** Questions that wait for a lease store; beyond, the index says that it is unavailable. */
export const maxRedisQuestions = 10_000;

export const leaseLimits = {
  leasesOfKey: maxLeasesOfKey,
  leasesOfNetwork: maxLeasesOfNetwork,
  offersOfNetwork: maxOffersOfNetwork,
  leases: maxLeases,
  offers: maxOffersHeld,
};

/** Batches of announces that processes tell each other, up to 64 KiB each: the stream takes 64 MiB at most. */
export const maxSharedBatches = 1_000;
/** Read at once, 4 MiB at most, and how often: peers hear of each other at their next announce, minutes later. */
export const batchesRead = 64;
export const shareEveryMs = 100;
/** A process that starts hears what the others heard this long ago: an interval of announces. */
export const sharedForMs = 35 * 60_000;
