// What the Web API tells of the node itself: its versions, its settings as far as they mean something here, its rates, and
// what happened.

import type { ConfigChange } from '@shoal/api';
import { parseRate } from '../config/limits.ts';
import type { Config } from '../config/schema.ts';
import type { Actions, WebApiParts } from './api.ts';
import { WebApiError } from './errors.ts';
import type { Form } from './form.ts';
import type { Happenings } from './happenings.ts';

/** What tools take it for: the last that has all that is here, and nothing that is not. */
const appVersion = 'v4.6.7';
const apiVersion = '2.9.3';
const refreshMs = 1500;

export function appActions({ live, facts }: WebApiParts): Actions {
  return {
    version: { run: () => appVersion },
    webapiVersion: { run: () => apiVersion },
    buildInfo: {
      run: () => ({
        bitness: 64,
        boost: '',
        libtorrent: `Shoal ${facts().version}`,
        openssl: process.versions.openssl,
        qt: '',
        zlib: process.versions.zlib,
      }),
    },
    defaultSavePath: { run: () => live.config.downloads },
    preferences: { run: () => preferences(live.config, facts().peerPort) },
    setPreferences: {
      changes: true,
      async run({ form }) {
        const changes = changesOf(form.needed('json'), live.config);
        if (Object.keys(changes).length > 0) await live.change(changes);
        return undefined;
      },
    },
  };
}

export function transferActions(parts: WebApiParts): Actions {
  const { live } = parts;
  const setLimit = (key: 'limits.down' | 'limits.up') => ({
    changes: true,
    async run({ form }: { readonly form: Form }) {
      form.needed('limit');
      await live.change({ [key]: rateText(form.number('limit') ?? 0) });
      return undefined;
    },
  });
  return {
    info: { run: () => rates(parts) },
    speedLimitsMode: { run: () => '0' },
    downloadLimit: { run: () => String(rateOf(live.config['limits.down'])) },
    uploadLimit: { run: () => String(rateOf(live.config['limits.up'])) },
    setDownloadLimit: setLimit('limits.down'),
    setUploadLimit: setLimit('limits.up'),
    setSpeedLimitsMode: {
      changes: true,
      run({ form }) {
        if (form.needed('mode').trim() === '0') return undefined;
        throw new WebApiError(
          'conflict',
          'There are no alternative limits here; limits.schedule says when which hold.',
        );
      },
    },
    toggleSpeedLimitsMode: {
      changes: true,
      run() {
        throw new WebApiError(
          'conflict',
          'There are no alternative limits here; limits.schedule says when which hold.',
        );
      },
    },
  };
}

export function logActions(happenings: Happenings): Actions {
  return {
    main: {
      run({ form }) {
        const wanted = new Set(
          (['normal', 'info', 'warning', 'critical'] as const).filter((kind) => form.flag(kind) !== false),
        );
        return happenings.after(form.number('last_known_id') ?? -1, wanted);
      },
    },
    peers: { run: () => [] },
  };
}

function rates({ live, facts }: WebApiParts) {
  const { isReachable, dhtNodes, downloaded, downRate, uploaded, upRate } = facts();
  return {
    connection_status: isReachable ? 'connected' : 'firewalled',
    dht_nodes: dhtNodes,
    dl_info_data: downloaded,
    dl_info_speed: downRate,
    dl_rate_limit: rateOf(live.config['limits.down']),
    up_info_data: uploaded,
    up_info_speed: upRate,
    up_rate_limit: rateOf(live.config['limits.up']),
  };
}

export function serverState(parts: WebApiParts): Readonly<Record<string, unknown>> {
  const { transfers, live, facts } = parts;
  let [down, up, wasted] = [0, 0, 0];
  for (const { transfer } of transfers.all) {
    down += transfer.history.downloadedBytes;
    up += transfer.history.uploadedBytes;
    wasted += transfer.progress.wastedBytes;
  }
  return {
    ...rates(parts),
    alltime_dl: down,
    alltime_ul: up,
    average_time_queue: 0,
    free_space_on_disk: facts().freeBytes,
    global_ratio: down > 0 && up > 0 ? (up / down).toFixed(2) : '-',
    queued_io_jobs: 0,
    queueing: isQueueing(live.config),
    read_cache_hits: '0',
    read_cache_overload: '0',
    refresh_interval: refreshMs,
    total_buffers_size: 0,
    total_peer_connections: facts().connections,
    total_queued_size: 0,
    total_wasted_session: wasted,
    use_alt_speed_limits: false,
    write_cache_overload: '0',
  };
}

const isQueueing = (config: Config) =>
  (['queue.fetching', 'queue.sharing', 'queue.active'] as const).some((key) => config[key] !== 'all');
const numberOf = (text: string) => (/^[\d.]+$/.test(text) ? Number(text) : -1);
const rateOf = (text: string) => parseRate(text) ?? 0;
const rateText = (rate: number) => (rate > 0 ? String(Math.floor(rate)) : 'none');
const unitMinutes: Readonly<Record<string, number>> = { s: 1 / 60, m: 1, h: 60, d: 1440 };

function minutesOf(text: string): number {
  const [, amount, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  return amount === undefined ? -1 : Math.round(Number(amount) * (unitMinutes[unit] ?? 0));
}

function preferences(config: Config, peerPort: number): object {
  const isOwnWay = config.network !== 'centralized';
  const encryption = { 'prefer-plain': 0, 'prefer-encrypted': 0, require: 1 } as const;
  return {
    add_trackers: config.trackers === 'none' ? '' : config.trackers.split(/[, ]+/).join('\n'),
    add_trackers_enabled: config.trackers !== 'none',
    alt_dl_limit: 0,
    alt_up_limit: 0,
    anonymous_mode: false,
    auto_delete_mode: 0,
    auto_tmm_enabled: false,
    autorun_enabled: config['on-complete.command'] !== 'none',
    bypass_local_auth: false,
    category_changed_tmm_enabled: config['labels.move'] === 'on',
    create_subfolder_enabled: true,
    dht: isOwnWay,
    dl_limit: rateOf(config['limits.down']),
    encryption: encryption[config.encryption],
    export_dir: '',
    incomplete_files_ext: true,
    ip_filter_enabled: config['filter.lists'] !== 'none',
    limit_lan_peers: config['limits.lan'] === 'limited',
    listen_port: peerPort,
    locale: 'en',
    lsd: isOwnWay && config.lan === 'on',
    max_active_downloads: numberOf(config['queue.fetching']),
    max_active_torrents: numberOf(config['queue.active']),
    max_active_uploads: numberOf(config['queue.sharing']),
    max_connec: numberOf(config['connections.all']),
    max_connec_per_torrent: numberOf(config['connections.each']),
    max_inactive_seeding_time: -1,
    max_inactive_seeding_time_enabled: false,
    max_ratio: numberOf(config['goals.ratio']),
    max_ratio_act: 0,
    max_ratio_enabled: config['goals.ratio'] !== 'none',
    max_seeding_time: minutesOf(config['goals.time']),
    max_seeding_time_enabled: config['goals.time'] !== 'none',
    pex: isOwnWay,
    preallocate_all: false,
    queueing_enabled: isQueueing(config),
    random_port: false,
    refresh_interval: refreshMs,
    rss_auto_downloading_enabled: false,
    rss_processing_enabled: false,
    save_path: config.downloads,
    scan_dirs: {},
    scheduler_enabled: config['limits.schedule'] !== 'none',
    start_paused_enabled: false,
    temp_path: '',
    temp_path_enabled: false,
    torrent_content_layout: 'Original',
    torrent_stop_condition: 'None',
    up_limit: rateOf(config['limits.up']),
    upnp: config['port-mapping'] === 'auto',
    use_https: config['tls.certificate'] !== 'none',
    web_ui_username: 'shoal',
  };
}

/** Keys of the config; what means nothing here is passed over, as there. */
function changesOf(json: string, config: Config): ConfigChange {
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    throw new WebApiError('bad-request', 'json is no JSON');
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new WebApiError('bad-request', 'json is no object');
  const asked = new Map<string, unknown>(Object.entries(given));
  const changes: Record<string, string | null> = {};
  const number = (key: string): number | undefined => {
    const value = asked.get(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new WebApiError('bad-request', `${key} is no number`);
    return value;
  };
  const flag = (key: string): boolean | undefined => {
    const value = asked.get(key);
    if (value !== undefined && typeof value !== 'boolean')
      throw new WebApiError('bad-request', `${key} is neither true nor false`);
    return value;
  };
  const folder = asked.get('save_path');
  if (folder !== undefined) {
    if (typeof folder !== 'string' || !folder.startsWith('/'))
      throw new WebApiError('bad-request', 'save_path is no absolute path');
    changes.downloads = folder;
  }
  for (const [name, key] of [
    ['dl_limit', 'limits.down'],
    ['up_limit', 'limits.up'],
  ] as const) {
    const rate = number(name);
    if (rate !== undefined) changes[key] = rateText(rate);
  }
  const counts = [
    ['max_active_downloads', 'queue.fetching', 'all'],
    ['max_active_uploads', 'queue.sharing', 'all'],
    ['max_active_torrents', 'queue.active', 'all'],
    ['max_connec', 'connections.all', 'usual'],
    ['max_connec_per_torrent', 'connections.each', 'usual'],
  ] as const;
  for (const [name, key, none] of counts) {
    const count = number(name);
    if (count !== undefined) changes[key] = count < 0 ? none : String(Math.floor(count));
  }
  if (flag('queueing_enabled') === false)
    for (const key of ['queue.fetching', 'queue.sharing', 'queue.active'] as const) changes[key] = 'all';
  const [ratio, minutes] = [number('max_ratio'), number('max_seeding_time')];
  if (flag('max_ratio_enabled') === false) changes['goals.ratio'] = 'none';
  else if (ratio !== undefined)
    changes['goals.ratio'] = ratio < 0 ? 'none' : String(Number(ratio.toFixed(3)));
  if (flag('max_seeding_time_enabled') === false) changes['goals.time'] = 'none';
  else if (minutes !== undefined) changes['goals.time'] = minutes < 0 ? 'none' : `${Math.floor(minutes)}m`;
  const [lan, moves] = [flag('limit_lan_peers'), flag('category_changed_tmm_enabled')];
  if (lan !== undefined) changes['limits.lan'] = lan ? 'limited' : 'exempt';
  if (moves !== undefined) changes['labels.move'] = moves ? 'on' : 'off';
  const now: Readonly<Record<string, string>> = config;
  return Object.fromEntries(Object.entries(changes).filter(([key, value]) => now[key] !== value));
}
