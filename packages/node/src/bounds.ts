/** The config holds some dozens of lines; a file beyond this is something else. */
export const longestConfigFile = 256 * 1024;

/** More mistakes than this at once help nobody. */
export const mostConfigMistakes = 8;

/** `node.json` and `api-token` are a few hundred bytes; what is longer was not written by a node. */
export const longestStateFile = 64 * 1024;

/** How far from the default port the next free one is looked for. */
export const mostPortsTried = 100;

/** Open connections to the API. Browsers open six a page, tools a few hundred; each costs us some ten kilobytes. */
export const mostConnections = 512;

/** The longest head of a request: what Node allows by default, said here so that it stays. */
export const longestRequestHead = 16 * 1024;

/** Of most requests: what they may name is a few hundred ids or paths at most. */
export const longestRequestBody = 1024 * 1024;

/** Of those that carry a torrent file or many ids: the longest torrent file that metainfo reads (64 MiB), as base64. */
export const longestBulkBody = 92 * 1024 * 1024;

/** A client that takes longer to send its request is dropped: the longest torrent file takes this at 1.5 MB/s. */
export const requestTimeoutMs = 60_000;

/** The head of a request is some hundred bytes. */
export const headTimeoutMs = 10_000;

/** A second node waits this long for the first one to say in node.json where it listens. */
export const ownerPatienceMs = 1000;

/** Transfers that begin to be announced at once; a burst that no home router minds. */
export const mostBegunAtOnce = 50;

/** After those, one more each time: 10,000 stand with their trackers and in the DHT within half an hour. */
export const oneMoreBegunMs = 200;

/** 100,000 transfers with their whole history; a longer file is not read into memory. */
export const mostLedgerBytes = 1024 * 1024 * 1024;

/** The ledger is written anew when it says more about the past than this, and than about the present. */
export const mostWasteInLedger = 4 * 1024 * 1024;

/** What happened to a transfer, for whoever looks later; some 20 kB each, and only where much happens. */
export const mostLogEntries = 200;

/** Trackers, nodes and neighbours that are told of one by one; the others count together with their kind. */
export const mostTellers = 100;

/** Pieces under way that are told of one by one, each with whom it comes from: some 30 kB. */
export const mostComingTold = 100;

/** Nodes of the DHT that are told of: both tables of a node that ran for long, and then some. 150 kB. */
export const mostDhtNodesTold = 1000;

/** Rates and shares are remembered this often. */
export const historyIntervalMs = 60_000;

/** Changes that a listener who was away can still be told of one by one. */
export const mostChangesKept = 20_000;

/** Listeners hear of rates and amounts this often. */
export const eventIntervalMs = 500;

/** And of what happened this soon. */
export const urgentEventMs = 50;

/** Proxies close what is silent for a minute; a listener that has read nothing for as long is gone. */
export const heartbeatMs = 20_000;

/** What is free on the disk of the downloads is looked at this often. */
export const freeBytesMs = 10_000;

/** The DHT's table is saved this often, and at a stop. */
export const dhtSaveIntervalMs = 10 * 60_000;

/** The largest list of addresses to block that is in use has 40 MB. */
export const longestBlocklist = 256 * 1024 * 1024;

/** Lists are published daily. */
export const blocklistLookMs = 60_000;

/** Of the five seconds that a stop may take, so much is for trackers and the DHT to hear of it. */
export const farewellMs = 2500;

/** What a scanner is sent at once: clamd reads as it comes, and a file of any size takes no more memory than this. */
export const scanChunkBytes = 256 * 1024;

/** A scanner's answer is one line with the name of what it found. */
export const longestScanAnswer = 4096;

/** Of what a program writes to stderr: its first line is shown. */
export const longestComplaint = 4096;

/** More would wait for each other at the disk; clamd has ten threads for everybody. */
export const mostScansAtOnce = 2;

/** A scanner that is just starting is asked again soon, and one that stays away every five minutes. */
export const firstScanAgainMs = 1000;
export const lastScanAgainMs = 5 * 60_000;

/** What runs when a transfer is complete may unpack or move it; what has not ended by then hangs. */
export const onCompletePatienceMs = 60 * 60_000;

/** Labels with a folder of their own, or that a remote made; some dozens are usual. */
export const mostLabels = 10_000;

/** Of one transfer, as the API has it. */
export const mostLabelsEach = 32;
export const longestLabelsFile = 8 * 1024 * 1024;

/** Asked by hand or by a remote for new peers, a transfer asks its trackers no more often than this. */
export const announceAgainMs = 30_000;

/** A user, a token of 64 digits, and what a form adds. */
export const longestLoginBody = 16 * 1024;

/** A form of qBittorrent's API has some twenty fields; one holds thousands of hashes or links at most. */
export const mostFormFields = 200;
export const longestFormField = 16 * 1024 * 1024;
export const mostFormFiles = 1000;

/** Tools that log in with every request leave as many sessions behind. */
export const mostSessions = 200;
export const sessionIdleMs = 60 * 60_000;

/** A token of 256 bits is not guessed; who tries costs no more than this. */
export const mostLoginFailures = 5;
export const loginBanMs = 10 * 60_000;
export const mostRememberedLogins = 10_000;

/** A web server that has not sent a torrent file by then goes on without the one who asked. */
export const addressPatienceMs = 15_000;

/** What happened, for a log that others read by number. */
export const mostHappeningsKept = 2000;

/** Watch folders are looked at this often; a file counts as written when it was the same twice. */
export const watchIntervalMs = 2000;

/** What cannot be a torrent is refused when it has not changed for so long. */
export const watchSettledMs = 6000;

/** What breaks off in the middle may still be on its way over a slow line. */
export const watchTruncatedMs = 2 * 60_000;

/** What could not be added for a reason outside of it: no room, no right to read it. */
export const watchAgainMs = 5000;
export const watchLongestAgainMs = 5 * 60_000;

/** Of one folder at a time; the others come when these were set aside. */
export const mostWatchedFiles = 10_000;

/** Files of a transfer that stands still, as runs of equal ones in its line of the ledger: some ten bytes each. */
export const mostFileRuns = 2_000;

/** A magnet link has some hundred bytes; some have hundreds of trackers. */
export const longestLinkFile = 1024 * 1024;

/** The longest feeds in use have some hundred items and 1 MB. */
export const longestFeed = 8 * 1024 * 1024;
export const mostFeedItems = 2000;

/** Of a feed as a whole; one that drips is given up. Torrent files of its items may take as long each. */
export const feedPatienceMs = 30_000;

/** Feeds are five elements deep; some bring HTML along that nobody escaped. */
export const deepestFeed = 64;

/** Bare ampersands are common; beyond this it is something else. */
export const mostFeedMistakes = 1000;

/** Of one element's text; descriptions are not read. */
export const longestFeedText = 16 * 1024;

/** Parsed at once, before others have their turn. */
export const feedSliceChars = 128 * 1024;

/** A regular expression over all titles of a feed; a good one takes a few milliseconds. */
export const patternPatienceMs = 250;

export const mostFeeds = 500;
export const usualFeedSeconds = 15 * 60;
export const longestFeedsFile = 4 * 1024 * 1024;
export const longestFeedsState = 256 * 1024 * 1024;

/** Of each feed: items that were taken, and episodes. Feeds show their last hundred. */
export const mostRemembered = 5000;

/** New transfers of one answer; the others come with the next. */
export const mostTakenAtOnce = 100;

/** An item whose torrent cannot be had is tried with so many answers. */
export const mostItemTries = 5;

/** Feeds that are asked at the same time. */
export const mostFeedsAtOnce = 4;

/** Whether somebody has edited the file of feeds. */
export const feedsLookMs = 5000;

/** A server that asks for patience gets it up to a day. */
export const longestRetryAfterMs = 24 * 60 * 60_000;

/** What a trusted publisher has published is let out without asking again: all files of a torrent, and not for good. */
export const longestYesMs = 10 * 60_000;
export const mostYesKept = 1000;

/** What Transmission's remotes call recent. */
export const recentlyActiveMs = 60_000;
export const mostRemovedTold = 10_000;

/** Of one form: a remote that hands over a whole list. Those that are addresses are fetched some at a time. */
export const mostLinksAtOnce = 5000;
export const mostAddressesAtOnce = 8;
