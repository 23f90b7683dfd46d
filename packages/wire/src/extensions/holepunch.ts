// Holepunch messages (BEP 55): a peer that both sides know asks them to dial each other at once.

import { type Endpoint, ipFromBytes, ipToBytes } from '@shoal/base';
import { readU16, readU32, writeU16, writeU32 } from '../bytes.ts';
import { WireError } from '../errors.ts';

export type HolepunchFailure = 'no-such-peer' | 'not-connected' | 'no-support' | 'no-self';

export type HolepunchMessage =
  | { readonly kind: 'rendezvous' | 'connect'; readonly endpoint: Endpoint }
  | { readonly kind: 'error'; readonly endpoint: Endpoint; readonly failure: HolepunchFailure };

const kinds = ['rendezvous', 'connect', 'error'] as const;
/** On the wire from 1 on. */
const failures = ['no-such-peer', 'not-connected', 'no-support', 'no-self'] as const;

export function encodeHolepunch(message: HolepunchMessage): Uint8Array {
  const address = ipToBytes(message.endpoint.address);
  if (address === undefined) throw new RangeError(`${message.endpoint.address} is no address`);
  const payload = new Uint8Array(2 + address.length + 2 + 4);
  payload[0] = kinds.indexOf(message.kind);
  payload[1] = address.length === 4 ? 0 : 1;
  payload.set(address, 2);
  const at = writeU16(payload, 2 + address.length, message.endpoint.port);
  writeU32(payload, at, message.kind === 'error' ? failures.indexOf(message.failure) + 1 : 0);
  return payload;
}

/** The error code may be missing where there is none: libtorrent leaves it out. Throws `extended-malformed`. */
export function decodeHolepunch(payload: Uint8Array): HolepunchMessage {
  const kind = kinds[payload[0] ?? -1];
  const addressLength = payload[1] === 0 ? 4 : payload[1] === 1 ? 16 : undefined;
  if (kind === undefined || addressLength === undefined || payload.length < 2 + addressLength + 2) {
    throw new WireError('extended-malformed', 'A holepunch message makes no sense.');
  }
  const portAt = 2 + addressLength;
  const endpoint = { address: ipFromBytes(payload.subarray(2, portAt)), port: readU16(payload, portAt) };
  if (kind !== 'error') return { kind, endpoint };
  const failure = failures[readU32(payload, portAt + 2) - 1];
  if (failure === undefined) {
    throw new WireError('extended-malformed', 'A holepunch message fails for a reason that does not exist.');
  }
  return { kind, endpoint, failure };
}
