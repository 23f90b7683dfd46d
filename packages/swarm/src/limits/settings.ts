// What may be set: speeds, when, for whom; connections.
//
// What is counted: every byte on the connections with peers, blocks and all other messages and the handshake, as it stands
// in the TCP stream (not the headers of TCP and IP); and every byte of the bodies of web seeds. Not counted: trackers, the
// DHT, the local search. Blocks wait for their turn; small messages (who has what, requests, chokes) do not wait, but what
// they took is taken from the blocks after them.
//
// Absent is no limit. 0 is a limit like any other: no block flows in that direction, while peers stay connected and small
// messages go on. Beyond 100 GB/s a limit is none.

import { SwarmError } from '../errors.ts';
import type { Schedule } from './schedule.ts';

export interface SpeedLimits {
  readonly downBytesPerSecond?: number;
  readonly upBytesPerSecond?: number;
}

export interface LimitSettings extends SpeedLimits {
  /**
   * Peers with private or link-local addresses. `exempt` (the default): the session's limits do not concern them;
   * `limited`: they count like all others; or limits of their own. Other programs on this machine (loopback) count like
   * all others, since they may be proxies. A torrent's own limits hold for everybody.
   */
  readonly lan?: 'exempt' | 'limited' | SpeedLimits;
  /** At which times other limits hold in place of these. */
  readonly schedule?: Schedule;
  /** Of all torrents. */
  readonly connections?: number;
  readonly connectionsPerTransfer?: number;
  /** Dialled, and not connected yet. */
  readonly halfOpen?: number;
  readonly dialsPerSecond?: number;
}

/** Throws a SwarmError `invalid` that says which one is no limit. */
export function checkSpeeds(limits: SpeedLimits): void {
  for (const [name, rate] of [
    ['downBytesPerSecond', limits.downBytesPerSecond],
    ['upBytesPerSecond', limits.upBytesPerSecond],
  ] as const)
    if (rate !== undefined && !(rate >= 0))
      throw new SwarmError('invalid', `${name} is ${rate}, but should be at least 0`, { value: rate });
}

export function checkCounts(settings: LimitSettings): void {
  for (const [name, count] of [
    ['connections', settings.connections],
    ['connectionsPerTransfer', settings.connectionsPerTransfer],
    ['halfOpen', settings.halfOpen],
    ['dialsPerSecond', settings.dialsPerSecond],
  ] as const)
    if (count !== undefined && !(count >= 1 && count <= 65_535))
      throw new SwarmError('invalid', `${name} is ${count}, but should be from 1 to 65535`, { value: count });
}
