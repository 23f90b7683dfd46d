// KRPC answers as we send them, written into one buffer that is used for all of them: a reply costs no object but
// the view of it. Keys stand in the order of their bytes. Invariant: no reply has more than 1,400 bytes.

import { maxDatagramBytes } from '../bounds.ts';
import { version } from './question.ts';

export interface Reply {
  /** Where the question came from, 6 or 18 bytes (BEP 42's "ip"). */
  readonly askedFrom: Uint8Array;
  readonly transaction: Uint8Array;
  readonly id: Uint8Array;
  readonly seeds?: Uint8Array;
  readonly peers?: Uint8Array;
  readonly interval?: number;
  readonly key?: Uint8Array;
  readonly nodes?: Uint8Array | undefined;
  readonly nodes6?: Uint8Array | undefined;
  readonly total?: number;
  readonly samples?: Uint8Array;
  readonly sequence?: number;
  readonly signature?: Uint8Array;
  readonly token?: Uint8Array;
  /** An encoded value, written as it is. */
  readonly value?: Uint8Array;
  readonly values?: ValueSource | undefined;
}

/** Encoded strings of one length that stand one after the other: the peers of a swarm. */
export interface ValueSource {
  readonly bytes: Uint8Array;
  readonly stride: number;
  readonly count: number;
  /** Which comes first; after the last one come those before it. */
  readonly start: number;
  readonly most: number;
}

const scratch = new Uint8Array(maxDatagramBytes + 1024);
let at = 0;

function constant(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const openIp4 = constant('d2:ip6:');
const openIp6 = constant('d2:ip18:');
const openBody = constant('1:rd');
const keyId = constant('2:id20:');
const keyToken = constant('5:token');
const keyValues = constant('6:valuesl');
const keyTransaction = constant('1:t');
const closing = constant('1:v4:SLxx1:y1:re');
closing.set(version, 5);
const keySeeds = constant('4:BFsd256:');
const keyPeers = constant('4:BFpe256:');
const keyInterval = constant('8:interval');
const keyKey = constant('1:k');
const keyNodes = constant('5:nodes');
const keyNodes6 = constant('6:nodes6');
const keyTotal = constant('3:num');
const keySamples = constant('7:samples');
const keySequence = constant('3:seq');
const keySignature = constant('3:sig');
const keyValue = constant('1:v');
const openError = constant('1:el');
const closingError = constant('1:v4:SLxx1:y1:ee');
closingError.set(version, 5);
const letterE = 0x65;

/** Good until the next call. Empty when it does not fit: it is not sent then. */
export function writeReply(reply: Reply): Uint8Array {
  at = 0;
  const { askedFrom } = reply;
  put(askedFrom.length === 6 ? openIp4 : openIp6);
  put(askedFrom);
  put(openBody);
  if (reply.peers !== undefined) putAfter(keyPeers, reply.peers);
  if (reply.seeds !== undefined) putAfter(keySeeds, reply.seeds);
  put(keyId);
  put(reply.id);
  if (reply.interval !== undefined) putInteger(keyInterval, reply.interval);
  if (reply.key !== undefined) putString(keyKey, reply.key);
  if (reply.nodes !== undefined) putString(keyNodes, reply.nodes);
  if (reply.nodes6 !== undefined) putString(keyNodes6, reply.nodes6);
  if (reply.total !== undefined) putInteger(keyTotal, reply.total);
  if (reply.samples !== undefined) putString(keySamples, reply.samples);
  if (reply.sequence !== undefined) putInteger(keySequence, reply.sequence);
  if (reply.signature !== undefined) putString(keySignature, reply.signature);
  if (reply.token !== undefined) putString(keyToken, reply.token);
  if (reply.value !== undefined) putAfter(keyValue, reply.value);
  if (reply.values !== undefined) putValues(reply.values, reply.transaction.length);
  scratch[at++] = letterE;
  putString(keyTransaction, reply.transaction);
  put(closing);
  return finish();
}

export function writeError(transaction: Uint8Array, code: number, message: string): Uint8Array {
  at = 0;
  scratch[at++] = 0x64;
  put(openError);
  putInteger(noKey, code);
  putString(noKey, constant(message));
  scratch[at++] = letterE;
  putString(keyTransaction, transaction);
  put(closingError);
  return finish();
}

const noKey = new Uint8Array(0);

function finish(): Uint8Array {
  return scratch.subarray(0, at > maxDatagramBytes ? 0 : at);
}

/** After the values come an `e`, the end of the body, the transaction with its key, and the closing. */
const afterValues = 1 + 1 + keyTransaction.length + 3 + closing.length;

function putValues({ bytes, stride, count, start, most }: ValueSource, transactionLength: number): void {
  const room = maxDatagramBytes - at - keyValues.length - afterValues - transactionLength;
  const taken = Math.min(count, most, Math.floor(room / stride));
  if (taken <= 0) return;
  put(keyValues);
  const first = Math.min(taken, count - start);
  putRange(bytes, start * stride, (start + first) * stride);
  if (first < taken) putRange(bytes, 0, (taken - first) * stride);
  scratch[at++] = letterE;
}

/** Calls into `set` cost more than the loop up to about this. */
const shortCopy = 48;

function put(bytes: Uint8Array): void {
  const { length } = bytes;
  if (length <= shortCopy) for (let i = 0; i < length; i++) scratch[at + i] = bytes[i] ?? 0;
  else scratch.set(bytes, at);
  at += length;
}

function putRange(bytes: Uint8Array, start: number, end: number): void {
  if (end - start <= shortCopy) for (let i = start; i < end; i++) scratch[at++] = bytes[i] ?? 0;
  else {
    scratch.set(bytes.subarray(start, end), at);
    at += end - start;
  }
}

function putAfter(key: Uint8Array, bytes: Uint8Array): void {
  put(key);
  put(bytes);
}

function putString(key: Uint8Array, bytes: Uint8Array): void {
  put(key);
  putDigits(bytes.length);
  scratch[at++] = 0x3a;
  put(bytes);
}

function putInteger(key: Uint8Array, value: number): void {
  put(key);
  scratch[at++] = 0x69;
  putDigits(value);
  scratch[at++] = letterE;
}

function putDigits(value: number): void {
  if (value < 10) scratch[at++] = 0x30 + value;
  else for (const digit of String(value)) scratch[at++] = digit.charCodeAt(0);
}
