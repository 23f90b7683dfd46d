// Every limit of this room, each with its reason.

import { maxHashesPerRequest, maxPieces } from '@shoal/metainfo';

/** The only block length that all clients serve: BEP 52 fixes it for v2, and the field settled on it for v1. */
export const blockLength = 16_384;

/** What we serve in one go. The first client dropped peers above 128 KiB, later ones above 16 KiB; nobody asks for more. */
export const longestRequest = 131_072;

/**
 * Extended messages: metadata comes in pieces of 16 KiB, peer exchange in a few KiB, and the largest
 * extension handshakes seen are below 1 KiB. libtorrent and others send nothing above 64 KiB.
 */
export const longestExtended = 131_072;

/** Used until the metadata says how many pieces there are. */
export const longestBitfield = maxPieces / 8;

/** As many hashes as may be asked for at once, and a proof of at most 32 layers beside them. */
export const longestHashes = 1 + 48 + (maxHashesPerRequest + 32) * 32;

/** Requests for hashes on their way to one peer: 512 hashes cover 8 MiB of content, so a few go far. */
export const hashRequestsInFlight = 16;

/** A message whose id we do not know is skipped without being kept; a longer one is not from our protocol. */
export const longestUnknown = 1_048_576;

/** Blocks that were given up (cancel, choke, timeout) and may still come; libtorrent keeps at most 2,000 queued. */
export const mostForgivenBlocks = 16_384;

/** Extensions that a peer may name; real clients name up to a dozen. */
export const mostExtensions = 64;
/** Bytes of a client's name and version that are kept: the longest seen has about 40. */
export const longestClientName = 64;

/** The info dictionary of as many v1 pieces as we take has 42 MB; that of 100,000 files about 10. */
export const longestMetadata = 50_331_648;
/** BEP 9: metadata comes in pieces of this length. */
export const metadataPieceLength = 16_384;
/** Requests for metadata on their way to one peer: 128 KiB hide any round trip, and all clients queue that many. */
export const metadataRequestsInFlight = 8;

/** BEP 11: at most 50 added and 50 dropped in a message. */
export const pexPeersSent = 50;
/** libtorrent sends up to 100 at first, Transmission up to 200 with its dropped ones; what is above is left out. */
export const pexPeersTaken = 200;
/** BEP 11: no more often than once a minute. */
export const pexIntervalMs = 60_000;
/** Half of that is taken from others: timers drift, and a first message may be followed by a full one. */
export const pexIntervalTakenMs = 30_000;

/** MSE: pads are 0 to 512 bytes long. */
export const longestPad = 512;
/** Initial payload that an accepted stream may carry before the handshake is through; a u16 on the wire. */
export const longestInitialPayload = 65_535;
