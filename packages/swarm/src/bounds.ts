// Every limit of this room, each with its reason.

/** Blocks received, being hashed or written, of all transfers together: 64 MiB. Requests stop before they run out. */
export const slabBytes = 64 * 1024 * 1024;
/** A longer piece does not wait in memory for its last block: runs of its blocks go to their place on disk. */
export const longestPieceInMemory = 8 * 1024 * 1024;
/** Spilled runs are this long, when nothing presses. */
export const spillRunBlocks = 64;

/** Blocks read and sent together, with one vectored read and one write: to fast peers a MiB, to others 128 KiB, to slow ones one. */
export const blocksPerLongChunk = 64;
export const blocksPerShortChunk = 8;
/** Chunks of all peers together that are being read or sent: 16 MiB, 12 MiB and 8 MiB. */
export const longChunks = 16;
export const shortChunks = 96;
export const singleChunks = 512;
/** Buffers that were not needed for so long go back to the system. Sooner, and a swarm with ups and downs would pay for fresh memory again and again. */
export const trimMs = 10_000;
/** Chunks of one peer: one on its way to the socket while the next are being read. */
export const chunksPerPeer = 3;
/** Where a chunk takes longer to leave than to be read, one more is enough. */
export const chunksPerSlowPeer = 2;

/** Requests that we queue for one peer; what we say as `reqq`. libtorrent's default is 2,000 as well. */
export const requestsQueued = 2_000;
/** When a peer does not say how many it queues: libtorrent's and Transmission's older limits were 250. */
export const requestsAssumed = 250;
/** The most we have in flight to one peer: 32 MiB, what a fast loopback needs to never run dry. */
export const mostRequests = 2_000;
/** Requests beyond `requestsQueued` are refused; a peer that goes on to this is flooding us. */
export const mostRefusals = 20_000;

/** What may wait in a channel besides chunks: a peer that lets more pile up does not read. */
export const longestBacklog = 4 * 1024 * 1024;

/** A peer without a handshake after this time is not one. */
export const handshakeMs = 15_000;
/** BEP 3: two minutes; a little less, so that it arrives in time. */
export const keepAliveMs = 100_000;
/** And who is silent for longer than this is gone. */
export const silenceMs = 150_000;
/** No block for so long although some were asked: they are asked of others, and the peer counts as snubbing. */
export const stallMs = 8_000;
/** The same while a block is arriving: 16 KiB take as long from a very slow peer. */
export const dripMs = 30_000;
/** Answers a second are usual; a request that is still open after this much is lost even if others are answered. */
export const lostRequestMs = 45_000;
/** A peer that rejected a request, though it does not choke us, is asked for nothing for this time. */
export const rejectRestMs = 5_000;
/** A snubbing peer that still sends nothing is let go. */
export const snubbedMs = 60_000;

/** Connections of a session and of one transfer, and those that are being dialled; settings may say otherwise. */
export const mostConnections = 400;
export const mostConnectionsPerTransfer = 120;
export const mostHalfOpen = 40;
/** Dials a second, after a burst of as many: routers of homes forget connections when too many begin at once. */
export const dialsPerSecond = 50;
/** Who wants nothing is in less of a hurry: in a swarm of seeds each would dial each, for nothing. A burst, and then one in so long. */
export const idleDials = 10;
export const idleDialMs = 500;
/** For so long a newcomer that others would be preferred to has its place: it had no time to bring anything. */
export const settlingMs = 30_000;
/** Contents that are opened at a time: what each waits for is the disk's answer to a few questions. */
export const openingsAtOnce = 16;
/** Contents that are hashed at a time: one keeps the hashers busy, a second one while the disk seeks. */
export const checksAtOnce = 2;
/** Complete transfers without peers that keep their content open, and for how long after the last peer. */
export const mostIdle = 16;
export const idleMs = 60_000;
/** Accepted connections whose handshake is not through; more, and the oldest of the busiest host makes room. */
export const mostGreetings = 100;
export const dialTimeoutMs = 20_000;
/** Addresses remembered for a transfer. */
export const mostAddresses = 2_000;
/** Of one host, those that only peers name: they could have us dial all ports of somebody who has nothing to do with it. */
export const mostNamedOfHost = 8;
/** Banned hosts; the oldest ban is forgotten first. */
export const mostBans = 4_000;
/** A dial that failed is tried again after this time, twice as long each time, up to the second. */
export const firstRetryMs = 5_000;
/** Somebody named it and waits: it may be just starting. */
export const firstRetryOfGivenMs = 1_000;
export const longestRetryMs = 30 * 60_000;
/** A peer that parted so soon after we began to want more did not know it yet: it is dialled again at once. */
export const crossingMs = 3_000;
/** A peer that was refused for good three times is forgotten. */
export const mostFailures = 8;

/** Pieces that are new go out together after this time: alone, each would be a write to each peer, and wake it. */
export const announceMs = 20;
/** A transfer's choker decides anew. */
export const chokeIntervalMs = 10_000;
/** Rates are measured, stalls found, dials begun. */
export const tickMs = 500;

/** In flight to a peer while somebody watches, beside two round trips: what is needed next must not stand behind seconds of other things. */
export const streamingHorizonMs = 80;
/** Readers' needs are looked at so often, and whenever a reader moves or a piece comes. */
export const streamTickMs = 100;
/** Ahead of a reader: so much time of what it consumes, at least so many bytes (and two pieces), and so many for all together. */
export const readAheadMs = 10_000;
export const leastReadAhead = 512 * 1024;
export const mostReadAhead = 64 * 1024 * 1024;
/** A reader that nothing is known of yet, and one that has not asked for its next bytes. */
export const guessedReaderRate = 1_000_000;
export const pausedReaderMs = 500;
/** Players ask for each range anew: after a reader was closed, peers are kept for the next one for so long. */
export const readerRestMs = 10_000;
/** Ranges that are read at once: of more, those that were asked for last. */
export const mostPlayheads = 32;
export const mostUrgentPieces = 1_024;
/** Needed within this time: such pieces, and at most so many, are kept from slow peers and asked of others when late. */
export const urgentMs = 1_500;
export const mostReserved = 16;
/** Queues are given up for a reader that waits at most so often: each time something comes that nobody waits for. */
export const freeQueuesMs = 250;

/** Super-seeding: pieces that a peer knows of and has not passed on; and how long it is given to do so. */
export const superSeedPieces = 2;
export const superSeedPatienceMs = 60_000;
/** A volunteer fetches what at least so many lack: for one alone it would be a detour. */
export const leastToVolunteerFor = 2;
/** Hosts whose word is kept on how we look from outside. */
export const mostVoices = 32;
/** Holepunch messages that a peer may send, or have sent to it, at once, and how soon there may be one more. */
export const mostPunches = 10;
export const punchEveryMs = 5_000;
/** The same peer is asked for through others so rarely: it did not work. */
export const rendezvousRestMs = 10 * 60_000;
/** Suggestions of a peer that are remembered. */
export const mostSuggestions = 16;

/** An answer to a metadata or hash request. */
export const answerMs = 12_000;

/** A transfer whose disk was full looks again. */
export const fullDiskRetryMs = 5_000;
/** A transfer whose disk failed or is gone: a cable that slipped is seen soon, a drive in a drawer costs nothing. */
export const shortestDiskWaitMs = 5_000;
export const longestDiskWaitMs = 60_000;

/** Digests of bad pieces' blocks that are kept to find out who lied. */
export const mostSuspectPieces = 64;
/** Messages of a peer that say nothing new; forgiven at `nuisancePerSecond`. */
export const mostNuisance = 3_000;
export const nuisancePerSecond = 20;
/** A peer that takes nothing of a chunk for so long does not read. */
export const slowReaderMs = 30_000;
/** Peers from which metadata is fetched at the same time: each gives all of it. */
export const metadataAskers = 3;
/** A peer that did not give its metadata in time, or refused to, is left alone for this time. */
export const metadataRestMs = 30_000;
/** Hash requests of a transfer under way. */
export const hashQuestions = 16;
/** Leaf requests of one peer that are being read and hashed, and how many leaves one may name: 8 MiB of content. */
export const hashAnswersAtOnce = 4;
/** And how many of them it may ask for at once, and then one in so long: each reads and hashes up to 8 MiB for a question of 53 bytes. */
export const mostLeafAnswers = 64;
export const leafAnswerEveryMs = 250;
export const leavesAnswered = 512;
/** Free space at which a transfer that stood for want of it goes on. */
export const roomToGoOn = 16 * 1024 * 1024;
/** Room for the journal and for names, beside what is still to be fetched. */
export const roomForRecords = 64 * 1024;
/** Pieces that a peer may allow us while it chokes us; BEP 6 speaks of ten. */
export const mostFastPieces = 64;
