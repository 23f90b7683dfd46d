// The export of a catalogue as a torrent of two files, `manifest` and `records`, on disk below a folder of its own:
// FOLDER/REVISION/…. Invariant: an export has its file `torrent` only when all of it is on the disk.

import { type Clock, type Disk, type Hashing, toHex } from '@shoal/base';
import type { Identity } from '@shoal/identity';
import { createTorrent, parseTorrent, pieceWork, planTorrent, type Torrent } from '@shoal/metainfo';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { readBytes, writeBytes } from './files.ts';
import { readManifest, signManifest, type VerifiedManifest } from './manifest.ts';
import { rootOf, writeRecords } from './records-file.ts';

export interface ExportParts {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly hashing: Hashing;
  readonly catalogue: Catalogue;
  readonly identity: Identity;
  /** Absolute. */
  readonly folder: string;
}

export interface Exported {
  readonly manifest: VerifiedManifest;
  readonly manifestBytes: Uint8Array;
  /** Without trackers and web seeds, which depend on who asks. */
  readonly torrent: Torrent;
  readonly infoHash: string;
  readonly folder: string;
}

const longestTorrent = 16 * 1024 * 1024;

/** The newest one that is whole; older ones are removed. */
export async function findExport(parts: ExportParts): Promise<Exported | undefined> {
  const { disk, folder } = parts;
  const names = await disk.list(folder).catch(() => []);
  const revisions = names
    .filter((name) => /^\d{1,16}$/.test(name))
    .map(Number)
    .sort((a, b) => b - a);
  let found: Exported | undefined;
  for (const revision of revisions) {
    const own = `${folder}/${revision}`;
    if (found === undefined) found = await readExport(parts, own).catch(() => undefined);
    if (found?.folder !== own) await removeExport(disk, own);
  }
  return found;
}

async function readExport({ disk, hashing }: ExportParts, folder: string): Promise<Exported> {
  const manifestBytes = await readBytes(disk, `${folder}/manifest`, 10_000);
  const bytes = await readBytes(disk, `${folder}/torrent`, longestTorrent);
  return exported(
    folder,
    manifestBytes,
    parseTorrent(bytes, (name, input) => hashing.digest(name, input)),
  );
}

function exported(folder: string, manifestBytes: Uint8Array, torrent: Torrent): Exported {
  const { v1, v2 } = torrent.infoHashes;
  const infoHash = toHex(v1 ?? v2 ?? new Uint8Array(20));
  return { manifest: readManifest(manifestBytes), manifestBytes, torrent, infoHash, folder };
}

/** Undefined where there is nothing to export. */
export async function makeExport(parts: ExportParts, signal: AbortSignal): Promise<Exported | undefined> {
  const { clock, disk, hashing, catalogue, identity } = parts;
  const { revision } = await catalogue.totals();
  if (revision === 0) return undefined;
  const folder = `${parts.folder}/${revision}`;
  await removeExport(disk, folder);
  await disk.makeFolder(folder, { mode: 0o700 });
  const path = `${folder}/records`;
  const file = await disk.open(path, { write: true, create: true });
  let written: { readonly count: number; readonly length: number };
  try {
    written = await writeRecords(file, catalogue, revision, signal);
    await file.sync();
  } finally {
    await file.close();
  }
  const root = written.length === 0 ? undefined : await rootOf(hashing, path, written.length, signal);
  if (root === undefined) {
    await removeExport(disk, folder);
    return undefined;
  }
  const madeAt = Math.floor(clock.wallTimeMs() / 1000);
  const manifestBytes = signManifest(identity, { ...written, revision, root }, madeAt);
  await writeBytes(disk, `${folder}/manifest`, manifestBytes);
  const lengths = { manifest: manifestBytes.length, records: written.length };
  const bytes = await torrentOf(hashing, folder, {
    name: `shoal-catalogue-${revision}`,
    lengths,
    madeAt,
    signal,
  });
  await writeBytes(disk, `${folder}/torrent`, bytes);
  await disk.syncFolder(folder);
  return exported(
    folder,
    manifestBytes,
    parseTorrent(bytes, (name, input) => hashing.digest(name, input)),
  );
}

async function torrentOf(
  hashing: Hashing,
  folder: string,
  {
    name,
    lengths,
    madeAt,
    signal,
  }: {
    readonly name: string;
    readonly lengths: Readonly<Record<'manifest' | 'records', number>>;
    readonly madeAt: number;
    readonly signal: AbortSignal;
  },
): Promise<Uint8Array> {
  const names = ['manifest', 'records'] as const;
  const files = names.map((one) => ({ path: [one], length: lengths[one] }));
  // v1: web seeds are asked for padding by clients that do not know it. What SHA-1 cannot promise, the manifest does.
  const plan = planTorrent({ name, files, format: 'v1' });
  const v1 = new Uint8Array(20 * plan.layout.pieceCount);
  for (let piece = 0; piece < plan.layout.pieceCount; piece++) {
    const ranges = (pieceWork(plan, piece).v1 ?? []).map(({ file, offset, length }) => {
      const own = names[plan.sources[file] ?? 0] ?? '';
      return { path: `${folder}/${own}`, offset, length };
    });
    const { sha1 } = await hashing.run({ source: { kind: 'file', ranges }, sha1: true }, signal);
    v1.set(sha1 ?? [], 20 * piece);
  }
  const details = { createdBy: 'Shoal', creationDate: madeAt };
  return createTorrent(plan, { v1 }, details, (hash, input) => hashing.digest(hash, input));
}

/** Only what an export has in its folder: whatever else is there stays. */
export async function removeExport(disk: Disk, folder: string): Promise<void> {
  for (const name of ['torrent', 'manifest', 'records'])
    await disk.removeFile(`${folder}/${name}`).catch(() => {});
  await disk.removeEmptyFolder(folder).catch(() => {});
}
