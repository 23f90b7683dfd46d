// Bounds of what is published. An index and its users hold to the same ones.

import { longestRecord } from '@shoal/identity';

/** In characters. What lists show in one line; the longest names that release groups give have 180. */
export const longestTitle = 200;
/** In bytes of UTF-8, like all of the following. Three pages of text; a page of fifty results stays below 2.5 MB. */
export const longestDescription = 10_000;
export const maxTags = 16;
export const longestTag = 32;
export const longestLicence = 64;
/** Paths of files in a publication, together: enough to find what is inside. How many there are in all is a number. */
export const longestFileList = 10_000;
export const longestPath = 400;
export const maxFiles = 300;
/** Trackers that lead to it, beside the index itself. */
export const maxPublishedTrackers = 8;
export const longestTrackerUrl = 200;
/** Earlier torrents that one takes the place of. */
export const maxSuperseded = 16;
/** All of that together, with keys, lengths and the signature. */
export const longestPublication = Math.min(32 * 1024, longestRecord);

/** In bytes of UTF-8: a comment of a page. */
export const longestComment = 2_000;
/** A rating, a report or a withdrawal. */
export const longestOpinion = 3_000;

/** Closed, so that filters and the numbers of Torznab fit them. */
export const categories = [
  'movies',
  'tv',
  'video',
  'audio',
  'software',
  'games',
  'books',
  'images',
  'data',
  'adult',
  'other',
] as const;
export type Category = (typeof categories)[number];

export const reportReasons = ['fake', 'malware', 'illegal', 'spam', 'duplicate', 'other'] as const;
export type ReportReason = (typeof reportReasons)[number];

/** A page of results with what was signed: fifty of the longest publications in base64. */
export const longestFound = 2_500_000;
/** Results that a client asks for at once. */
export const foundAtOnce = 50;
