// An index that follows another one: it starts from the other's export and stays in step by its change log. Invariants:
// nothing is believed but what its publisher signed; where it stands is written down after what it took, so that a kill
// takes some records twice and misses none.

import { type Clock, type Disk, equalBytes, fromHex, type Hashing, type Timer } from '@shoal/base';
import { maxChanges } from '../catalogue/bounds.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { IndexDatabase } from '../database/database.ts';
import { IndexError } from '../errors.ts';
import type { Section } from '../section.ts';
import { fieldsOf, jsonIn, strange } from './answers.ts';
import { type AskingParts, askBytes, askFile } from './asking.ts';
import { followEveryMs, longestChanges, longestManifest, retryAfterMs } from './bounds.ts';
import { followBlocks } from './following-blocks.ts';
import { readManifest, type VerifiedManifest } from './manifest.ts';
import { rootOf, takeRecords } from './records-file.ts';

export interface FollowParts extends AskingParts {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly hashing: Hashing;
  readonly database: IndexDatabase;
  readonly catalogue: Catalogue;
  /** Of the other index, with a "/" at its end. */
  readonly url: string;
  /** Absolute: for an export while it is read. */
  readonly folder: string;
  /** Whether what the other index blocks, and tells, is blocked here, too. */
  readonly blocks?: boolean;
  readonly failed: (error: unknown) => void;
}

interface Standing {
  /** Of the other index; empty where it has made no export. */
  readonly key: string;
  /** Of its catalogue: all up to this was taken. */
  readonly revision: number;
  /** Of what it blocks. */
  readonly blocks?: number;
}

export function follow(parts: FollowParts): Section {
  const { clock, database, catalogue, url, failed } = parts;
  const fact = `follow ${url}`;
  const stop = new AbortController();
  const counts = { taken: 0, refused: 0 };
  let standing: Standing | undefined;
  let trouble: string | undefined;
  let timer: Timer | undefined;
  let round: Promise<void> = run();

  async function run(): Promise<void> {
    let waitMs = followEveryMs;
    try {
      standing ??= readStanding(await database.fact(fact)) ?? (await begin());
      while (!stop.signal.aborted && (await step()));
      trouble = undefined;
    } catch (error) {
      waitMs = retryAfterMs;
      const said = error instanceof Error ? error.message : String(error);
      // Told once, not at each attempt.
      if (said !== trouble && !stop.signal.aborted) failed(error);
      trouble = said;
    }
    if (!stop.signal.aborted)
      timer = clock.setTimer(waitMs, () => {
        round = run();
      });
  }

  async function stand(next: Standing): Promise<Standing> {
    await database.setFact(fact, JSON.stringify(next));
    standing = next;
    return next;
  }

  async function begin(): Promise<Standing> {
    const described = await askBytes(parts, `${url}export`, longestChanges, stop.signal);
    if (described === undefined) return stand({ key: '', revision: 0 });
    const { name, key } = readDescription(described);
    const place = `${url}export/files/${encodeURIComponent(name)}/`;
    const bytes = await askBytes(parts, `${place}manifest`, longestManifest, stop.signal);
    if (bytes === undefined)
      throw new IndexError('unavailable', `The export of ${url} is just being replaced.`);
    const manifest = readManifest(bytes);
    if (manifest.key !== key)
      throw new IndexError('invalid', `The export of ${url} is signed by another key.`);
    await takeExport(`${place}records`, manifest);
    return stand({ key, revision: manifest.revision });
  }

  async function takeExport(from: string, manifest: VerifiedManifest): Promise<void> {
    const { disk, hashing, folder } = parts;
    await disk.makeFolder(folder, { mode: 0o700 });
    const path = `${folder}/followed-records`;
    const file = await disk.open(path, { write: true, create: true });
    try {
      await file.truncate(0);
      if (!(await askFile(parts, { url: from, longest: manifest.length, file }, stop.signal)))
        throw new IndexError('unavailable', `The export of ${url} is just being replaced.`);
    } finally {
      await file.close();
    }
    try {
      const root = await rootOf(hashing, path, manifest.length, stop.signal);
      if (root === undefined || !equalBytes(root, manifest.root))
        throw new IndexError('invalid', `The export of ${url} is not what its manifest says.`);
      count(await takeRecords(disk, path, catalogue, stop.signal));
    } finally {
      await disk.removeFile(path);
    }
  }

  /** True when there may be more at once. */
  async function step(): Promise<boolean> {
    const { key, revision, blocks } = standing ?? { key: '', revision: 0 };
    const query = `after=${revision}&limit=${maxChanges}`;
    const bytes = await askBytes(parts, `${url}api/catalogue/changes?${query}`, longestChanges, stop.signal);
    if (bytes === undefined) throw new IndexError('unavailable', `${url} has no catalogue to follow.`);
    const { latest, changes, next, blocksVersion } = readChanges(bytes, revision);
    // What is blocked is blocked before what comes after it is taken.
    if (parts.blocks === true && blocksVersion !== undefined && blocksVersion !== blocks) {
      await followBlocks(parts, stop.signal);
      await stand({ key, revision, blocks: blocksVersion });
    }
    const standingBlocks = standing?.blocks === undefined ? {} : { blocks: standing.blocks };
    if (next === undefined) {
      // Its catalogue was begun anew, or comes from an older copy: what is known already costs little.
      if (latest < revision) await stand({ key, revision: 0, ...standingBlocks });
      return latest < revision;
    }
    if (changes.length > 0) count(await catalogue.takeAll(changes.map(({ record }) => record)));
    await stand({ key, revision: next, ...standingBlocks });
    return true;
  }

  function count({ taken, refused }: { readonly taken: number; readonly refused: number }): void {
    counts.taken += taken;
    counts.refused += refused;
  }

  return {
    routes: [],
    metrics: () => [
      {
        name: 'followed_revision',
        help: 'Up to which revision another index was followed.',
        kind: 'gauge',
        values: [{ labels: { url }, value: standing?.revision ?? 0 }],
      },
      {
        name: 'followed_records_total',
        help: 'Records of other indexes, by what became of them.',
        kind: 'counter',
        values: Object.entries(counts).map(([what, value]) => ({ labels: { url, what }, value })),
      },
      {
        name: 'follow_troubled',
        help: '1 while another index cannot be followed.',
        kind: 'gauge',
        values: [{ labels: { url }, value: trouble === undefined ? 0 : 1 }],
      },
    ],
    async close() {
      stop.abort();
      timer?.cancel();
      await round;
    },
  };
}

function readStanding(text: string | undefined): Standing | undefined {
  if (text === undefined) return undefined;
  const value = fieldsOf(JSON.parse(text));
  if (typeof value.key !== 'string' || !Number.isSafeInteger(value.revision)) return undefined;
  const blocks = typeof value.blocks === 'number' ? { blocks: value.blocks } : {};
  return { key: value.key, revision: Number(value.revision), ...blocks };
}

function readDescription(bytes: Uint8Array): { readonly name: string; readonly key: string } {
  const { name, key } = jsonIn(bytes);
  if (typeof name !== 'string' || !/^shoal-catalogue-\d{1,16}$/.test(name)) throw strange();
  if (typeof key !== 'string' || fromHex(key)?.length !== 32) throw strange();
  return { name, key };
}

interface ReadChange {
  readonly revision: number;
  readonly record: Uint8Array;
}

interface ReadChanges {
  /** The highest that there is. */
  readonly latest: number;
  readonly changes: readonly ReadChange[];
  /** After what to go on; undefined at the end. */
  readonly next: number | undefined;
  readonly blocksVersion: number | undefined;
}

/** Revisions only grow: whoever sends others would make us ask for the same without end. */
function readChanges(bytes: Uint8Array, after: number): ReadChanges {
  const { revision: latest, changes, next, blocks } = jsonIn(bytes);
  if (!Number.isSafeInteger(latest) || !Array.isArray(changes) || changes.length > maxChanges)
    throw strange();
  let before = after;
  const read = changes.map((item: unknown): ReadChange => {
    const { revision, record } = fieldsOf(item);
    if (!Number.isSafeInteger(revision) || Number(revision) <= before || typeof record !== 'string')
      throw strange();
    before = Number(revision);
    return { revision: before, record: Uint8Array.from(Buffer.from(record, 'base64')) };
  });
  if (next !== undefined && (!Number.isSafeInteger(next) || Number(next) < before || Number(next) <= after))
    throw strange();
  return {
    latest: Number(latest),
    changes: read,
    next: next === undefined ? read.at(-1)?.revision : Number(next),
    blocksVersion: typeof blocks === 'number' ? blocks : undefined,
  };
}
