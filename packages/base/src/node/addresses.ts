// Address text between Node and the World: canonical (RFC 5952, no IPv4-mapped IPv6), the zone apart.

import type { Socket } from 'node:net';
import { ipFromBytes, ipToBytes } from '../ip.ts';
import type { Endpoint } from '../world/address.ts';
import { WorldError } from '../world/errors.ts';

const mappedPrefix = '::ffff:';

/** Undefined for what is not an IP address. A zone ("fe80::1%eth0") is kept apart. */
export function parseAddress(text: string): { address: string; family: 4 | 6; zone?: string } | undefined {
  const percent = text.indexOf('%');
  const bytes = ipToBytes(percent === -1 ? text : text.slice(0, percent));
  if (bytes === undefined) return undefined;
  const address = ipFromBytes(bytes);
  if (!address.includes(':')) return percent === -1 ? { address, family: 4 } : undefined;
  const zone = percent === -1 ? '' : text.slice(percent + 1);
  return zone === '' ? { address, family: 6 } : { address, family: 6, zone };
}

/** What Node says about a socket's end: canonical but for the mapped prefix and the zone. */
export function endpointOf(address: string, port: number): Endpoint {
  if (!address.includes(':')) return { address, port };
  if (address.startsWith(mappedPrefix) && address.includes('.'))
    return { address: address.slice(mappedPrefix.length), port };
  const percent = address.indexOf('%');
  if (percent === -1) return { address, port };
  return { address: address.slice(0, percent), port, zone: address.slice(percent + 1) };
}

export interface Host {
  /** As Node's calls take it, with the zone. */
  readonly host: string;
  readonly family: 4 | 6;
  /** In canonical text. */
  readonly endpoint: Endpoint;
}

/** Throws a WorldError (`invalid`). */
export function hostOf({ address: text, port, zone: ownZone }: Endpoint): Host {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new WorldError('invalid', 'Not an IP address', { value: text });
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new WorldError('invalid', 'Not a port', { value: port });
  const { address, family } = parsed;
  const zone = family === 4 ? undefined : (ownZone ?? parsed.zone);
  if (zone === undefined) return { host: address, family, endpoint: { address, port } };
  return { host: `${address}%${zone}`, family, endpoint: { address, port, zone } };
}

/** Like hostOf, for where to connect: port 0 names nobody. */
export function remoteHostOf(endpoint: Endpoint): Host {
  if (endpoint.port === 0) throw new WorldError('invalid', 'Port 0 cannot be connected to', { value: 0 });
  return hostOf(endpoint);
}

export function localEndpointOf({ localAddress = '', localPort = 0 }: Socket): Endpoint {
  return endpointOf(localAddress, localPort);
}

/** "127.0.0.1:80" or "[fe80::1%eth0]:80", for messages. */
export function endpointText({ address, port, zone }: Endpoint): string {
  if (!address.includes(':')) return `${address}:${port}`;
  return `[${address}${zone === undefined ? '' : `%${zone}`}]:${port}`;
}
