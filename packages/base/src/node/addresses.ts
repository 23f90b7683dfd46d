// Address text between Node and the World: canonical (RFC 5952, no IPv4-mapped IPv6), the zone apart.

import { isIP, isIPv4, SocketAddress } from 'node:net';
import type { Endpoint } from '../world/address.ts';
import { WorldError } from '../world/errors.ts';

const mappedPrefix = '::ffff:';

/** Undefined for what is not an IP address. A zone ("fe80::1%eth0") is kept apart. */
export function parseAddress(text: string): { address: string; family: 4 | 6; zone?: string } | undefined {
  const percent = text.indexOf('%');
  const bare = percent === -1 ? text : text.slice(0, percent);
  const family = isIP(bare);
  if (family === 4) return percent === -1 ? { address: bare, family } : undefined;
  if (family !== 6) return undefined;
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' });
  if (address.startsWith(mappedPrefix) && isIPv4(address.slice(mappedPrefix.length)))
    return { address: address.slice(mappedPrefix.length), family: 4 };
  const zone = percent === -1 ? '' : text.slice(percent + 1);
  return zone === '' ? { address, family } : { address, family, zone };
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

/** The address as Node's calls take it, and its family. Throws a WorldError (`invalid`). */
export function hostOf(endpoint: Endpoint): { host: string; family: 4 | 6 } {
  const parsed = parseAddress(endpoint.address);
  if (parsed === undefined) throw new WorldError('invalid', 'Not an IP address', { value: endpoint.address });
  if (!Number.isInteger(endpoint.port) || endpoint.port < 0 || endpoint.port > 65535)
    throw new WorldError('invalid', 'Not a port', { value: endpoint.port });
  const zone = endpoint.zone ?? parsed.zone;
  const host = zone === undefined || parsed.family === 4 ? parsed.address : `${parsed.address}%${zone}`;
  return { host, family: parsed.family };
}

/** Like hostOf, for where to connect: port 0 names nobody. */
export function remoteHostOf(endpoint: Endpoint): { host: string; family: 4 | 6 } {
  if (endpoint.port === 0) throw new WorldError('invalid', 'Port 0 cannot be connected to', { value: 0 });
  return hostOf(endpoint);
}

/** "127.0.0.1:80" or "[fe80::1%eth0]:80", for messages. */
export function endpointText({ address, port, zone }: Endpoint): string {
  if (!address.includes(':')) return `${address}:${port}`;
  return `[${address}${zone === undefined ? '' : `%${zone}`}]:${port}`;
}
