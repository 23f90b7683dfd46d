// Who can reach this node, in a plain answer: what was seen, what the router and others say, and what is not known.

import { ipScope } from '@shoal/base';
import type { MappingReport } from './mapping/port-mapper.ts';

export interface Signs {
  /** Connections that others made to us, and from where: only those from the internet prove something about it. */
  readonly incoming: { readonly fromInternet: number; readonly fromNearby: number };
  /** Undefined when no router is asked. */
  readonly mapping: MappingReport | undefined;
  /** As nodes of the DHT see us (BEP 42). */
  readonly seenAddress: string | undefined;
  /** Own addresses, without loopback. */
  readonly addresses: readonly string[];
}

export interface Reachability {
  /** `reachable` was seen; `unreachable` is a conclusion. */
  readonly state: 'reachable' | 'unreachable' | 'unknown';
  readonly message: string;
  /** What can be done about it. */
  readonly advice?: string;
  readonly externalAddress?: string;
}

export function judgeReachability(signs: Signs): Reachability {
  const { incoming, mapping, seenAddress, addresses } = signs;
  const external = publicOne(mapping?.externalAddress) ?? publicOne(seenAddress);
  const known = external === undefined ? {} : { externalAddress: external };
  if (incoming.fromInternet > 0) {
    const times =
      incoming.fromInternet === 1 ? 'One connection has' : `${incoming.fromInternet} connections have`;
    return {
      state: 'reachable',
      message: `Others can reach this node: ${times} come in from the internet.`,
      ...known,
    };
  }
  const own = addresses.find((address) => ipScope(address) === 'public');
  if (mapping?.state === 'mapped') return judgeMapped(mapping, seenAddress, known);
  if (own !== undefined)
    return {
      state: 'unknown',
      message: `Others can probably reach this node: this machine has the public address ${own}. Nobody has come in from the internet yet; a firewall may be in between.`,
      advice: 'Let the peer port through the firewall, TCP and UDP.',
      externalAddress: own,
    };
  if (mapping?.state === 'looking')
    return {
      state: 'unknown',
      message: 'The router is being asked; nobody has come in from the internet yet.',
      ...known,
    };
  const router =
    mapping === undefined
      ? 'no router is asked (port-mapping is off)'
      : mapping.router === undefined
        ? 'no router was found'
        : `the router ${mapping.router} maps no ports`;
  const nearby = incoming.fromNearby > 0 ? ' Neighbours on this network have come in.' : '';
  return {
    state: 'unreachable',
    message: `Others on the internet can probably not reach this node: it has no public address, ${router}, and nobody has come in from the internet.${nearby} Transfers work, with peers that we dial.`,
    advice: 'Turn on UPnP, NAT-PMP or PCP at the router, or forward the peer port to this machine by hand.',
    ...known,
  };
}

function judgeMapped(
  { way, router, externalAddress, ports }: MappingReport,
  seenAddress: string | undefined,
  known: { externalAddress?: string },
): Reachability {
  const port = ports[0]?.externalPort;
  if (externalAddress !== undefined && ipScope(externalAddress) !== 'public')
    return {
      state: 'unreachable',
      message: `The router ${router} passes port ${port} on to us (${way}), but it has no public address itself (${externalAddress}): another router, mostly the provider's, stands before it.`,
      advice: 'Ask the provider for a public address, or use IPv6.',
      ...known,
    };
  const seen = publicOne(seenAddress);
  if (
    externalAddress !== undefined &&
    seen !== undefined &&
    seen.includes(':') === externalAddress.includes(':') &&
    seen !== externalAddress
  )
    return {
      state: 'unknown',
      message: `The router ${router} passes port ${port} on to us and says that it is ${externalAddress}, but others see us at ${seen}.`,
      advice: 'A proxy, a VPN or a second line is in between: map the port where traffic really leaves.',
      ...known,
    };
  return {
    state: 'unknown',
    message: `Others can probably reach this node: the router ${router} passes port ${port} on to it (${way}). Nobody has come in from the internet yet, which would prove it.`,
    ...known,
  };
}

function publicOne(address: string | undefined): string | undefined {
  return address !== undefined && ipScope(address) === 'public' ? address : undefined;
}
