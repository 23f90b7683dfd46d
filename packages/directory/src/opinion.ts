// What others than the publisher say of a torrent: ratings with comments, one a key, and reports of what is wrong with
// it. The one with the highest sequence holds; a rating without stars and words takes back the one before.

import { type Identity, readRecord, signRecord, type UnverifiedRecord } from '@shoal/identity';
import { BodyReader, bad } from './body-reader.ts';
import { longestComment, longestOpinion, type ReportReason, reportReasons } from './catalogue-bounds.ts';
import {
  readPublication,
  readWithdrawal,
  type Saying,
  timesOf,
  type UnverifiedPublication,
  type UnverifiedWithdrawal,
} from './publication.ts';

export interface RatingContent {
  /** 20 bytes. */
  readonly torrent: Uint8Array;
  /** 1 to 5. */
  readonly stars?: number | undefined;
  readonly comment?: string | undefined;
}

export interface ReportContent {
  readonly torrent: Uint8Array;
  readonly reason: ReportReason;
  /** For those who run the index. */
  readonly comment?: string | undefined;
}

export interface UnverifiedRating extends RatingContent {
  readonly kind: 'rating';
  readonly record: UnverifiedRecord;
}

export interface UnverifiedReport extends ReportContent {
  readonly kind: 'report';
  readonly record: UnverifiedRecord;
}

/** All that the catalogue of an index takes. */
export type UnverifiedEntry =
  | UnverifiedPublication
  | UnverifiedWithdrawal
  | UnverifiedRating
  | UnverifiedReport;

const ratingKind = 'rating';
const reportKind = 'report';
const kinds = ['publication', 'withdrawal', ratingKind, reportKind] as const;

/** Throws DirectoryError `bad-publication` for what no index takes. */
export function signRating(
  identity: Identity,
  { torrent, stars, comment }: RatingContent,
  saying: Saying,
): Uint8Array {
  const body = { stars, text: comment, torrent };
  const record = signRecord(identity, { kind: ratingKind, ...timesOf(saying), body });
  readRating(record);
  return record;
}

/** Throws DirectoryError `bad-publication` for what no index takes. */
export function signReport(
  identity: Identity,
  { torrent, reason, comment }: ReportContent,
  saying: Saying,
): Uint8Array {
  const body = { reason, text: comment, torrent };
  const record = signRecord(identity, { kind: reportKind, ...timesOf(saying), body });
  readReport(record);
  return record;
}

/**
 * Whatever kind it is of. Throws IdentityError `bad-record` or DirectoryError `bad-publication`. Signature and times are
 * not looked at.
 */
export function readEntry(bytes: Uint8Array): UnverifiedEntry {
  switch (kindOf(bytes)) {
    case 'withdrawal':
      return readWithdrawal(bytes);
    case 'rating':
      return readRating(bytes);
    case 'report':
      return readReport(bytes);
    default:
      return readPublication(bytes);
  }
}

/** A look at where every record has its kind, from the end of what is before the signature; reading it is what checks. */
function kindOf(bytes: Uint8Array): string | undefined {
  const end = bytes.subarray(-200);
  const tail = Buffer.from(end.buffer, end.byteOffset, end.byteLength).toString('latin1');
  return kinds.find((kind) => tail.includes(`4:kind${kind.length}:${kind}4:made`));
}

function readRating(bytes: Uint8Array): UnverifiedRating {
  const record = readRecord(bytes, { kind: ratingKind, longest: longestOpinion });
  const body = new BodyReader(record, ['stars', 'text', 'torrent']);
  const stars = body.count('stars', 5);
  if (stars === 0) throw bad('a rating has 1 to 5 stars, or none');
  const comment = body.text('text', { most: longestComment, lines: true });
  return { kind: 'rating', record, torrent: body.name(), stars, comment };
}

function readReport(bytes: Uint8Array): UnverifiedReport {
  const record = readRecord(bytes, { kind: reportKind, longest: longestOpinion });
  const body = new BodyReader(record, ['reason', 'text', 'torrent']);
  const named = body.text('reason', { most: 32 });
  const reason = reportReasons.find((one) => one === named);
  if (reason === undefined) throw bad(`its reason is none of ${reportReasons.join(', ')}`);
  const comment = body.text('text', { most: longestComment, lines: true });
  return { kind: 'report', record, torrent: body.name(), reason, comment };
}
