// Messages as values, for tests: what was written, and what the parser called.

import { toHex } from '@shoal/base';
import type { HashRequest } from '@shoal/metainfo';
import {
  type PeerHandlers,
  writeAllowedFast,
  writeBitfield,
  writeCancel,
  writeChoke,
  writeExtended,
  writeHashes,
  writeHashReject,
  writeHashRequest,
  writeHave,
  writeHaveAll,
  writeHaveNone,
  writeInterested,
  writeKeepAlive,
  writeNotInterested,
  writePieceHeader,
  writePort,
  writeReject,
  writeRequest,
  writeSuggest,
  writeUnchoke,
} from '@shoal/wire';
import fc from 'fast-check';

export type Message =
  | readonly ['choke' | 'unchoke' | 'interested' | 'notInterested' | 'haveAll' | 'haveNone' | 'keepAlive']
  | readonly ['have' | 'suggest' | 'allowedFast' | 'port', number]
  | readonly ['request' | 'cancel' | 'reject', number, number, number]
  | readonly ['bitfield', Uint8Array]
  | readonly ['block', number, number, Uint8Array]
  | readonly ['extended', number, Uint8Array]
  | readonly ['hashRequest' | 'hashReject', HashRequest]
  | readonly ['hashes', HashRequest, Uint8Array]
  | readonly ['unknown', number, Uint8Array];

const plain = {
  choke: writeChoke,
  unchoke: writeUnchoke,
  interested: writeInterested,
  notInterested: writeNotInterested,
  haveAll: writeHaveAll,
  haveNone: writeHaveNone,
  keepAlive: writeKeepAlive,
};
const numbered = { have: writeHave, suggest: writeSuggest, allowedFast: writeAllowedFast, port: writePort };
const ranged = { request: writeRequest, cancel: writeCancel, reject: writeReject };

export function encode(messages: readonly Message[]): Uint8Array {
  const buffer = new Uint8Array(4_000_000);
  let at = 0;
  for (const message of messages) {
    switch (message[0]) {
      case 'have':
      case 'suggest':
      case 'allowedFast':
      case 'port':
        at = numbered[message[0]](buffer, at, message[1]);
        break;
      case 'request':
      case 'cancel':
      case 'reject':
        at = ranged[message[0]](buffer, at, message[1], message[2], message[3]);
        break;
      case 'bitfield':
        at = writeBitfield(buffer, at, message[1]);
        break;
      case 'block':
        at = writePieceHeader(buffer, at, message[1], message[2], message[3].length);
        buffer.set(message[3], at);
        at += message[3].length;
        break;
      case 'extended':
        at = writeExtended(buffer, at, message[1], message[2]);
        break;
      case 'hashRequest':
        at = writeHashRequest(buffer, at, message[1]);
        break;
      case 'hashReject':
        at = writeHashReject(buffer, at, message[1]);
        break;
      case 'hashes':
        at = writeHashes(buffer, at, message[1], message[2]);
        break;
      case 'unknown':
        new DataView(buffer.buffer).setUint32(at, message[2].length + 1);
        buffer[at + 4] = message[1];
        buffer.set(message[2], at + 5);
        at += 5 + message[2].length;
        break;
      default:
        at = plain[message[0]](buffer, at);
    }
  }
  return buffer.slice(0, at);
}

/** Handlers that keep copies of everything, blocks in slabs over shared memory. */
export function createRecorder(): { readonly handlers: PeerHandlers; readonly messages: Message[] } {
  const messages: Message[] = [];
  const slab = new Uint8Array(new SharedArrayBuffer(131_072 + 7));
  const put = (message: Message): void => {
    messages.push(message);
  };
  return {
    messages,
    handlers: {
      keepAlive: () => put(['keepAlive']),
      choke: () => put(['choke']),
      unchoke: () => put(['unchoke']),
      interested: () => put(['interested']),
      notInterested: () => put(['notInterested']),
      have: (piece) => put(['have', piece]),
      bitfield: (bits) => put(['bitfield', bits.slice()]),
      request: (piece, begin, length) => put(['request', piece, begin, length]),
      cancel: (piece, begin, length) => put(['cancel', piece, begin, length]),
      blockStart(_piece, _begin, _length, place) {
        slab.fill(0);
        place.offset = 7;
        return slab;
      },
      blockEnd: (piece, begin, length) =>
        put(['block', piece, begin, Uint8Array.from(slab.subarray(7, 7 + length))]),
      port: (port) => put(['port', port]),
      suggest: (piece) => put(['suggest', piece]),
      haveAll: () => put(['haveAll']),
      haveNone: () => put(['haveNone']),
      reject: (piece, begin, length) => put(['reject', piece, begin, length]),
      allowedFast: (piece) => put(['allowedFast', piece]),
      extended: (id, payload) => put(['extended', id, payload.slice()]),
      hashRequest: (range) => put(['hashRequest', range]),
      hashes: (range, hashes) => put(['hashes', range, hashes.slice()]),
      hashReject: (range) => put(['hashReject', range]),
    },
  };
}

const u32 = fc.nat({ max: 2 ** 32 - 1 });
const hashRange: fc.Arbitrary<HashRequest> = fc.record({
  piecesRoot: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Uint8Array.from(bytes)),
  baseLayer: u32,
  index: u32,
  length: u32,
  proofLayers: u32,
});
const bytes = (options: fc.IntArrayConstraints) =>
  fc.uint8Array(options).map((values) => Uint8Array.from(values));
const wholeHashes = fc
  .nat({ max: 6 })
  .chain((count) => bytes({ minLength: 32 * count, maxLength: 32 * count }));
const unknownIds = [10, 11, 12, 18, 19, 24, 99, 255];

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.constantFrom<Message>(
    ['choke'],
    ['unchoke'],
    ['interested'],
    ['notInterested'],
    ['haveAll'],
    ['haveNone'],
    ['keepAlive'],
  ),
  fc.tuple(fc.constantFrom('have' as const, 'suggest' as const, 'allowedFast' as const), u32),
  fc.tuple(fc.constant('port' as const), fc.nat({ max: 65_535 })),
  fc.tuple(fc.constantFrom('request' as const, 'cancel' as const, 'reject' as const), u32, u32, u32),
  fc.tuple(fc.constant('bitfield' as const), bytes({ maxLength: 300 })),
  fc.tuple(fc.constant('block' as const), u32, u32, bytes({ maxLength: 200 })),
  fc.tuple(fc.constant('extended' as const), fc.nat({ max: 255 }), bytes({ maxLength: 300 })),
  fc.tuple(fc.constantFrom('hashRequest' as const, 'hashReject' as const), hashRange),
  fc.tuple(fc.constant('hashes' as const), hashRange, wholeHashes),
  fc.tuple(fc.constant('unknown' as const), fc.constantFrom(...unknownIds), bytes({ maxLength: 60 })),
);

/** Cuts bytes into copies of its parts, so that nothing can be read behind a part. */
export function cut(stream: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(places.map((place) => place % (stream.length + 1)))].sort((a, b) => a - b);
  const parts: Uint8Array[] = [];
  let start = 0;
  for (const end of [...sorted, stream.length]) {
    parts.push(stream.slice(start, end));
    start = end;
  }
  return parts;
}

/** Readable when two sequences differ. */
export function show(messages: readonly Message[]): string[] {
  return messages.map((message) =>
    message
      .map((part) =>
        part instanceof Uint8Array
          ? toHex(part)
          : typeof part === 'object'
            ? JSON.stringify({ ...part, piecesRoot: toHex(part.piecesRoot) })
            : String(part),
      )
      .join(' '),
  );
}
