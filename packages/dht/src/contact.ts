// A node that we know: where it is, and when it was last good for something.

import { compactEndpoint, type Endpoint, ipScope, ipToBytes, toLatin1 } from '@shoal/base';
import { maxFailures, questionableAfterMs } from './bounds.ts';
import type { NodeInfo } from './codec/nodes.ts';
import { idLength } from './node-id.ts';

export interface Contact extends NodeInfo {
  /** Address and port as replies have them, as Latin-1: a tenth of what a typed array takes. */
  readonly place: string;
  /** The network that counts against its kind; '' where addresses are not scarce (private ones, loopback). */
  readonly prefix: string;
  lastHeardMs: number;
  /** Questions in a row that it left unanswered. */
  failures: number;
  rttMs: number | undefined;
}

export type ContactState = 'good' | 'questionable' | 'bad';

/** BEP 5. Every contact has answered us at least once; `failures` start anew with each answer. */
export function stateOf(contact: Contact, nowMs: number): ContactState {
  if (contact.failures >= maxFailures) return 'bad';
  const isRecent = nowMs - contact.lastHeardMs < questionableAfterMs;
  return isRecent && contact.failures === 0 ? 'good' : 'questionable';
}

export function makeContact(node: NodeInfo, nowMs: number, rttMs?: number): Contact | undefined {
  const place = compactEndpoint(node.endpoint);
  if (place === undefined) return undefined;
  return {
    id: node.id,
    endpoint: node.endpoint,
    place: toLatin1(place),
    prefix: prefixOf(node.endpoint),
    lastHeardMs: nowMs,
    failures: 0,
    rttMs,
  };
}

/** Contacts one after the other, as replies and saved tables carry them. */
export function compactContacts(contacts: readonly Contact[]): Uint8Array {
  const size = idLength + (contacts[0]?.place.length ?? 0);
  const bytes = new Uint8Array(contacts.length * size);
  for (const [i, { id, place }] of contacts.entries()) {
    bytes.set(id, i * size);
    const start = i * size + idLength;
    for (let at = 0; at < place.length; at++) bytes[start + at] = place.charCodeAt(at);
  }
  return bytes;
}

/** The /24 or /64 of a public address, otherwise ''. */
export function prefixOf({ address }: Endpoint): string {
  if (ipScope(address) !== 'public') return '';
  if (!address.includes(':')) return address.slice(0, address.lastIndexOf('.'));
  return toLatin1(ipToBytes(address)?.subarray(0, 8) ?? new Uint8Array(0));
}

/** What only one node may have: a public address; elsewhere an address and a port. */
export function placeKey(endpoint: Endpoint, prefix: string): string {
  return prefix === '' ? endpointKey(endpoint) : endpoint.address;
}

export function endpointKey({ address, port }: Endpoint): string {
  return `${address}|${port}`;
}
