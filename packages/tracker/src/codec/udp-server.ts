// A tracker's side of the UDP protocol (BEP 15, 41) without an object for a packet: fields are read from the packet,
// answers written into memory that is used again. All numbers are big-endian.

import { type AnnounceFields, announceEvents } from './announce-fields.ts';
import { readUrlData } from './udp.ts';

export const udpActions = { connect: 0, announce: 1, scrape: 2, error: 3 } as const;

const [protocolHigh, protocolLow] = [0x417, 0x27101980];
export const udpHeadBytes = 16;
export const udpAnnounceBytes = 98;
/** The head of an answer to an announce; the peers follow. */
export const udpAnswerHeadBytes = 20;
export const udpScrapeEntryBytes = 12;

export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)) >>>
    0
  );
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** What a packet asks for: an action, or -1 for what is no request. */
export function udpActionOf(bytes: Uint8Array): number {
  if (bytes.length < udpHeadBytes) return -1;
  const action = readUint32(bytes, 8);
  switch (action) {
    case udpActions.connect:
      return readUint32(bytes, 0) === protocolHigh && readUint32(bytes, 4) === protocolLow ? action : -1;
    case udpActions.announce:
      return bytes.length >= udpAnnounceBytes ? action : -1;
    case udpActions.scrape:
      return action;
    default:
      return -1;
  }
}

/** Of a packet whose action is "announce". */
export function readUdpAnnounce(bytes: Uint8Array, fields: AnnounceFields): void {
  fields.bytes = bytes;
  fields.hashAt = 16;
  fields.peerIdAt = 36;
  fields.downloaded = readAmount(bytes, 56);
  fields.left = readAmount(bytes, 64);
  fields.uploaded = readAmount(bytes, 72);
  const event = readUint32(bytes, 80);
  fields.event = event <= announceEvents.paused ? event : announceEvents.none;
  fields.peersWanted = readUint32(bytes, 92) | 0;
  fields.port = ((bytes[96] ?? 0) << 8) | (bytes[97] ?? 0);
}

/** Path and query of the tracker's URL (BEP 41); empty where the packet has none. */
export function udpUrlDataOf(bytes: Uint8Array): string {
  return bytes.length > udpAnnounceBytes ? readUrlData(bytes.subarray(udpAnnounceBytes)) : '';
}

export function udpTransactionOf(bytes: Uint8Array): number {
  return readUint32(bytes, 12);
}

/** Writes the head of any answer; what follows begins at 8. */
export function writeUdpHead(into: Uint8Array, action: number, transaction: number): void {
  writeUint32(into, 0, action);
  writeUint32(into, 4, transaction);
}

/** Answers how long the packet is. ASCII text. */
export function writeUdpError(into: Uint8Array, transaction: number, message: string): number {
  writeUdpHead(into, udpActions.error, transaction);
  for (let i = 0; i < message.length; i++) into[8 + i] = message.charCodeAt(i);
  return 8 + message.length;
}

/** -1 for what is negative as 64 bits: libtorrent and others say so when they do not know. Above 2^53 it is not exact. */
function readAmount(bytes: Uint8Array, at: number): number {
  const high = readUint32(bytes, at);
  // A magnet link's "all but one bit", too.
  if (high >= 0x7fff_ffff) return -1;
  return high * 0x1_0000_0000 + readUint32(bytes, at + 4);
}
