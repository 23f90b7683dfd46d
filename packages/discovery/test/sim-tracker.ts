// A tracker in the simulated world: it keeps leases as real ones do, and can be made to fail or to lie.

import { compactEndpoint, concatBytes, encodeBencode, toHex } from '@shoal/base';
import { type SimHost, type Simulation, serveHttp } from '@shoal/sim';

export const trackerUrl = 'http://tracker/announce';

export interface SimTracker {
  readonly host: SimHost;
  readonly heard: {
    readonly timeMs: number;
    readonly event: string;
    readonly address: string;
    readonly left: string;
  }[];
  knows(infoHash: Uint8Array, address: string): boolean;
  /** Info hashes in hex that it does not know. */
  refused: readonly string[];
  /** What it names in place of its peers. */
  lies: readonly { readonly address: string; readonly port: number }[] | undefined;
}

interface Lease {
  readonly compact: Uint8Array;
  readonly untilMs: number;
}

export function startTracker(simulation: Simulation, intervalSeconds = 600, name = 'tracker'): SimTracker {
  const host = simulation.addHost({ name });
  const leases = new Map<string, Map<string, Lease>>();
  const tracker: SimTracker = {
    host,
    heard: [],
    refused: [],
    lies: undefined,
    knows(infoHash, address) {
      const lease = leases.get(toHex(infoHash))?.get(address);
      return lease !== undefined && lease.untilMs > simulation.nowMs;
    },
  };
  void serveHttp(host.world, { port: 80 }, ({ path, remoteAddress }) => {
    const query = new Map(
      path
        .slice(path.indexOf('?') + 1)
        .split('&')
        .map((pair): [string, string] => {
          const [key = '', value = ''] = pair.split('=');
          return [key, value];
        }),
    );
    const infoHash = toHex(bytesOf(query.get('info_hash') ?? ''));
    if (tracker.refused.includes(infoHash))
      return { body: encodeBencode({ 'failure reason': 'that is not here' }) };
    const port = Number(query.get('port'));
    const event = query.get('event') ?? '';
    tracker.heard.push({
      timeMs: simulation.nowMs,
      event,
      address: remoteAddress,
      left: query.get('left') ?? '',
    });
    const swarm = leases.get(infoHash) ?? new Map<string, Lease>();
    leases.set(infoHash, swarm);
    const others = [...swarm].flatMap(([address, { compact, untilMs }]) =>
      address === remoteAddress || untilMs < simulation.nowMs ? [] : [compact],
    );
    const compact = compactEndpoint({ address: remoteAddress, port });
    if (event === 'stopped') swarm.delete(remoteAddress);
    else if (compact !== undefined)
      swarm.set(remoteAddress, { compact, untilMs: simulation.nowMs + 2_000 * intervalSeconds });
    const lies = tracker.lies?.flatMap((lie) => compactEndpoint(lie) ?? []);
    return { body: encodeBencode({ interval: intervalSeconds, peers: concatBytes(...(lies ?? others)) }) };
  });
  return tracker;
}

export function peerIdOf(name: string): Uint8Array {
  return new TextEncoder().encode(`-SL0000-${name.padEnd(12, '.').slice(0, 12)}`);
}

function bytesOf(escaped: string): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < escaped.length; i++) {
    if (escaped[i] === '%') {
      bytes.push(Number.parseInt(escaped.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(escaped.charCodeAt(i));
  }
  return Uint8Array.from(bytes);
}
