// A second thread's UDP tracker at the port of an index: it answers what the system deals out to it, and shares the
// swarms with the others.

import type { Clock, DatagramSocket, Datagrams, Interfaces, Random } from '@shoal/base';
import { tickMs } from './bounds.ts';
import { every } from './every.ts';
import { datagramsOf } from './listening.ts';
import { type Link, Sharing } from './sharing.ts';
import type { ConnectionKey } from './tracker/connection-ids.ts';
import type { TrackerSettings } from './tracker/settings.ts';
import { Tracker } from './tracker/tracker.ts';
import { UdpTracker } from './tracker/udp.ts';

/** What a helper must know; it can be sent to another thread. */
export interface HelperOrders {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly settings: TrackerSettings;
  readonly key: ConnectionKey;
}

export interface HelperParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly datagrams: Datagrams;
  readonly interfaces?: Interfaces;
}

export interface UdpHelper extends Link {
  readonly counts: UdpTracker['counts'];
}

/** `clockAheadMs`: how far this thread's clock is ahead of the first one's. */
export async function startUdpHelper(
  parts: HelperParts,
  orders: HelperOrders,
  clockAheadMs: number,
  post: (batch: Uint8Array) => void,
): Promise<UdpHelper> {
  const tracker = new Tracker(parts, orders.settings);
  const udp = new UdpTracker(tracker, parts.clock, orders.key, clockAheadMs);
  const link = new Sharing(tracker, parts.clock).link(post, false);
  const sockets: DatagramSocket[] = [];
  for (const address of orders.addresses) {
    const to = { address, port: orders.port, balanced: true };
    const socket = await datagramsOf(parts).bind(
      to,
      udp.handlersFor(() => socket),
    );
    sockets.push(socket);
  }
  const sweeping = every(parts.clock, tickMs / 2, () => tracker.sweep());
  return {
    counts: udp.counts,
    take: (batch) => link.take(batch),
    close() {
      sweeping.cancel();
      for (const socket of sockets) socket.close();
      link.close();
    },
  };
}
