// What the node remembers of one transfer, as it stands on the disk. What cannot be meant is dropped on reading, so that
// one damaged field costs itself and not the transfer.

import { fromHex } from '@shoal/base';
import type { InfoHashes } from '@shoal/metainfo';
import type { TransferMode } from '@shoal/swarm';
import type { FileRun } from './file-bytes.ts';

export type Priority = 'skip' | 'low' | 'normal' | 'high';

/** Which files are wanted, and how soon. The last rule that is there decides: globs, ranges, then runs. */
export interface Choice {
  /** Only files whose path or name fits one. */
  readonly globs?: readonly string[];
  /** Only these (BEP 53), both ends included. */
  readonly ranges?: readonly (readonly [first: number, last: number])[];
  /** For each file in order, so many in a row. */
  readonly runs?: readonly (readonly [priority: Priority, count: number])[];
}

export interface TransferRecord {
  /** Its name for the API: what it was added with, v1 before v2. */
  readonly id: string;
  /** All info hashes that are known, in hexadecimal. */
  readonly v1?: string;
  readonly v2?: string;
  /** Its folder below DATA/transfers. */
  readonly state: string;
  readonly name: string;
  /** What somebody calls it; its files are called as before. */
  readonly title?: string;
  readonly isPrivate: boolean;
  readonly folder: string;
  readonly addedMs: number;
  readonly completedMs?: number;
  /** Its torrent file is in its folder. */
  readonly hasTorrent: boolean;
  /** The magnet link, while that is all there is. */
  readonly link?: string;
  readonly trackers: readonly (readonly string[])[];
  /** Beside those of the torrent. */
  readonly webSeeds: readonly string[];
  readonly labels: readonly string[];
  readonly limits: { readonly down: number | null; readonly up: number | null };
  readonly goals: { readonly ratio?: number; readonly seconds?: number };
  readonly isPaused: boolean;
  readonly isForced: boolean;
  readonly overwrite: boolean;
  readonly mode: TransferMode;
  readonly choice: Choice;
  /** It was asked to move there, and has not said that it is done. */
  readonly movingTo?: string;
  /** A scanner said no to this file; it stays paused until one says yes. */
  readonly refused?: { readonly path: string; readonly reason: string };
  /** Of everything in it, and of what is wanted: as of the last time that it was looked at. */
  readonly size: number;
  readonly bytes: number;
  readonly total: number;
  readonly isComplete: boolean;
  /** Of one that was not complete: what was verified of its files. */
  readonly fileRuns?: readonly FileRun[];
  readonly history: {
    readonly downloadedBytes: number;
    readonly uploadedBytes: number;
    readonly sharedMs: number;
  };
}

export function infoHashesOf({ v1, v2 }: Pick<TransferRecord, 'v1' | 'v2'>): InfoHashes {
  const [one, two] = [v1 && fromHex(v1), v2 && fromHex(v2)];
  return { ...(one && { v1: one }), ...(two && { v2: two }) };
}

const priorities: readonly unknown[] = ['skip', 'low', 'normal', 'high'];

/** Undefined for what cannot be a transfer at all. */
export function readRecord(value: unknown): TransferRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found: Partial<Record<keyof TransferRecord, unknown>> = value;
  const { id, state, folder, link } = found;
  const [v1, v2] = [hexOf(found.v1, 40), hexOf(found.v2, 64)];
  if (hexOf(id, 40) === undefined && hexOf(id, 64) === undefined) return undefined;
  if (v1 === undefined && v2 === undefined) return undefined;
  if (hexOf(state, 40) === undefined && hexOf(state, 64) === undefined) return undefined;
  if (typeof folder !== 'string') return undefined;
  const hasTorrent = found.hasTorrent === true;
  if (!hasTorrent && typeof link !== 'string') return undefined;
  const limits = objectOf(found.limits);
  const goals = objectOf(found.goals);
  const history = objectOf(found.history);
  const completedMs = amountOf(found.completedMs);
  const refused = objectOf(found.refused);
  const [ratio, seconds] = [amountOf(goals.ratio), amountOf(goals.seconds)];
  return {
    id: String(id),
    ...(v1 && { v1 }),
    ...(v2 && { v2 }),
    state: String(state),
    name: typeof found.name === 'string' ? found.name : '',
    ...(typeof found.title === 'string' && { title: found.title }),
    isPrivate: found.isPrivate === true,
    folder,
    addedMs: amountOf(found.addedMs) ?? 0,
    ...(completedMs !== undefined && { completedMs }),
    hasTorrent,
    ...(typeof link === 'string' && { link }),
    trackers: listOf(found.trackers).map(textsOf),
    webSeeds: textsOf(found.webSeeds),
    labels: textsOf(found.labels),
    limits: { down: amountOf(limits.down) ?? null, up: amountOf(limits.up) ?? null },
    goals: { ...(ratio !== undefined && { ratio }), ...(seconds !== undefined && { seconds }) },
    isPaused: found.isPaused === true,
    isForced: found.isForced === true,
    overwrite: found.overwrite === true,
    mode: modeOf(found.mode),
    choice: choiceOf(objectOf(found.choice)),
    ...(typeof found.movingTo === 'string' && { movingTo: found.movingTo }),
    ...(typeof refused.path === 'string' && {
      refused: { path: refused.path, reason: typeof refused.reason === 'string' ? refused.reason : '' },
    }),
    size: amountOf(found.size) ?? 0,
    bytes: amountOf(found.bytes) ?? 0,
    total: amountOf(found.total) ?? 0,
    isComplete: found.isComplete === true,
    ...(Array.isArray(found.fileRuns) && { fileRuns: found.fileRuns.filter(isFileRun) }),
    history: {
      downloadedBytes: amountOf(history.downloadedBytes) ?? 0,
      uploadedBytes: amountOf(history.uploadedBytes) ?? 0,
      sharedMs: amountOf(history.sharedMs) ?? 0,
    },
  };
}

function isFileRun(value: unknown): value is FileRun {
  if (!Array.isArray(value) || value.length !== 2) return false;
  return (value[0] === 'all' || amountOf(value[0]) !== undefined) && amountOf(value[1]) !== undefined;
}

function modeOf(value: unknown): TransferMode {
  const { kind, mostBytes } = objectOf(value);
  if (kind === 'super-seed') return { kind };
  const most = amountOf(mostBytes);
  return kind === 'share' && most !== undefined ? { kind, mostBytes: most } : { kind: 'usual' };
}

function choiceOf({ globs, ranges, runs }: Readonly<Record<string, unknown>>): Choice {
  const isRange = (range: unknown): range is readonly [number, number] =>
    Array.isArray(range) && range.length === 2 && range.every((end) => amountOf(end) !== undefined);
  const isRun = (run: unknown): run is readonly [Priority, number] =>
    Array.isArray(run) && priorities.includes(run[0]) && amountOf(run[1]) !== undefined;
  return {
    ...(Array.isArray(globs) && { globs: textsOf(globs) }),
    ...(Array.isArray(ranges) && { ranges: ranges.filter(isRange) }),
    ...(Array.isArray(runs) && { runs: runs.filter(isRun) }),
  };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textsOf(value: unknown): string[] {
  return listOf(value).filter((item) => typeof item === 'string');
}

function amountOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function hexOf(value: unknown, length: number): string | undefined {
  return typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value)
    ? value
    : undefined;
}
