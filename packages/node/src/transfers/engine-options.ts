// A transfer as the engine takes it, from what is remembered.

import { join } from 'node:path';
import type { World } from '@shoal/base';
import type { Goals, SpeedLimits, TransferOptions, TransferSource } from '@shoal/swarm';
import { priorityOf, wishOf } from './choice.ts';
import { infoHashesOf, type TransferRecord } from './record.ts';
import { readTorrent } from './torrent-files.ts';

export function storedSource(record: TransferRecord, world: World, data: string): TransferSource {
  const infoHashes = infoHashesOf(record);
  const { name, isPrivate, webSeeds } = record;
  if (record.hasTorrent) {
    const folder = join(data, 'transfers', record.state);
    return {
      kind: 'stored',
      infoHashes,
      name,
      isPrivate,
      load: () => readTorrent(world, folder, infoHashes),
    };
  }
  const trackers = record.trackers.flat();
  return { kind: 'magnet', magnet: { infoHashes, name, trackers, webSeeds, peers: [] } };
}

export function engineOptions(record: TransferRecord, data: string): TransferOptions {
  const priority = priorityOf(record.choice);
  return {
    folder: record.folder,
    journal: join(data, 'transfers', record.state, 'journal'),
    overwrite: record.overwrite,
    mode: record.mode,
    isPaused: record.isPaused,
    isForced: record.isForced,
    goals: goalsOf(record.goals),
    history: record.history,
    limits: speedsOf(record.limits),
    webSeeds: record.webSeeds,
    ...(priority && { isWanted: wishOf(priority) }),
  };
}

export function goalsOf({ ratio, seconds }: TransferRecord['goals']): Goals {
  return {
    ...(ratio !== undefined && { ratio }),
    ...(seconds !== undefined && { sharedMs: seconds * 1000 }),
  };
}

export function speedsOf({ down, up }: TransferRecord['limits']): SpeedLimits {
  return {
    ...(down !== null && { downBytesPerSecond: down }),
    ...(up !== null && { upBytesPerSecond: up }),
  };
}
