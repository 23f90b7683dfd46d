// What Transmission's RPC calls the session: the config of the node, as far as both have a word for it.

import type { ConfigChange } from '@shoal/api';
import { parseRate } from '../config/limits.ts';
import type { LiveConfig } from '../config/live.ts';
import type { Config } from '../config/schema.ts';
import { NodeError } from '../errors.ts';

export interface SessionFacts {
  readonly live: LiveConfig;
  readonly version: string;
  readonly sessionId: string;
  readonly peerPort: number;
}

const countOf = (text: string): number | undefined => (/^[\d.]+$/.test(text) ? Number(text) : undefined);

/** Those that are asked for; all where none is named. */
export function sessionFields(facts: SessionFacts, fields: unknown): object {
  const all = Object.entries(everything(facts));
  if (!Array.isArray(fields)) return Object.fromEntries(all);
  // Newer remotes write them with underscores.
  const asked = new Set(fields.map((field) => String(field).replaceAll('_', '-')));
  return Object.fromEntries(all.filter(([key]) => asked.has(key.replaceAll('_', '-'))));
}

function everything({ live, version, sessionId, peerPort }: SessionFacts): Readonly<Record<string, unknown>> {
  const { config } = live;
  const isOwnWay = config.network !== 'centralized';
  const [down, up] = [parseRate(config['limits.down']), parseRate(config['limits.up'])];
  const [fetching, sharing] = [countOf(config['queue.fetching']), countOf(config['queue.sharing'])];
  const ratio = countOf(config['goals.ratio']);
  const encryption = { 'prefer-plain': 'tolerated', 'prefer-encrypted': 'preferred', require: 'required' };
  return {
    version: `4.0.0 (Shoal ${version})`,
    'rpc-version': 17,
    'rpc-version-minimum': 14,
    'rpc-version-semver': '5.3.0',
    'session-id': sessionId,
    'download-dir': config.downloads,
    'incomplete-dir': config.downloads,
    'incomplete-dir-enabled': false,
    'config-dir': '',
    'peer-port': peerPort,
    'peer-port-random-on-start': config.port === '0',
    'peer-limit-global': countOf(config['connections.all']) ?? 0,
    'peer-limit-per-torrent': countOf(config['connections.each']) ?? 0,
    'port-forwarding-enabled': config['port-mapping'] === 'auto',
    'dht-enabled': isOwnWay,
    'pex-enabled': isOwnWay,
    'lpd-enabled': isOwnWay && config.lan === 'on',
    'utp-enabled': false,
    'tcp-enabled': true,
    encryption: encryption[config.encryption],
    'blocklist-enabled': config['filter.lists'] !== 'none',
    'blocklist-size': 0,
    'blocklist-url': '',
    'download-queue-enabled': fetching !== undefined,
    'download-queue-size': fetching ?? 0,
    'seed-queue-enabled': sharing !== undefined,
    'seed-queue-size': sharing ?? 0,
    'queue-stalled-enabled': false,
    'queue-stalled-minutes': 0,
    'speed-limit-down-enabled': down !== undefined,
    'speed-limit-down': Math.round((down ?? 0) / 1000),
    'speed-limit-up-enabled': up !== undefined,
    'speed-limit-up': Math.round((up ?? 0) / 1000),
    'alt-speed-enabled': false,
    'alt-speed-down': 0,
    'alt-speed-up': 0,
    'alt-speed-time-enabled': false,
    'alt-speed-time-begin': 0,
    'alt-speed-time-end': 0,
    'alt-speed-time-day': 127,
    seedRatioLimited: ratio !== undefined,
    seedRatioLimit: ratio ?? 0,
    'idle-seeding-limit': 0,
    'idle-seeding-limit-enabled': false,
    'rename-partial-files': true,
    'start-added-torrents': true,
    'trash-original-torrent-files': false,
    'script-torrent-done-enabled': config['on-complete.command'] !== 'none',
    'script-torrent-done-filename': '',
    'cache-size-mb': 0,
    units: {
      'speed-units': ['kB/s', 'MB/s', 'GB/s', 'TB/s'],
      'speed-bytes': 1000,
      'size-units': ['kB', 'MB', 'GB', 'TB'],
      'size-bytes': 1000,
      'memory-units': ['KiB', 'MiB', 'GiB', 'TiB'],
      'memory-bytes': 1024,
    },
  };
}

type Given = Readonly<Record<string, unknown>>;

/** What it has no key for is passed over, as there. */
export async function setSession(live: LiveConfig, given: Given): Promise<void> {
  const changes: Record<string, string> = {};
  const folder = given['download-dir'];
  if (folder !== undefined) {
    if (typeof folder !== 'string' || !folder.startsWith('/'))
      throw new NodeError('invalid', 'download-dir is no absolute path.');
    changes.downloads = folder;
  }
  const { config } = live;
  for (const side of ['down', 'up'] as const) {
    const before = parseRate(config[`limits.${side}`]);
    const rate = switched(given, `speed-limit-${side}`, before === undefined ? undefined : before / 1000);
    if (rate !== undefined)
      changes[`limits.${side}`] = rate === null ? 'none' : String(Math.round(rate * 1000));
  }
  for (const [name, key] of [
    ['download-queue', 'queue.fetching'],
    ['seed-queue', 'queue.sharing'],
  ] as const) {
    const size = switched(given, name, countOf(config[key]), '-size');
    if (size !== undefined) changes[key] = size === null ? 'all' : String(Math.floor(size));
  }
  const [isLimited, limit] = [flagIn(given, 'seedRatioLimited'), numberIn(given, 'seedRatioLimit')];
  if (isLimited === false) changes['goals.ratio'] = 'none';
  else if (limit !== undefined && (isLimited === true || config['goals.ratio'] !== 'none'))
    changes['goals.ratio'] = String(Number(limit.toFixed(3)));
  for (const [name, key] of [
    ['peer-limit-global', 'connections.all'],
    ['peer-limit-per-torrent', 'connections.each'],
  ] as const) {
    const most = numberIn(given, name);
    if (most !== undefined) changes[key] = most > 0 ? String(Math.floor(most)) : 'usual';
  }
  const now: Readonly<Record<keyof Config, string>> = config;
  const fresh: ConfigChange = Object.fromEntries(
    Object.entries(changes).filter(([key, value]) => Object(now)[key] !== value),
  );
  if (Object.keys(fresh).length > 0) await live.change(fresh);
}

/** A number beside its switch. Null is off, undefined as it was. */
function switched(
  given: Given,
  name: string,
  before: number | undefined,
  suffix = '',
): number | null | undefined {
  const isOn = flagIn(given, `${name}-enabled`);
  const value = numberIn(given, `${name}${suffix}`);
  if (isOn === false) return null;
  if (value !== undefined && (isOn === true || before !== undefined)) return value;
  return undefined;
}

function numberIn(given: Given, key: string): number | undefined {
  const value = given[key];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= 0)) throw new NodeError('invalid', `${key} is no number.`);
  return value;
}

function flagIn(given: Given, key: string): boolean | undefined {
  const value = given[key];
  if (value === undefined || typeof value === 'boolean') return value;
  throw new NodeError('invalid', `${key} is neither true nor false.`);
}
