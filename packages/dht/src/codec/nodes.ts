// "Compact node info" (BEP 5, 32): an id, an address and a port, 26 bytes with IPv4 and 38 with IPv6.

import { compactEndpoint, type Endpoint, type IpFamily, ipFromBytes } from '@shoal/base';
import { idLength } from '../node-id.ts';

export interface NodeInfo {
  readonly id: Uint8Array;
  readonly endpoint: Endpoint;
}

export function compactNodeLength(family: IpFamily): number {
  return family === 4 ? 26 : 38;
}

/** Undefined when the endpoint's address is none. */
export function compactNode(id: Uint8Array, endpoint: Endpoint): Uint8Array | undefined {
  const place = compactEndpoint(endpoint);
  if (place === undefined) return undefined;
  const bytes = new Uint8Array(idLength + place.length);
  bytes.set(id);
  bytes.set(place, idLength);
  return bytes;
}

/** At most `limit`, copied; what is left of a cut one is dropped, and so is whoever has no port. */
export function readCompactNodes(bytes: Uint8Array, family: IpFamily, limit: number): NodeInfo[] {
  const size = compactNodeLength(family);
  const nodes: NodeInfo[] = [];
  for (let at = 0; at + size <= bytes.length && nodes.length < limit; at += size) {
    const endpoint = readEndpoint(bytes.subarray(at + idLength, at + size), family);
    if (endpoint !== undefined) nodes.push({ id: bytes.slice(at, at + idLength), endpoint });
  }
  return nodes;
}

/** Of 6 or 18 bytes; undefined without a port, or for an IPv4 address that is dressed up as IPv6. */
export function readEndpoint(bytes: Uint8Array, family: IpFamily): Endpoint | undefined {
  const { length } = bytes;
  const port = (bytes[length - 2] ?? 0) * 256 + (bytes[length - 1] ?? 0);
  const address = ipFromBytes(bytes.subarray(0, length - 2));
  if (port === 0 || (family === 6) !== address.includes(':')) return undefined;
  return { address, port };
}
