// What is remembered of a transfer from the moment that it is added.

import type { NewTransfer } from '@shoal/api';
import { toHex } from '@shoal/base';
import type { InfoHashes, Torrent } from '@shoal/metainfo';
import { trackersOf } from '../engine/addresses.ts';
import type { Added } from './adding.ts';
import type { TransferRecord } from './record.ts';

export function newRecord(
  given: NewTransfer,
  { source, link }: Added,
  { folder, wallTimeMs }: { readonly folder: string; readonly wallTimeMs: number },
): TransferRecord {
  const described = source.kind === 'torrent' ? source.torrent : source.magnet;
  const { infoHashes } = described;
  const { v1, v2 } = hexOf(infoHashes);
  const ranges = source.kind === 'magnet' ? source.magnet.selectOnly : undefined;
  const size = source.kind === 'torrent' ? sizeOf(source.torrent) : 0;
  return {
    id: v1 ?? v2 ?? '',
    ...(v1 && { v1 }),
    ...(v2 && { v2 }),
    state: v2 ?? v1 ?? '',
    name: given.name ?? described.name ?? '',
    isPrivate: source.kind === 'torrent' && source.torrent.isPrivate,
    folder,
    addedMs: Math.round(wallTimeMs),
    hasTorrent: source.kind === 'torrent',
    ...(link !== undefined && { link }),
    trackers: [
      ...trackersOf(source),
      ...(given.path === undefined ? (given.trackers ?? []).map((url) => [url]) : []),
    ],
    webSeeds: [...(given.webSeeds ?? []), ...(source.kind === 'magnet' ? source.magnet.webSeeds : [])],
    labels: given.labels ?? [],
    limits: { down: given.limits?.down ?? null, up: given.limits?.up ?? null },
    goals: given.goals ?? {},
    isPaused: given.isPaused ?? false,
    isForced: given.isForced ?? false,
    overwrite: given.overwrite ?? false,
    mode: modeOf(given.mode, size),
    choice: {
      ...(given.select && { globs: given.select }),
      ...(ranges && { ranges: ranges.map(({ first, last }) => [first, last] as const) }),
    },
    size,
    bytes: 0,
    total: 0,
    isComplete: false,
    history: { downloadedBytes: 0, uploadedBytes: 0, sharedMs: 0 },
  };
}

export function hexOf({ v1, v2 }: InfoHashes): { readonly v1?: string; readonly v2?: string } {
  return { ...(v1 && { v1: toHex(v1) }), ...(v2 && { v2: toHex(v2) }) };
}

export function hexesOf(infoHashes: InfoHashes): string[] {
  const { v1, v2 } = hexOf(infoHashes);
  return [v1, v2].filter((hash) => hash !== undefined);
}

export function sizeOf({ layout }: Torrent): number {
  return layout.files.reduce((sum, { length, isPad }) => sum + (isPad ? 0 : length), 0);
}

/** A volunteer holds a tenth of it, or 1 GiB before it is known. */
export function modeOf(mode: NewTransfer['mode'], size: number): TransferRecord['mode'] {
  if (mode === undefined || mode === 'usual') return { kind: 'usual' };
  return mode === 'share'
    ? { kind: 'share', mostBytes: size === 0 ? 2 ** 30 : Math.ceil(size / 10) }
    : { kind: mode };
}
