// KRPC (BEP 5) as it comes in: one datagram to one message. Reading never throws, keeps nothing, and copies nothing:
// all bytes are views of the datagram, good only as long as that is.

import { BencodeError, type BencodeNode, decodeBencode, type IpFamily } from '@shoal/base';
import { maxReceivedBytes, maxSaltBytes, maxTransactionBytes, maxValueBytes } from '../bounds.ts';
import { idLength } from '../node-id.ts';

/** BEP 5 and 44. */
export const errorCodes = {
  generic: 201,
  server: 202,
  protocol: 203,
  unknownMethod: 204,
  tooLong: 205,
  badSignature: 206,
  saltTooLong: 207,
  casMismatch: 301,
  oldSequence: 302,
} as const;

/** Which nodes the asker wants (BEP 32). */
export interface Want {
  readonly 4: boolean;
  readonly 6: boolean;
}

/** A value to keep, as `put` brings it (BEP 44). `raw` is its exact encoding. */
export interface PutItem {
  readonly raw: Uint8Array;
  readonly mutable?: {
    readonly key: Uint8Array;
    readonly salt: Uint8Array;
    readonly sequence: number;
    readonly signature: Uint8Array;
    readonly cas: number | undefined;
  };
}

export type Query =
  | { readonly method: 'ping' }
  | { readonly method: 'find_node'; readonly target: Uint8Array; readonly want: Want }
  | {
      readonly method: 'get_peers';
      readonly infoHash: Uint8Array;
      readonly want: Want;
      readonly scrape: boolean;
    }
  | {
      readonly method: 'announce_peer';
      readonly infoHash: Uint8Array;
      readonly token: Uint8Array;
      /** Undefined: the port that the datagram came from. */
      readonly port: number | undefined;
      readonly isSeed: boolean;
    }
  | {
      readonly method: 'get';
      readonly target: Uint8Array;
      readonly want: Want;
      /** Only a newer value is worth sending. */
      readonly sequence: number | undefined;
    }
  | { readonly method: 'put'; readonly token: Uint8Array; readonly item: PutItem }
  | { readonly method: 'sample_infohashes'; readonly target: Uint8Array; readonly want: Want };

export type Message =
  | {
      readonly kind: 'query';
      readonly transaction: Uint8Array;
      readonly id: Uint8Array;
      /** BEP 43: the asker answers nobody. */
      readonly isReadOnly: boolean;
      readonly query: Query;
    }
  /** A question that is to be answered with an error. */
  | {
      readonly kind: 'bad-query';
      readonly transaction: Uint8Array;
      readonly code: number;
      readonly message: string;
    }
  | {
      readonly kind: 'response';
      readonly transaction: Uint8Array;
      readonly id: Uint8Array;
      readonly body: BencodeNode;
      /** Our address as the other side sees it, with the port (BEP 42). */
      readonly seenAs: Uint8Array | undefined;
    }
  | {
      readonly kind: 'error';
      readonly transaction: Uint8Array;
      readonly code: number;
      readonly message: string;
    };

const letterD = 0x64;
const letterE = 0x65;
const letterL = 0x6c;
const lenient = { lenient: true };

/** Undefined for what is no KRPC message, or none that can be answered. */
export function readMessage(bytes: Uint8Array, family: IpFamily): Message | undefined {
  const { length } = bytes;
  if (length > maxReceivedBytes || bytes[0] !== letterD || bytes[length - 1] !== letterE) return undefined;
  let root: BencodeNode;
  try {
    root = decodeBencode(bytes, lenient);
  } catch (error) {
    if (error instanceof BencodeError) return undefined;
    throw error;
  }
  const transaction = root.get('t')?.asBytes();
  const kind = root.get('y');
  if (transaction === undefined || transaction.length > maxTransactionBytes || kind === undefined)
    return undefined;
  if (kind.isString('q')) return readQuery(root, transaction, family);
  if (kind.isString('r')) {
    const body = root.get('r');
    const id = body?.get('id')?.asBytes(idLength);
    if (body === undefined || id === undefined) return undefined;
    return { kind: 'response', transaction, id, body, seenAs: root.get('ip')?.asBytes() };
  }
  return kind.isString('e') ? readError(root, transaction) : undefined;
}

/** Without parsing: the last entry of every sorted message is `1:y1:q`, `1:y1:r` or `1:y1:e`. */
export function looksLikeQuery(bytes: Uint8Array): boolean {
  return bytes[bytes.length - 2] === 0x71;
}

function readError(root: BencodeNode, transaction: Uint8Array): Message {
  const [code, text] = root.get('e')?.items() ?? [];
  return {
    kind: 'error',
    transaction,
    code: code?.asInteger() ?? errorCodes.generic,
    message: (text?.asText() ?? '').slice(0, 200),
  };
}

function readQuery(root: BencodeNode, transaction: Uint8Array, family: IpFamily): Message {
  const args = root.get('a');
  const id = args?.get('id')?.asBytes(idLength);
  if (args === undefined || id === undefined) return bad(transaction, 'A query needs an id of 20 bytes');
  const method = root.get('q');
  const query = readMethod(method, args, family);
  if (typeof query === 'string') return bad(transaction, query);
  if (query === undefined)
    return {
      kind: 'bad-query',
      transaction,
      code: errorCodes.unknownMethod,
      message: 'Method unknown',
    };
  const isReadOnly = root.get('ro')?.asInteger() === 1;
  return { kind: 'query', transaction, id, isReadOnly, query };
}

function bad(transaction: Uint8Array, message: string, code: number = errorCodes.protocol): Message {
  return { kind: 'bad-query', transaction, code, message };
}

/** A text says what is wrong with the arguments; undefined is a method that we do not know. */
function readMethod(
  method: BencodeNode | undefined,
  args: BencodeNode,
  family: IpFamily,
): Query | string | undefined {
  if (method === undefined) return 'A query needs a method';
  if (method.isString('get_peers')) {
    const infoHash = args.get('info_hash')?.asBytes(idLength);
    if (infoHash === undefined) return 'get_peers needs an info_hash of 20 bytes';
    const scrape = args.get('scrape')?.asInteger() === 1;
    return { method: 'get_peers', infoHash, want: readWant(args, family), scrape };
  }
  if (method.isString('find_node')) return readTargeted('find_node', args, family);
  if (method.isString('ping')) return { method: 'ping' };
  if (method.isString('announce_peer')) return readAnnounce(args);
  if (method.isString('get')) {
    const sequence = args.get('seq')?.asInteger();
    const asked = readTargeted('get', args, family);
    return typeof asked === 'string' ? asked : { ...asked, method: 'get', sequence };
  }
  if (method.isString('put')) return readPut(args);
  if (method.isString('sample_infohashes')) return readTargeted('sample_infohashes', args, family);
  return undefined;
}

function readTargeted<Method extends 'find_node' | 'get' | 'sample_infohashes'>(
  method: Method,
  args: BencodeNode,
  family: IpFamily,
): { method: Method; target: Uint8Array; want: Want } | string {
  const target = args.get('target')?.asBytes(idLength);
  return target === undefined
    ? `${method} needs a target of 20 bytes`
    : { method, target, want: readWant(args, family) };
}

const only4: Want = { 4: true, 6: false };
const only6: Want = { 4: false, 6: true };
const both: Want = { 4: true, 6: true };

function readWant(args: BencodeNode, family: IpFamily): Want {
  const list = args.get('want');
  let wants4 = false;
  let wants6 = false;
  if (list !== undefined) {
    for (const item of list.items()) {
      if (item.isString('n4')) wants4 = true;
      if (item.isString('n6')) wants6 = true;
    }
  }
  if (wants4) return wants6 ? both : only4;
  return wants6 || family === 6 ? only6 : only4;
}

function readAnnounce(args: BencodeNode): Query | string {
  const infoHash = args.get('info_hash')?.asBytes(idLength);
  if (infoHash === undefined) return 'announce_peer needs an info_hash of 20 bytes';
  const token = args.get('token')?.asBytes();
  if (token === undefined) return 'announce_peer needs a token';
  const isImplied = (args.get('implied_port')?.asInteger() ?? 0) !== 0;
  const port = args.get('port')?.asInteger() ?? 0;
  if (!isImplied && !(port > 0 && port < 65536)) return 'announce_peer needs a port';
  const isSeed = args.get('seed')?.asInteger() === 1;
  return { method: 'announce_peer', infoHash, token, port: isImplied ? undefined : port, isSeed };
}

function readPut(args: BencodeNode): Query | string {
  const token = args.get('token')?.asBytes();
  if (token === undefined) return 'put needs a token';
  const raw = args.get('v')?.raw;
  if (raw === undefined) return 'put needs a value';
  const key = args.get('k');
  if (key === undefined) return { method: 'put', token, item: { raw } };
  const keyBytes = key.asBytes(32);
  const signature = args.get('sig')?.asBytes(64);
  const sequence = args.get('seq')?.asInteger();
  if (keyBytes === undefined) return 'A key has 32 bytes';
  if (signature === undefined) return 'A signature has 64 bytes';
  if (sequence === undefined || sequence < 0) return 'A mutable item needs a sequence number from 0 to 2^53';
  const salt = args.get('salt')?.asBytes() ?? new Uint8Array(0);
  const cas = args.get('cas')?.asInteger();
  return {
    method: 'put',
    token,
    item: { raw, mutable: { key: keyBytes, salt, sequence, signature, cas } },
  };
}

/** What is too long about an item, as an error code of BEP 44. */
export function sizeErrorOf({ raw, mutable }: PutItem): { code: number; message: string } | undefined {
  if (raw.length > maxValueBytes)
    return { code: errorCodes.tooLong, message: `A value has at most ${maxValueBytes} bytes` };
  if (mutable !== undefined && mutable.salt.length > maxSaltBytes)
    return { code: errorCodes.saltTooLong, message: `A salt has at most ${maxSaltBytes} bytes` };
  return undefined;
}

/** Lists have another first byte than strings: `values` of some clients is one long string. */
export function isList(node: BencodeNode): boolean {
  return node.raw[0] === letterL;
}
