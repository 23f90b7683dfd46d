// Every bound of this room, each with its reason.

/** Fits one packet on every path that IPv6 and tunnels leave (1,500 less headers), so that nothing is fragmented. */
export const maxDatagramBytes = 1400;

/** What others may send us: libtorrent and bittorrent-dht stay below 1,500 as well. */
export const maxReceivedBytes = 4096;

/** It is sent back in every reply; 2 to 8 bytes are seen. */
export const maxTransactionBytes = 32;

/** BEP 5: k. */
export const bucketSize = 8;
/** Nodes that wait for a place in a full bucket: as many as the bucket has. */
export const replacementsPerBucket = 8;

/** Questions that a contact may leave unanswered in a row before it is bad (BEP 5: "multiple"). */
export const maxFailures = 2;
/** BEP 5: a node that was not heard of for 15 minutes is questionable, a bucket that did not change is refreshed. */
export const questionableAfterMs = 15 * 60_000;

/** Public addresses in one network (IPv4 /24, IPv6 /64) that one bucket, and the whole table, may hold. */
export const maxPerPrefixInBucket = 2;
export const maxPerPrefixInTable = 8;

/** How many nodes of a reply are looked at; eight are usual, libtorrent may send more to fill the packet. */
export const maxNodesPerReply = 20;
/** Peers of one reply that are looked at: what fits a packet. */
export const maxValuesPerReply = 230;

/** Questions that one path of a lookup has open (Kademlia's alpha). */
export const questionsPerPath = 3;
/** Paths of a lookup that do not share what they were told. S/Kademlia finds 99% with 20% hostile nodes and four. */
export const defaultPaths = 3;
/** Contacts from anywhere in the table that every lookup asks, so that no neighbourhood of accomplices keeps it in. */
export const scoutsPerLookup = 6;
/** The same where a node looks for its own place: what it knows then is little, and decides whom it will know. */
export const scoutsPerJoin = 24;
/** Nearest nodes that a path remembers. */
export const maxCandidates = 64;
/** All that one lookup may ask, over all its paths: a lookup among ten million nodes needs about 40. */
export const maxQuestionsPerLookup = 200;
/** Nodes whose id does not fit their address are asked, but cost no more than this on a path. */
export const maxUnfitPerPath = 8;
/** Of one public /24 or /64, as many may be asked in one lookup. */
export const maxPerPrefixInLookup = 3;
/** So many nodes that one node named, and not one answered: it is believed no more in this lookup. */
export const deadReferrals = 5;

/** Open questions of one family at once; more wait for their turn. */
export const maxOpenQuestions = 256;
/** Before anything was measured: a round trip across the world, and a slow line. */
export const firstTimeoutMs = 1_500;
export const shortestTimeoutMs = 400;
export const longestTimeoutMs = 4_000;
/** An answer after its time-out still counts as a sign of life, and for the measurement, this long. */
export const lateAnswerMs = 10_000;

/** Tokens: the secret changes every five minutes, and the one before it still counts (BEP 5). */
export const secretLifeMs = 5 * 60_000;
export const tokenBytes = 8;

/** Peers are announced every 15 to 30 minutes; one lost announce must not lose the peer. */
export const peerLifeMs = 45 * 60_000;
export const maxSwarms = 10_000;
export const maxPeersPerSwarm = 1_000;
/** All peers together: about 4 MB. */
export const maxPeers = 200_000;
/** Places of one address: ports under one key (several clients behind one NAT), and keys. */
export const maxPortsPerAddress = 32;
export const maxEntriesPerAddress = 2_000;
/** Values in one reply, as libtorrent; the rest of the packet is for nodes. */
export const maxValuesInReply = 100;

/** BEP 44: a value takes at most 1,000 bytes encoded, a salt 64. */
export const maxValueBytes = 1000;
export const maxSaltBytes = 64;
/** BEP 44: items are put again every hour or forgotten after two. */
export const itemLifeMs = 2 * 60 * 60_000;
/** At most 6 MB. */
export const maxItems = 4_096;
export const maxItemsPerAddress = 256;

/** BEP 51: samples stay the same for so long. */
export const sampleIntervalSeconds = 60;
export const maxSamples = 20;

/** Bytes of replies a second, and what may be saved up: to one address (IPv4, or an IPv6 /64) … */
export const addressBytesPerSecond = 16_000;
export const addressBurstBytes = 128_000;
/** … to its network (/24, /48) … */
export const prefixBytesPerSecond = 48_000;
export const prefixBurstBytes = 384_000;
/** … and to all, so that forged addresses cannot use up a home's line either. */
export const allBytesPerSecond = 1_000_000;
export const allBurstBytes = 4_000_000;
/** Checking a signature costs about as much as twenty replies; it is charged as bytes. */
export const signatureCostBytes = 2_000;
/** Questions over the limit after which an address is not even read, and for how long. */
export const floodQuestions = 1_000;
export const floodBanMs = 5 * 60_000;
/** Whoever sent a forged item, or three times only dead nodes. */
export const liarBanMs = 60 * 60_000;
export const strikesForBan = 3;
/** Addresses that are remembered for what they got, in two generations, and for what they did. */
export const maxVisitors = 8_192;
/** Addresses and networks whose allowance is counted: about 2 MB. */
export const maxAllowances = 16_384;
/** How often those that are full again are forgotten; an empty one takes eight seconds to fill. */
export const allowanceSweepMs = 10_000;
/** A visitor that was silent for longer may be forgotten. */
export const visitorLifeMs = 5 * 60_000;
export const maxBans = 4_096;

/** Strangers that are pinged at once to see whether they are fit for the table. */
export const maxIntroductions = 16;
/** A visitor is considered for the table at most this often. */
export const considerEveryMs = 5_000;

/** How often a family looks after its table. */
export const upkeepMs = 10_000;
/** Contacts that one round of upkeep may ping. */
export const pingsPerUpkeep = 4;

/** Different networks that must agree on our address before our id follows it (BEP 42). */
export const votesForAddress = 3;
export const maxVotes = 64;

/** Nodes in a saved table, and addresses that may lead in: 160 buckets would hold 1,280. */
export const maxSavedNodes = 400;
/** Entrances that are tried at once while there is nobody. */
export const knocksAtOnce = 32;
