// A publication: what a key says of a torrent, for others to find it; and its withdrawal. One key has one publication of
// a torrent: the one with the highest sequence, of both kinds, holds. Neither runs out.

import { toUtf8 } from '@shoal/base';
import { type Identity, latestSeconds, readRecord, signRecord, type UnverifiedRecord } from '@shoal/identity';
import { BodyReader, bad, nameLength } from './body-reader.ts';
import {
  type Category,
  categories,
  longestDescription,
  longestFileList,
  longestLicence,
  longestOpinion,
  longestPath,
  longestPublication,
  longestTag,
  longestTitle,
  longestTrackerUrl,
  maxFiles,
  maxPublishedTrackers,
  maxSuperseded,
  maxTags,
} from './catalogue-bounds.ts';

export interface PublishedFile {
  /** With "/" between folders; what people are shown, and no place to write to. */
  readonly path: string;
  readonly length: number;
}

export interface PublicationContent {
  /** One of them at least. */
  readonly infoHashes: { readonly v1?: Uint8Array | undefined; readonly v2?: Uint8Array | undefined };
  readonly title: string;
  readonly description?: string | undefined;
  /** Small letters, digits and "-" between them, in any script. */
  readonly tags: readonly string[];
  readonly category: Category;
  /** As in BCP 47: "de", "pt-BR". */
  readonly language?: string | undefined;
  /** As in SPDX, or a name: "CC-BY-4.0". */
  readonly licence?: string | undefined;
  /** Bytes of content, where the publisher knows. */
  readonly size?: number | undefined;
  /** All or the first ones of `fileCount`. */
  readonly files: readonly PublishedFile[];
  readonly fileCount?: number | undefined;
  readonly trackers: readonly string[];
  /** Torrents, 20 bytes each, whose publications by the same key it takes the place of. */
  readonly supersedes: readonly Uint8Array[];
}

/** Sequence and time of a record that does not run out. */
export interface Saying {
  readonly sequence: number;
  /** Seconds since 1970. */
  readonly madeAt: number;
}

export interface UnverifiedPublication extends PublicationContent {
  readonly kind: 'publication';
  readonly record: UnverifiedRecord;
  /** By which it is known: 20 bytes. */
  readonly torrent: Uint8Array;
}

export interface UnverifiedWithdrawal {
  readonly kind: 'withdrawal';
  readonly record: UnverifiedRecord;
  readonly torrent: Uint8Array;
}

const publicationKind = 'publication';
const withdrawalKind = 'withdrawal';
const entries = [
  'category',
  'count',
  'files',
  'language',
  'licence',
  'size',
  'supersedes',
  'tags',
  'text',
  'title',
  'trackers',
  'v1',
  'v2',
];
const tagPattern = /^[\p{Ll}\p{Lo}\p{Lm}\p{M}\p{N}]+(-[\p{Ll}\p{Lo}\p{Lm}\p{M}\p{N}]+)*$/u;
const languagePattern = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/;

/** Throws DirectoryError `bad-publication` for content that no index takes. */
export function signPublication(identity: Identity, content: PublicationContent, saying: Saying): Uint8Array {
  const { infoHashes, description, files, fileCount, ...same } = content;
  const { category, language, licence, size, supersedes, tags, title, trackers } = same;
  const record = signRecord(identity, {
    kind: publicationKind,
    ...timesOf(saying),
    body: {
      category,
      count: fileCount,
      files: files.length === 0 ? undefined : files.map(({ path, length }) => [path, length]),
      language,
      licence,
      size,
      supersedes: supersedes.length === 0 ? undefined : supersedes,
      tags: tags.length === 0 ? undefined : tags,
      text: description,
      title,
      trackers: trackers.length === 0 ? undefined : trackers,
      v1: infoHashes.v1,
      v2: infoHashes.v2,
    },
  });
  readPublication(record);
  return record;
}

export function signWithdrawal(identity: Identity, torrent: Uint8Array, saying: Saying): Uint8Array {
  return signRecord(identity, { kind: withdrawalKind, ...timesOf(saying), body: { torrent } });
}

export function timesOf({ sequence, madeAt }: Saying) {
  return { sequence, madeAt, expiresAt: latestSeconds };
}

/** Throws IdentityError `bad-record` or DirectoryError. Signature and times are not looked at. */
export function readPublication(bytes: Uint8Array): UnverifiedPublication {
  const record = readRecord(bytes, { kind: publicationKind, longest: longestPublication });
  const body = new BodyReader(record, entries);
  const v1 = body.bytes('v1', nameLength);
  const v2 = body.bytes('v2', 32);
  const torrent = v1 ?? v2?.subarray(0, nameLength);
  if (torrent === undefined) throw bad('it names no torrent');
  const title = body.text('title', { most: 4 * longestTitle });
  if (title === undefined || [...title].length > longestTitle)
    throw bad(`it has no title of up to ${longestTitle} characters`);
  const named = body.text('category', { most: 32 });
  const category = categories.find((one) => one === named);
  if (category === undefined) throw bad(`its category is none of ${categories.join(', ')}`);
  const language = body.text('language', { most: 32 });
  if (language !== undefined && !languagePattern.test(language))
    throw bad('its language is no tag of BCP 47');
  const tags = body.texts('tags', maxTags, { most: longestTag });
  if (tags.some((tag) => !tagPattern.test(tag)))
    throw bad('a tag has other characters than small letters, digits and hyphens');
  const trackers = body.texts('trackers', maxPublishedTrackers, { most: longestTrackerUrl });
  if (trackers.some((url) => !/^(https?|udp|wss?):$/.test(URL.parse(url)?.protocol ?? '')))
    throw bad('a tracker begins with http, https, udp, ws or wss');
  const pairs = body.pairs('files', maxFiles, { most: longestPath });
  if (pairs.reduce((sum, { text }) => sum + toUtf8(text).length, 0) > longestFileList)
    throw bad(`its list of files has more than ${longestFileList} bytes`);
  const files = pairs.map(({ text, value }) => ({ path: text, length: value }));
  return {
    kind: 'publication',
    record,
    torrent,
    infoHashes: { v1, v2 },
    title,
    category,
    language,
    tags,
    trackers,
    files,
    description: body.text('text', { most: longestDescription, lines: true }),
    licence: body.text('licence', { most: longestLicence }),
    size: body.count('size'),
    fileCount: body.count('count') ?? (files.length === 0 ? undefined : files.length),
    supersedes: body.list('supersedes', maxSuperseded, nameLength),
  };
}

/** Throws IdentityError `bad-record` or DirectoryError. Signature and times are not looked at. */
export function readWithdrawal(bytes: Uint8Array): UnverifiedWithdrawal {
  const record = readRecord(bytes, { kind: withdrawalKind, longest: longestOpinion });
  return { kind: 'withdrawal', record, torrent: new BodyReader(record, ['torrent']).name() };
}
