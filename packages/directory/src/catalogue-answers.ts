// What an index answers about its catalogue: JSON with stable names for whoever reads it with curl, and, where `records`
// was asked for, what was signed, from which a client reads what it believes.

import { fromUtf8 } from '@shoal/base';
import { verifyRecord } from '@shoal/identity';
import { DirectoryError } from './errors.ts';
import { readPublication, type UnverifiedPublication } from './publication.ts';

export interface FoundEntry {
  /** Of this index's catalogue. */
  readonly revision: number;
  readonly publication: UnverifiedPublication;
  readonly magnet: string;
  readonly addedMs: number;
  readonly health: {
    readonly seeds: number;
    readonly leechers: number;
    readonly completed: number;
    readonly seenMs: number;
  };
  readonly stars: number;
  readonly ratings: number;
  readonly reports: number;
}

export interface FoundAnswer {
  readonly entries: readonly FoundEntry[];
  readonly total: number;
  readonly isComplete: boolean;
  readonly corrected: Readonly<Record<string, string>>;
}

/** More than any index gives on one page. */
const maxFound = 100;
/** "A word was read as another": more words are in no search. */
const maxCorrected = 20;

/** With `records`, what was signed stands for all that it says. */
export function encodeFoundEntry(entry: FoundEntry, { records }: { readonly records: boolean }) {
  return { ...(records ? signedOf(entry) : saidOf(entry)), ...knownOf(entry) };
}

function signedOf({ publication: { record, torrent } }: FoundEntry) {
  return { infoHash: hex(torrent), record: Buffer.from(record.bytes).toString('base64') };
}

/** What this index adds. */
function knownOf({ revision, addedMs, health, stars, ratings, reports }: FoundEntry) {
  return {
    added: new Date(addedMs).toISOString(),
    revision,
    seeds: health.seeds,
    leechers: health.leechers,
    completed: health.completed,
    seen: health.seenMs === 0 ? undefined : new Date(health.seenMs).toISOString(),
    stars: ratings === 0 ? undefined : stars,
    ratings,
    reports,
  };
}

function saidOf({ publication, magnet }: FoundEntry) {
  const { title, category, description, tags, language, licence, size, files, fileCount, record } =
    publication;
  const { v1, v2 } = publication.infoHashes;
  return {
    infoHash: hex(publication.torrent),
    v1: v1 && hex(v1),
    v2: v2 && hex(v2),
    title,
    category,
    description,
    tags,
    language,
    licence,
    size,
    files,
    fileCount,
    supersedes: publication.supersedes.map(hex),
    magnet,
    publisher: hex(record.key),
    published: new Date(1000 * record.madeAt).toISOString(),
  };
}

export function encodeFound(
  { entries, ...rest }: FoundAnswer,
  options: { readonly records: boolean },
): string {
  const found = entries.map((entry) => encodeFoundEntry(entry, options));
  return `${JSON.stringify({ ...rest, entries: found })}\n`;
}

export interface ReadEntry extends Omit<FoundEntry, 'magnet'> {
  /** The publisher's key signed it. */
  readonly publication: UnverifiedPublication;
}

export interface ReadFound {
  readonly entries: readonly ReadEntry[];
  /** Forged, or not to be read. */
  readonly refused: number;
  readonly total: number;
  readonly isComplete: boolean;
  readonly corrected: Readonly<Record<string, string>>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Throws DirectoryError `malformed`. One entry that is forged hides no others. */
export function parseFound(bytes: Uint8Array): ReadFound {
  let root: unknown;
  try {
    root = JSON.parse(fromUtf8(bytes) ?? '');
  } catch (cause) {
    throw malformed('it is no JSON', cause);
  }
  if (!isFields(root) || !Array.isArray(root.entries)) throw malformed('it lists no entries');
  const listed: unknown[] = root.entries.slice(0, maxFound);
  const entries = listed.flatMap((item) => readFound(item) ?? []);
  const corrected = isFields(root.corrected) ? Object.entries(root.corrected).slice(0, maxCorrected) : [];
  return {
    entries,
    refused: listed.length - entries.length,
    total: Math.max(entries.length, numberOf(root.total)),
    isComplete: root.isComplete !== false,
    corrected: Object.fromEntries(
      corrected.flatMap(([from, to]) => (typeof to === 'string' && to.length <= 64 ? [[from, to]] : [])),
    ),
  };
}

function readFound(item: unknown): ReadEntry | undefined {
  if (!isFields(item) || typeof item.record !== 'string') return undefined;
  try {
    const publication = readPublication(Uint8Array.from(Buffer.from(item.record, 'base64')));
    return {
      publication: { ...publication, record: verifyRecord(publication.record) },
      revision: numberOf(item.revision),
      addedMs: timeOf(item.added),
      health: {
        seeds: numberOf(item.seeds),
        leechers: numberOf(item.leechers),
        completed: numberOf(item.completed),
        seenMs: timeOf(item.seen),
      },
      stars: typeof item.stars === 'number' ? Math.max(0, Math.min(5, item.stars)) : 0,
      ratings: numberOf(item.ratings),
      reports: numberOf(item.reports),
    };
  } catch {
    return undefined;
  }
}

function numberOf(value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0;
}

function timeOf(value: unknown): number {
  const ms = typeof value === 'string' && value.length < 40 ? Date.parse(value) : Number.NaN;
  return Number.isFinite(ms) && ms > 0 ? ms : 0;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(why: string, cause?: unknown): DirectoryError {
  return new DirectoryError('malformed', `The index gave no proper answer: ${why}.`, { cause });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
