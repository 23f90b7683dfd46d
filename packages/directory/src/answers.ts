// What an index answers: JSON with stable names, which anybody can read with curl. Leases stand in it as they were
// signed, in base64. Reading bounds and checks all of it, but for signatures and times: those are the client's.

import { fromUtf8, ipToBytes } from '@shoal/base';
import { longestMessage, maxHolders, maxPeersPerPage } from './bounds.ts';
import { DirectoryError } from './errors.ts';
import { readLease, type UnverifiedLease } from './lease.ts';

export interface RegisteredAnswer {
  /** Another one after each start of an index that remembers no leases. */
  readonly index: string;
  /** How long the lease lasts, by the index's clock. */
  readonly seconds: number;
  /** The address that the registration came from. */
  readonly observed: string;
}

export interface NamedLease {
  readonly lease: Uint8Array;
  /** Which of its addresses a registration came from: the others are only claimed. */
  readonly confirmed: readonly number[];
}

/** The index's own copy. */
export interface StoreOffer {
  /** Where its engine takes connections. */
  readonly port: number;
  readonly have: number;
}

export interface HoldersAnswer {
  readonly index: string;
  readonly holders: readonly (NamedLease & { readonly have: number })[];
  /** All that the index knows of, also by announces. */
  readonly seeds: number;
  readonly peers: number;
  readonly store?: StoreOffer | undefined;
}

export interface PeersAnswer {
  readonly index: string;
  readonly peers: readonly NamedLease[];
  readonly total: number;
  /** For `after` of the next page. */
  readonly next?: string | undefined;
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** With `old-sequence`: the last one. */
  readonly sequence?: number | undefined;
}

/** As it is read: leases within their bounds, signatures not yet looked at. */
export interface ReadLease {
  readonly lease: UnverifiedLease;
  readonly confirmed: readonly number[];
  /** 0 in a list that is not about one torrent. */
  readonly have: number;
}

export function encodeRegistered(answer: RegisteredAnswer): string {
  return JSON.stringify(answer);
}

export function encodeHolders({ index, holders, seeds, peers, store }: HoldersAnswer): string {
  return JSON.stringify({
    index,
    seeds,
    peers,
    store,
    holders: holders.map(({ have, ...named }) => ({ have, ...textOf(named) })),
  });
}

export function encodePeers({ index, peers, total, next }: PeersAnswer): string {
  return JSON.stringify({ index, total, next, peers: peers.map(textOf) });
}

export function encodeRefusal(error: Refusal): string {
  return JSON.stringify({ error });
}

function textOf({ lease, confirmed }: NamedLease) {
  return { lease: Buffer.from(lease).toString('base64'), confirmed };
}

type Fields = Readonly<Record<string, unknown>>;

export function parseRegistered(bytes: Uint8Array): RegisteredAnswer {
  const fields = parse(bytes);
  const { observed } = fields;
  if (typeof observed !== 'string' || ipToBytes(observed) === undefined)
    throw malformed('it does not say which address it saw');
  return { index: indexOf(fields), seconds: numberOf(fields.seconds, 'seconds'), observed };
}

export function parseHolders(bytes: Uint8Array): Omit<HoldersAnswer, 'holders'> & { holders: ReadLease[] } {
  const fields = parse(bytes);
  const seeds = numberOf(fields.seeds, 'seeds');
  const peers = numberOf(fields.peers, 'peers');
  const holders = leasesOf(fields.holders, maxHolders);
  return { index: indexOf(fields), holders, seeds, peers, store: storeOf(fields.store) };
}

export function parsePeers(bytes: Uint8Array): Omit<PeersAnswer, 'peers'> & { peers: ReadLease[] } {
  const fields = parse(bytes);
  const next = fields.next === undefined ? undefined : shortText(fields.next, 'next');
  const peers = leasesOf(fields.peers, maxPeersPerPage);
  return { index: indexOf(fields), peers, total: numberOf(fields.total, 'total'), next };
}

/** Undefined for what is no refusal; the message is cut. */
export function parseRefusal(bytes: Uint8Array): Refusal | undefined {
  let error: unknown;
  try {
    error = parse(bytes).error;
  } catch {
    return undefined;
  }
  if (!isFields(error)) return undefined;
  const { code, message, sequence } = error;
  if (typeof code !== 'string' || !/^[a-z0-9-]{1,40}$/.test(code)) return undefined;
  const words = typeof message === 'string' ? message.slice(0, longestMessage) : '';
  return { code, message: words, sequence: isCount(sequence) ? sequence : undefined };
}

function parse(bytes: Uint8Array): Fields {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes) ?? '');
  } catch (cause) {
    throw malformed('it is no JSON', cause);
  }
  if (!isFields(value)) throw malformed('it is no JSON object');
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What has more than the bound is read up to there; a lease that is none is left out: one bad one hides no others. */
function leasesOf(list: unknown, most: number): ReadLease[] {
  if (!Array.isArray(list)) throw malformed('it lists no leases');
  return list.slice(0, most).flatMap((item: unknown) => {
    if (!isFields(item) || typeof item.lease !== 'string') return [];
    let lease: UnverifiedLease;
    try {
      lease = readLease(Uint8Array.from(Buffer.from(item.lease, 'base64')));
    } catch {
      return [];
    }
    const claimed: unknown[] = Array.isArray(item.confirmed) ? item.confirmed : [];
    const confirmed = lease.addresses.keys().filter((i) => claimed.includes(i));
    const have = typeof item.have === 'number' ? Math.max(0, Math.min(1, item.have)) : 0;
    return [{ lease, confirmed: [...confirmed], have }];
  });
}

function storeOf(value: unknown): StoreOffer | undefined {
  if (!isFields(value)) return undefined;
  const { port, have } = value;
  if (!isCount(port) || port < 1 || port > 65_535 || typeof have !== 'number') return undefined;
  return { port, have: Math.max(0, Math.min(1, have)) };
}

function indexOf({ index }: Fields): string {
  return shortText(index, 'index');
}

function shortText(value: unknown, name: string): string {
  if (typeof value !== 'string' || value.length > 200) throw malformed(`${name} is no short text`);
  return value;
}

function numberOf(value: unknown, name: string): number {
  if (!isCount(value)) throw malformed(`${name} is no whole number`);
  return value;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function malformed(why: string, cause?: unknown): DirectoryError {
  return new DirectoryError('malformed', `The index gave no proper answer: ${why}.`, { cause });
}
