// What is said to a router's port 5351: PCP (RFC 6887, MAP) and its forerunner NAT-PMP (RFC 6886). Bytes in, values out.

import { ipFromBytes, ipToBytes } from '@shoal/base';

export type PortProtocol = 'tcp' | 'udp';

export interface MapRequest {
  readonly protocol: PortProtocol;
  readonly internalPort: number;
  /** Wished for. */
  readonly externalPort: number;
  /** 0 takes the mapping back. */
  readonly lifetimeSeconds: number;
}

export interface MapAnswer {
  readonly internalPort: number;
  readonly externalPort: number;
  readonly lifetimeSeconds: number;
  /** PCP only. */
  readonly externalAddress?: string;
}

/** `refused` is in words; `other-version` says that the router speaks the other of the two. */
export type Answer<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'other-version' };

const protocolNumbers = { tcp: 6, udp: 17 } as const;
const [mapOpcode, answerBit] = [1, 0x80];
const pcpVersion = 2;
const [headLength, mapLength] = [24, 36];
export const nonceLength = 12;

const pcpRefusals: Readonly<Record<number, string>> = {
  2: 'it is not allowed to us',
  3: 'it did not understand us',
  4: 'it maps no ports',
  7: 'it has no connection itself',
  8: 'it has no room for more',
  9: 'it does not map that protocol',
  10: 'we have as many ports as one may have',
  11: 'it cannot give that port',
  12: 'it sees us at another address: there is a second router between us',
};

export function writePcpMap(request: MapRequest, nonce: Uint8Array, ownAddress: string): Uint8Array {
  const bytes = new Uint8Array(headLength + mapLength);
  const view = new DataView(bytes.buffer);
  bytes[0] = pcpVersion;
  bytes[1] = mapOpcode;
  view.setUint32(4, request.lifetimeSeconds);
  bytes.set(mapped(ownAddress), 8);
  bytes.set(nonce, headLength);
  bytes[36] = protocolNumbers[request.protocol];
  view.setUint16(40, request.internalPort);
  view.setUint16(42, request.externalPort);
  // Any address, in the family that we ask from.
  bytes.set(mapped(ownAddress.includes(':') ? '::' : '0.0.0.0'), 44);
  return bytes;
}

/** Undefined for what is no answer to this request. */
export function readPcpMap(
  bytes: Uint8Array,
  request: MapRequest,
  nonce: Uint8Array,
): Answer<MapAnswer> | undefined {
  if (bytes.length < 4 || (bytes[1] ?? 0) < answerBit) return undefined;
  // RFC 6886 section 3.5: who knows NAT-PMP alone answers in its own version.
  if (bytes[0] === 0) return { kind: 'other-version' };
  if (bytes[0] !== pcpVersion || bytes[1] !== (answerBit | mapOpcode)) return undefined;
  const result = bytes[3] ?? 0;
  if (result === 1) return { kind: 'other-version' };
  if (bytes.length < headLength + mapLength) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isOurs =
    nonce.every((byte, i) => bytes[headLength + i] === byte) &&
    bytes[36] === protocolNumbers[request.protocol] &&
    view.getUint16(40) === request.internalPort;
  if (!isOurs) return undefined;
  if (result !== 0) return { kind: 'refused', why: pcpRefusals[result] ?? `it says ${result}` };
  return {
    kind: 'done',
    value: {
      internalPort: request.internalPort,
      externalPort: view.getUint16(42),
      lifetimeSeconds: view.getUint32(4),
      externalAddress: ipFromBytes(bytes.subarray(44, 60)),
    },
  };
}

const pmpRefusals: Readonly<Record<number, string>> = {
  2: 'it is not allowed to us',
  3: 'it has no connection itself',
  4: 'it has no room for more',
  5: 'it does not map that protocol',
};

export function writePmpMap(request: MapRequest): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  bytes[1] = pmpOpcode(request.protocol);
  view.setUint16(4, request.internalPort);
  // RFC 6886 section 3.4: a mapping is taken back with neither port nor lifetime.
  view.setUint16(6, request.lifetimeSeconds === 0 ? 0 : request.externalPort);
  view.setUint32(8, request.lifetimeSeconds);
  return bytes;
}

export function readPmpMap(bytes: Uint8Array, request: MapRequest): Answer<MapAnswer> | undefined {
  const refused = readPmpHead(bytes, pmpOpcode(request.protocol));
  if (refused !== 'done') return refused;
  if (bytes.length < 16) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(8) !== request.internalPort) return undefined;
  return {
    kind: 'done',
    value: {
      internalPort: request.internalPort,
      externalPort: view.getUint16(10),
      lifetimeSeconds: view.getUint32(12),
    },
  };
}

/** Asks for the router's own address. */
export function writePmpAddress(): Uint8Array {
  return new Uint8Array(2);
}

export function readPmpAddress(bytes: Uint8Array): Answer<string> | undefined {
  const refused = readPmpHead(bytes, 0);
  if (refused !== 'done') return refused;
  return bytes.length < 12 ? undefined : { kind: 'done', value: ipFromBytes(bytes.subarray(8, 12)) };
}

function readPmpHead(bytes: Uint8Array, opcode: number): 'done' | Answer<never> | undefined {
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== (answerBit | opcode)) return undefined;
  const result = (bytes[2] ?? 0) * 256 + (bytes[3] ?? 0);
  if (result === 1) return { kind: 'other-version' };
  return result === 0 ? 'done' : { kind: 'refused', why: pmpRefusals[result] ?? `it says ${result}` };
}

function pmpOpcode(protocol: PortProtocol): number {
  return protocol === 'udp' ? 1 : 2;
}

function mapped(address: string): Uint8Array {
  const bytes = ipToBytes(address) ?? new Uint8Array(16);
  if (bytes.length === 16) return bytes;
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytes);
}
