// The extension protocol's own handshake (BEP 10), with the fields of BEP 9, 21 and what clients added.
// Fields that make no sense are taken as absent: real clients send some, and none is worth a connection.

import {
  BencodeError,
  type BencodeNode,
  type BencodeValue,
  decodeBencode,
  encodeBencode,
  fromUtf8Lossy,
  ipFromBytes,
  ipToBytes,
} from '@shoal/base';
import { longestClientName, longestMetadata, mostExtensions } from '../bounds.ts';
import { WireError } from '../errors.ts';

/** The id of the handshake itself. */
export const extendedHandshakeId = 0;

/** What we call the extensions that we take, in messages to us. */
export const ourExtensions = {
  ut_pex: 1,
  ut_metadata: 2,
  upload_only: 3,
  ut_holepunch: 4,
  lt_donthave: 5,
} as const;

export interface ExtendedHandshake {
  /** The id by which the sender wants each extension; 0 turns one off. A later handshake changes only what it names. */
  readonly extensions: Readonly<Record<string, number>>;
  /** Name and version, for people. */
  readonly client?: string;
  /** Where the sender listens. */
  readonly port?: number;
  /** Requests that the sender will queue (`reqq`). */
  readonly requestQueue?: number;
  /** How the receiver looks from outside. */
  readonly yourAddress?: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly metadataSize?: number;
  /** BEP 21. */
  readonly uploadOnly?: boolean;
}

export function encodeExtendedHandshake(handshake: ExtendedHandshake): Uint8Array {
  return encodeBencode({
    ipv4: addressBytes(handshake.ipv4),
    ipv6: addressBytes(handshake.ipv6),
    m: handshake.extensions,
    metadata_size: handshake.metadataSize,
    p: handshake.port,
    reqq: handshake.requestQueue,
    upload_only: handshake.uploadOnly === undefined ? undefined : Number(handshake.uploadOnly),
    v: handshake.client,
    yourip: addressBytes(handshake.yourAddress),
  } satisfies Record<string, BencodeValue | undefined>);
}

/** Throws `extended-malformed` for what is no dictionary. */
export function decodeExtendedHandshake(payload: Uint8Array): ExtendedHandshake {
  const root = decodeDictionary(payload);
  const client = readClient(root.get('v'));
  const port = integerWithin(root.get('p'), 1, 65_535);
  const requestQueue = integerWithin(root.get('reqq'), 1, Number.MAX_SAFE_INTEGER);
  const yourAddress = readAddress(root.get('yourip'));
  const ipv4 = readAddress(root.get('ipv4'), 4);
  const ipv6 = readAddress(root.get('ipv6'), 16);
  const metadataSize = integerWithin(root.get('metadata_size'), 1, longestMetadata);
  const uploadOnly = root.get('upload_only')?.asInteger();
  return {
    extensions: readExtensions(root.get('m')),
    ...(client === undefined ? {} : { client }),
    ...(port === undefined ? {} : { port }),
    ...(requestQueue === undefined ? {} : { requestQueue }),
    ...(yourAddress === undefined ? {} : { yourAddress }),
    ...(ipv4 === undefined ? {} : { ipv4 }),
    ...(ipv6 === undefined ? {} : { ipv6 }),
    ...(metadataSize === undefined ? {} : { metadataSize }),
    ...(uploadOnly === undefined ? {} : { uploadOnly: uploadOnly !== 0 }),
  };
}

/** The dictionary at the front of an extended message; bytes may follow it. */
export function decodeDictionary(payload: Uint8Array): BencodeNode {
  let root: BencodeNode;
  try {
    root = decodeBencode(payload, { lenient: true, allowTrailing: true });
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    throw new WireError('extended-malformed', 'An extended message is not bencoded.', { cause: error });
  }
  if (root.kind !== 'dictionary') {
    throw new WireError('extended-malformed', 'An extended message is not a dictionary.');
  }
  return root;
}

export function integerWithin(
  node: BencodeNode | undefined,
  least: number,
  most: number,
): number | undefined {
  const value = node?.asInteger();
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

function readExtensions(node: BencodeNode | undefined): Record<string, number> {
  const extensions = new Map<string, number>();
  for (const [key, value] of node?.entries() ?? []) {
    const name = key.asText();
    const id = integerWithin(value, 0, 255);
    if (name === undefined || id === undefined || extensions.has(name)) continue;
    extensions.set(name, id);
    if (extensions.size === mostExtensions) break;
  }
  return Object.fromEntries(extensions);
}

/** Cut short and without control characters: it is shown on terminals and pages. */
function readClient(node: BencodeNode | undefined): string | undefined {
  const bytes = node?.asBytes();
  if (bytes === undefined || bytes.length === 0) return undefined;
  const text = fromUtf8Lossy(bytes.subarray(0, longestClientName));
  return text.replace(/\p{C}/gu, '').trim() || undefined;
}

function readAddress(node: BencodeNode | undefined, length?: 4 | 16): string | undefined {
  const bytes = node?.asBytes(length);
  return bytes?.length === 4 || bytes?.length === 16 ? ipFromBytes(bytes) : undefined;
}

function addressBytes(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : ipToBytes(text);
}
