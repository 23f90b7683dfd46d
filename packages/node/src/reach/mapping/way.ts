// One way to have a router pass connections on to us, once it is known that the router speaks it.

import type { Clock } from '@shoal/base';
import type { MapAnswer, MapRequest } from './pcp-codec.ts';

export interface Way {
  readonly name: 'pcp' | 'nat-pmp' | 'upnp';
  /** The router's address inside. */
  readonly router: string;
  /** Rejects with an Error that says why in words. */
  map(request: MapRequest): Promise<MapAnswer>;
  /** What it is called outside; undefined when it does not say. */
  externalAddress(): Promise<string | undefined>;
}

/** Where to look for a router, and from where. */
export interface Inside {
  readonly own: string;
  readonly router: string;
}

/** Rejects when the time is over; `action` hears of it by its signal. */
export async function within<Value>(
  clock: Clock,
  timeoutMs: number,
  action: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const aborter = new AbortController();
  const timer = clock.setTimer(timeoutMs, () => aborter.abort(new Error('it does not answer')));
  try {
    return await action(aborter.signal);
  } catch (error) {
    throw aborter.signal.aborted ? aborter.signal.reason : error;
  } finally {
    timer.cancel();
  }
}
