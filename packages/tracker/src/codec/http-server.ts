// A tracker's side of announce and scrape over HTTP (BEP 3, 7, 21, 23, 48): queries read byte for byte where they lie,
// answers written as bencode without building it first.

import { toUtf8 } from '@shoal/base';
import { type AnnounceFields, announceEvents } from './announce-fields.ts';

const [percent, ampersand, equals] = [37, 38, 61];
/** A client that names one address of each family, and some more. */
const maxOwnAddresses = 4;
const maxAddressChars = 64;

/** A stable sentence for `failure reason`; undefined where all is well. */
export type QueryFault = string | undefined;

/** Positions of one field of a query; the value is still percent-encoded. */
class Field {
  nameStart = 0;
  nameEnd = 0;
  valueStart = 0;
  valueEnd = 0;

  /** Answers where the next one begins. */
  read(query: Uint8Array, start: number): number {
    let at = start;
    this.nameStart = start;
    while (at < query.length && query[at] !== equals && query[at] !== ampersand) at++;
    this.nameEnd = at;
    if (query[at] === equals) at++;
    this.valueStart = at;
    while (at < query.length && query[at] !== ampersand) at++;
    this.valueEnd = at;
    return at + 1;
  }

  isNamed(query: Uint8Array, name: string): boolean {
    if (this.nameEnd - this.nameStart !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (query[this.nameStart + i] !== name.charCodeAt(i)) return false;
    return true;
  }
}

const seen = {
  hash: 1,
  peerId: 2,
  port: 4,
  left: 8,
  event: 16,
  wanted: 32,
  uploaded: 64,
  downloaded: 128,
} as const;

export class AnnounceQueryReader {
  readonly #own = new Uint8Array(40);
  readonly #field = new Field();

  /** Fills all of `fields`, or says what is wrong. Fields that are not known are passed over. */
  read(query: Uint8Array, fields: AnnounceFields): QueryFault {
    fields.bytes = this.#own;
    fields.hashAt = 0;
    fields.peerIdAt = 20;
    fields.left = -1;
    fields.uploaded = 0;
    fields.downloaded = 0;
    fields.peersWanted = -1;
    fields.event = announceEvents.none;
    fields.isCompact = true;
    fields.isWithoutPeerIds = false;
    if (fields.ownAddresses.length > 0) fields.ownAddresses = [];
    const field = this.#field;
    let found = 0;
    for (let at = 0; at < query.length; ) {
      at = field.read(query, at);
      let bit = 0;
      switch (query[field.nameStart] ?? 0) {
        case 99: // c
          if (field.isNamed(query, 'compact')) fields.isCompact = query[field.valueStart] !== 48;
          break;
        case 100: // d
          if (!field.isNamed(query, 'downloaded')) break;
          bit = seen.downloaded;
          fields.downloaded = readNumber(query, field);
          if (fields.downloaded < 0) return 'downloaded is not a number of bytes';
          break;
        case 101: // e
          if (!field.isNamed(query, 'event')) break;
          bit = seen.event;
          fields.event = readEvent(query, field);
          if (fields.event < 0) return 'unknown event';
          break;
        case 105: // i
          if (field.isNamed(query, 'info_hash')) {
            bit = seen.hash;
            if (!decodeHash(query, field, this.#own, 0))
              return 'info_hash must have 20 bytes, percent-encoded';
          } else if (
            field.isNamed(query, 'ip') ||
            field.isNamed(query, 'ipv4') ||
            field.isNamed(query, 'ipv6')
          ) {
            const text = decodeText(query, field);
            if (text !== '' && fields.ownAddresses.length < maxOwnAddresses)
              fields.ownAddresses = [...fields.ownAddresses, text];
          }
          break;
        case 108: // l
          if (!field.isNamed(query, 'left')) break;
          bit = seen.left;
          // "-1" and numbers past 64 bits are sent by those who do not know.
          fields.left = readNumber(query, field);
          break;
        case 110: // n
          if (field.isNamed(query, 'numwant')) {
            bit = seen.wanted;
            fields.peersWanted = readNumber(query, field);
          } else if (field.isNamed(query, 'no_peer_id'))
            fields.isWithoutPeerIds = query[field.valueStart] === 49;
          break;
        case 112: // p
          if (field.isNamed(query, 'peer_id')) {
            bit = seen.peerId;
            if (!decodeHash(query, field, this.#own, 20))
              return 'peer_id must have 20 bytes, percent-encoded';
          } else if (field.isNamed(query, 'port')) {
            bit = seen.port;
            fields.port = readNumber(query, field);
          }
          break;
        case 117: // u
          if (!field.isNamed(query, 'uploaded')) break;
          bit = seen.uploaded;
          fields.uploaded = readNumber(query, field);
          if (fields.uploaded < 0) return 'uploaded is not a number of bytes';
          break;
      }
      if ((found & bit) !== 0) return 'a parameter comes twice';
      found |= bit;
    }
    if ((found & seen.hash) === 0) return 'info_hash is missing';
    if ((found & seen.peerId) === 0) return 'peer_id is missing';
    if ((found & seen.port) === 0) return 'port is missing';
    if (fields.port < 1 || fields.port > 65_535) return 'port must be a number from 1 to 65535';
    return undefined;
  }
}

/** Hashes one after the other, 20 bytes each, at most as many as fit into `into`; a sentence when one is wrong. */
export function readScrapeQuery(
  query: Uint8Array,
  into: Uint8Array,
): { readonly count: number } | { readonly fault: string } {
  const field = new Field();
  let count = 0;
  for (let at = 0; at < query.length; ) {
    at = field.read(query, at);
    if (!field.isNamed(query, 'info_hash')) continue;
    if (20 * count === into.length) return { fault: `at most ${count} info_hash in one scrape` };
    if (!decodeHash(query, field, into, 20 * count++))
      return { fault: 'info_hash must have 20 bytes, percent-encoded' };
  }
  return count === 0 ? { fault: 'info_hash is missing: there is no scrape of everything' } : { count };
}

function decodeHash(query: Uint8Array, field: Field, into: Uint8Array, start: number): boolean {
  let at = field.valueStart;
  let to = start;
  while (at < field.valueEnd) {
    if (to === start + 20) return false;
    const byte = query[at] ?? 0;
    if (byte === percent) {
      const value = hexPair(query, at + 1, field.valueEnd);
      if (value < 0) return false;
      into[to++] = value;
      at += 3;
    } else {
      into[to++] = byte;
      at++;
    }
  }
  return to === start + 20;
}

function hexPair(query: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return -1;
  const high = hexDigit(query[at] ?? 0);
  const low = hexDigit(query[at + 1] ?? 0);
  return high < 0 || low < 0 ? -1 : 16 * high + low;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** -1 for what is no whole number, or more than a double holds exactly. */
function readNumber(query: Uint8Array, { valueStart, valueEnd }: Field): number {
  if (valueStart === valueEnd || valueEnd - valueStart > 16) return -1;
  let value = 0;
  for (let at = valueStart; at < valueEnd; at++) {
    const digit = (query[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = 10 * value + digit;
  }
  return Number.isSafeInteger(value) ? value : -1;
}

function readEvent(query: Uint8Array, field: Field): number {
  const length = field.valueEnd - field.valueStart;
  if (length === 0) return announceEvents.none;
  const is = (word: string) => {
    if (word.length !== length) return false;
    for (let i = 0; i < length; i++) if (query[field.valueStart + i] !== word.charCodeAt(i)) return false;
    return true;
  };
  if (is('started')) return announceEvents.started;
  if (is('stopped')) return announceEvents.stopped;
  if (is('completed')) return announceEvents.completed;
  if (is('paused')) return announceEvents.paused;
  // "empty" is written out by some who read BEP 3 to the letter.
  return is('empty') ? announceEvents.none : -1;
}

/** Empty for what is wrongly encoded or too long to be an address. */
function decodeText(query: Uint8Array, { valueStart, valueEnd }: Field): string {
  let text = '';
  for (let at = valueStart; at < valueEnd; at++) {
    let byte = query[at] ?? 0;
    if (byte === percent) {
      byte = hexPair(query, at + 1, valueEnd);
      at += 2;
    }
    if (byte <= 32 || byte >= 127 || text.length === maxAddressChars) return '';
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Bencode, written into memory that is used again. Numbers and keys are ASCII; whoever writes sees that it fits. */
export class AnswerWriter {
  readonly bytes: Uint8Array;
  length = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  /** ASCII. */
  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text.charCodeAt(i);
  }

  integer(value: number): void {
    this.bytes[this.length++] = 105;
    this.decimal(value);
    this.bytes[this.length++] = 101;
  }

  /** A whole number of at least 0. */
  decimal(value: number): void {
    let digits = 1;
    for (let bound = 10; bound <= value; bound *= 10) digits++;
    let rest = value;
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      this.bytes[at] = 48 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.length += digits;
  }

  put(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

/** `retryMinutes`: BEP 31; "never" where asking again is of no use. */
export function failureAnswer(reason: string, retryMinutes?: number | 'never'): Uint8Array {
  const bytes = toUtf8(reason);
  const retry =
    retryMinutes === undefined
      ? ''
      : retryMinutes === 'never'
        ? '8:retry in5:never'
        : `8:retry ini${retryMinutes}e`;
  return toUtf8(`d14:failure reason${bytes.length}:${reason}${retry}e`);
}
