// Whom to ask: peers and DHT nodes as people write them, trackers and names as torrents and links have them.

import type { Names, PeerAddress } from '@shoal/base';
import type { HostPort, InfoHashes } from '@shoal/metainfo';
import type { NamedSource } from '@shoal/swarm';
import { NodeError } from '../errors.ts';

/** `host:port`, `1.2.3.4:port` or `[::1]:port`. */
export function parsePeer(text: string): HostPort {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/[\]@]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535)
    throw new NodeError(
      'bad-address',
      `A peer is given as HOST:PORT, like 192.0.2.7:6881 or [2001:db8::7]:6881, not ${text}.`,
      { value: text },
    );
  return { host, port };
}

export async function resolvePeers(
  { names }: { readonly names: Names },
  peers: readonly HostPort[],
  onUnknown: (peer: HostPort, error: unknown) => void = () => {},
): Promise<PeerAddress[]> {
  const found = await Promise.all(
    peers.map(async (peer) => {
      try {
        const addresses = await names.resolve(peer.host);
        return addresses.map((address): PeerAddress => ({ kind: 'ip', address, port: peer.port }));
      } catch (error) {
        onUnknown(peer, error);
        return [];
      }
    }),
  );
  return found.flat();
}

/** Those of a link stand each for itself; a torrent has them in tiers. */
export function trackersOf(source: NamedSource): readonly (readonly string[])[] {
  return source.kind === 'torrent' ? source.torrent.trackers : source.magnet.trackers.map((url) => [url]);
}

/** As they stand in handshakes, and everywhere that peers are sought. */
export function shortHashes({ v1, v2 }: InfoHashes): Uint8Array[] {
  return [v1, v2?.subarray(0, 20)].filter((hash) => hash !== undefined);
}

/** As people write it. */
export function endpointText({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
