// BEP 42: the first 21 bits of a node's id follow from its public address, so that nobody can choose where in the
// id space his nodes stand without owning the addresses for it.

import { crc32c, type Endpoint, ipScope, ipToBytes, type Random } from '@shoal/base';
import { idLength, randomId } from './node-id.ts';

const mask4 = Uint8Array.of(0x03, 0x0f, 0x3f, 0xff);
const mask6 = Uint8Array.of(0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff);
const masked = { 4: new Uint8Array(4), 8: new Uint8Array(8) };

/** The sum whose first 21 bits begin the id; `draw` is the id's last byte. */
function sumOf(ip: Uint8Array, draw: number): number {
  const mask = ip.length === 4 ? mask4 : mask6;
  const input = ip.length === 4 ? masked[4] : masked[8];
  for (let i = 0; i < input.length; i++) input[i] = (ip[i] ?? 0) & (mask[i] ?? 0);
  input[0] = (input[0] ?? 0) | ((draw & 7) << 5);
  return crc32c(input);
}

/** A new id for a node at this address (4 or 16 bytes). */
export function makeNodeId(ip: Uint8Array, random: Random): Uint8Array {
  const id = randomId(random);
  const sum = sumOf(ip, id[idLength - 1] ?? 0);
  id[0] = sum >>> 24;
  id[1] = sum >>> 16;
  id[2] = ((sum >>> 8) & 0xf8) | ((id[2] ?? 0) & 0x07);
  return id;
}

/** The id may belong to a node at this address (4 or 16 bytes). */
export function isIdFor(id: Uint8Array, ip: Uint8Array): boolean {
  const sum = sumOf(ip, id[idLength - 1] ?? 0);
  const prefix = (((id[0] ?? 0) << 24) | ((id[1] ?? 0) << 16) | ((id[2] ?? 0) << 8)) >>> 0;
  return (prefix ^ sum) >>> 11 === 0;
}

/** As the rule is enforced: addresses that are not public are free of it (BEP 42, "local networks"). */
export function isIdAllowed(id: Uint8Array, { address }: Endpoint): boolean {
  if (ipScope(address) !== 'public') return true;
  const ip = ipToBytes(address);
  return ip !== undefined && isIdFor(id, ip);
}
