// Keys of the config as the engine takes them.

import type { HostPort } from '@shoal/metainfo';
import type { LimitSettings, QueueSettings } from '@shoal/swarm';
import { parsePeer } from '../engine/addresses.ts';
import type { ScanSettings } from '../release/gate.ts';
import { limitSettings } from './limits.ts';
import { listOf } from './list.ts';
import type { Config } from './schema.ts';

/** Speeds and connections. */
export function engineLimits(config: Config): LimitSettings {
  const [all, each] = [countOf(config['connections.all']), countOf(config['connections.each'])];
  return {
    ...limitSettings(config),
    ...(all !== undefined && { connections: all }),
    ...(each !== undefined && { connectionsPerTransfer: each }),
  };
}

export function queueSettings(config: Config): QueueSettings {
  const fetching = countOf(config['queue.fetching']);
  const sharing = countOf(config['queue.sharing']);
  const active = countOf(config['queue.active']);
  const ratio = countOf(config['goals.ratio']);
  const sharedMs = timeOf(config['goals.time']);
  return {
    ...(fetching !== undefined && { fetching }),
    ...(sharing !== undefined && { sharing }),
    ...(active !== undefined && { active }),
    goals: { ...(ratio !== undefined && { ratio }), ...(sharedMs !== undefined && { sharedMs }) },
  };
}

export function scanSettings(config: Config): ScanSettings {
  const { 'scan.clamd': clamd, 'scan.command': command, 'scan.timeout': timeout } = config;
  return {
    ...(clamd !== 'none' && { clamd }),
    ...(command !== 'none' && { command }),
    patienceMs: timeOf(timeout) ?? 0,
  };
}

/** Undefined for `usual`. */
export function peerPort(config: Config): number | undefined {
  return countOf(config.port);
}

export function bootstrapOf(config: Config): HostPort[] {
  return listOf(config['dht.bootstrap']).map(parsePeer);
}

/** Undefined for words that mean no number. */
function countOf(text: string): number | undefined {
  return /^[\d.]+$/.test(text) ? Number(text) : undefined;
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function timeOf(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * (unitMs[unit] ?? 0);
}
