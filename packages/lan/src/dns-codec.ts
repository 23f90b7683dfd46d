// What mDNS and DNS-SD need of DNS (RFC 1035, 6762, 6763), read with bounds: names through at most 16 pointers, at
// most 64 records, and of records only the five kinds that name services. Written without compression.

import { concatBytes, fromUtf8Lossy, ipFromBytes, ipToBytes, toUtf8 } from '@shoal/base';
import { maxNameBytes, maxNamePointers, maxReceivedBytes, maxRecords } from './bounds.ts';

/** Labels, without the root. They may hold dots. */
export type DnsName = readonly string[];

export type RecordKind = 'PTR' | 'SRV' | 'TXT' | 'A' | 'AAAA';

export interface DnsQuestion {
  readonly name: DnsName;
  readonly kind: RecordKind | 'ANY';
  /** An answer to the asker alone will do (RFC 6762, 5.4). */
  readonly wantsUnicast: boolean;
}

export type DnsData =
  | { readonly kind: 'PTR'; readonly target: DnsName }
  | { readonly kind: 'SRV'; readonly target: DnsName; readonly port: number }
  | { readonly kind: 'TXT'; readonly texts: readonly string[] }
  | { readonly kind: 'A' | 'AAAA'; readonly address: string };

export type DnsRecord = DnsData & {
  readonly name: DnsName;
  /** 0 says goodbye. */
  readonly lifeSeconds: number;
  /** Takes the place of all earlier ones of this name and kind. */
  readonly isUnique: boolean;
};

export interface DnsMessage {
  readonly id: number;
  readonly isAnswer: boolean;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly extras: readonly DnsRecord[];
}

const types = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, ANY: 255 } as const;
const internet = 1;
const anySpace = 255;
const longestLabel = 63;
const topBit = 0x8000;

export function encodeDns({ id, isAnswer, questions, answers, extras }: DnsMessage): Uint8Array {
  const head = words(id, isAnswer ? 0x8400 : 0, questions.length, answers.length, 0, extras.length);
  return concatBytes(
    head,
    ...questions.flatMap(({ name, kind, wantsUnicast }) => [
      encodeName(name),
      words(types[kind], internet | (wantsUnicast ? topBit : 0)),
    ]),
    ...[...answers, ...extras].map(encodeRecord),
  );
}

/** Undefined for what is no message. A message that breaks off in the middle yields what came before. */
export function parseDns(bytes: Uint8Array): DnsMessage | undefined {
  if (bytes.length < 12 || bytes.length > maxReceivedBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint16(2);
  // Another kind of request than a query, or an error: nothing that mDNS knows.
  if ((flags & 0x780f) !== 0) return undefined;
  const reader = new Reader(bytes, view);
  const counts = [4, 6, 8, 10].map((at) => view.getUint16(at));
  const [asked = 0, answered = 0, authorities = 0, additional = 0] = counts;
  const questions: DnsQuestion[] = [];
  for (let i = 0; i < asked && i < maxRecords && !reader.isBroken; i++) {
    const question = reader.question();
    if (question !== undefined) questions.push(question);
  }
  if (asked > maxRecords) return undefined;
  let left = maxRecords;
  const records = (count: number): DnsRecord[] => {
    const found: DnsRecord[] = [];
    for (let i = 0; i < count && left > 0 && !reader.isBroken; i++, left--) {
      const record = reader.record();
      if (record !== undefined) found.push(record);
    }
    return found;
  };
  const answers = records(answered);
  records(authorities);
  return {
    id: view.getUint16(0),
    isAnswer: (flags & topBit) !== 0,
    questions,
    answers,
    extras: records(additional),
  };
}

export function equalNames(a: DnsName, b: DnsName): boolean {
  return a.length === b.length && a.every((label, i) => label.toLowerCase() === b[i]?.toLowerCase());
}

class Reader {
  isBroken = false;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 12;

  constructor(bytes: Uint8Array, view: DataView) {
    this.#bytes = bytes;
    this.#view = view;
  }

  question(): DnsQuestion | undefined {
    const name = this.#name();
    const type = this.#u16();
    const space = this.#u16();
    const kind = kindOf(type);
    const isOurs = (space & 0x7fff) === internet || (space & 0x7fff) === anySpace;
    if (this.isBroken || kind === undefined || !isOurs) return undefined;
    return { name, kind, wantsUnicast: (space & topBit) !== 0 };
  }

  record(): DnsRecord | undefined {
    const name = this.#name();
    const type = this.#u16();
    const space = this.#u16();
    const lifeSeconds = this.#u16() * 65_536 + this.#u16();
    const length = this.#u16();
    const end = this.#at + length;
    if (this.isBroken || end > this.#bytes.length) {
      this.isBroken = true;
      return undefined;
    }
    const kind = kindOf(type);
    const data = kind === undefined || (space & 0x7fff) !== internet ? undefined : this.#data(kind, end);
    // What is broken inside one record does not break the next.
    this.isBroken = false;
    this.#at = end;
    return data === undefined ? undefined : { ...data, name, lifeSeconds, isUnique: (space & topBit) !== 0 };
  }

  #data(kind: RecordKind | 'ANY', end: number): DnsData | undefined {
    const rest = this.#bytes.subarray(this.#at, end);
    switch (kind) {
      case 'A':
        return rest.length === 4 ? { kind, address: ipFromBytes(rest) } : undefined;
      case 'AAAA':
        return rest.length === 16 ? { kind, address: ipFromBytes(rest) } : undefined;
      case 'TXT':
        return { kind, texts: readTexts(rest) };
      case 'PTR': {
        const target = this.#name();
        return this.isBroken ? undefined : { kind, target };
      }
      case 'SRV': {
        this.#at += 4;
        const port = this.#u16();
        const target = this.#name();
        return this.isBroken ? undefined : { kind, target, port };
      }
      default:
        return undefined;
    }
  }

  /** Broken when it is too long, or points forwards or round in circles. */
  #name(): DnsName {
    const labels: string[] = [];
    let at = this.#at;
    let pointers = 0;
    let size = 0;
    for (;;) {
      const length = this.#bytes[at];
      if (length === undefined) return this.#broken();
      if (length === 0) break;
      if (length >= 0xc0) {
        const target = ((length & 0x3f) << 8) | (this.#bytes[at + 1] ?? 0);
        if (at + 1 >= this.#bytes.length || target >= at || ++pointers > maxNamePointers)
          return this.#broken();
        if (pointers === 1) this.#at = at + 2;
        at = target;
        continue;
      }
      size += length + 1;
      if (length > longestLabel || size > maxNameBytes || at + length >= this.#bytes.length)
        return this.#broken();
      labels.push(fromUtf8Lossy(this.#bytes.subarray(at + 1, at + 1 + length)));
      at += length + 1;
    }
    if (pointers === 0) this.#at = at + 1;
    return labels;
  }

  #u16(): number {
    this.#at += 2;
    if (this.#at <= this.#bytes.length) return this.#view.getUint16(this.#at - 2);
    this.isBroken = true;
    return 0;
  }

  #broken(): DnsName {
    this.isBroken = true;
    return [];
  }
}

function kindOf(type: number): RecordKind | 'ANY' | undefined {
  switch (type) {
    case types.A:
      return 'A';
    case types.AAAA:
      return 'AAAA';
    case types.PTR:
      return 'PTR';
    case types.SRV:
      return 'SRV';
    case types.TXT:
      return 'TXT';
    case types.ANY:
      return 'ANY';
    default:
      return undefined;
  }
}

function readTexts(bytes: Uint8Array): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; at += 1 + (bytes[at] ?? 0))
    texts.push(fromUtf8Lossy(bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0))));
  return texts;
}

function encodeRecord(record: DnsRecord): Uint8Array {
  const data = encodeData(record);
  const { lifeSeconds: life } = record;
  const space = internet | (record.isUnique ? topBit : 0);
  return concatBytes(
    encodeName(record.name),
    words(types[record.kind], space, Math.floor(life / 65_536), life % 65_536, data.length),
    data,
  );
}

function encodeData(data: DnsData): Uint8Array {
  switch (data.kind) {
    case 'PTR':
      return encodeName(data.target);
    case 'SRV':
      return concatBytes(words(0, 0, data.port), encodeName(data.target));
    case 'TXT':
      // RFC 6763, 6.1: a record without texts has one empty one.
      return concatBytes(...(data.texts.length === 0 ? [''] : data.texts).map((text) => encodeText(text)));
    default:
      return ipToBytes(data.address) ?? new Uint8Array(4);
  }
}

function encodeName(name: DnsName): Uint8Array {
  return concatBytes(...name.map((label) => encodeText(label, longestLabel)), Uint8Array.of(0));
}

function encodeText(text: string, longest = 255): Uint8Array {
  const bytes = toUtf8(text).subarray(0, longest);
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint16(2 * i, value);
  return bytes;
}
