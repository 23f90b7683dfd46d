// Signed records: what a key says, in bytes that can be handed on and checked by anybody. One dictionary in canonical
// bencode, of which the signature is the last entry; signed is a prefix that names this format, then all that stands
// before the signature. Invariant: one record has one encoding, and a signature for one kind is none for another.

import {
  BencodeError,
  type BencodeNode,
  type BencodeValue,
  concatBytes,
  decodeBencode,
  encodeBencode,
  toUtf8,
} from '@shoal/base';
import { deepestRecord, latestSeconds, longestKind, longestRecord } from './bounds.ts';
import { IdentityError } from './errors.ts';
import { type Identity, publicKeyLength, signatureLength, verifySignature } from './keys.ts';

export interface RecordFields {
  /** What it says: "lease". */
  readonly kind: string;
  /** Of two records about the same thing by one key, the higher one holds. */
  readonly sequence: number;
  /** Seconds since 1970, by the clock of who signed. */
  readonly madeAt: number;
  /** After this it says nothing. */
  readonly expiresAt: number;
}

export interface RecordDraft extends RecordFields {
  readonly body: { readonly [key: string]: BencodeValue | undefined };
}

/** Whole and within its bounds; who made it is not known before `verifyRecord`. */
export interface UnverifiedRecord extends RecordFields {
  readonly isVerified: boolean;
  /** The public key that is said to have signed. */
  readonly key: Uint8Array;
  readonly body: BencodeNode;
  /** The record itself, as it is handed on. */
  readonly bytes: Uint8Array;
}

export interface SignedRecord extends UnverifiedRecord {
  readonly isVerified: true;
}

const prefix = toUtf8('Shoal signed record 1\n');
const letterE = toUtf8('e');
/** The key of the signature, and its own length: what stands between the signed entries and the signature. */
const beforeSignature = toUtf8(`3:sig${signatureLength}:`);
const fieldNames = ['body', 'expires', 'key', 'kind', 'made', 'sequence', 'sig'];

export function signRecord(identity: Identity, draft: RecordDraft): Uint8Array {
  const { body, expiresAt: expires, kind, madeAt: made, sequence } = draft;
  const unsigned = encodeBencode({ body, expires, key: identity.publicKey, kind, made, sequence });
  const signature = identity.sign(concatBytes(prefix, unsigned));
  return concatBytes(unsigned.subarray(0, -1), beforeSignature, signature, letterE);
}

/** Throws IdentityError `bad-record` for whatever is not one record of this kind. The signature is not looked at. */
export function readRecord(
  bytes: Uint8Array,
  { kind, longest = longestRecord }: { readonly kind: string; readonly longest?: number },
): UnverifiedRecord {
  const root = decode(bytes, longest);
  const names: (string | undefined)[] = [];
  root.forEachEntry((key) => void names.push(key.asText()));
  if (names.length !== fieldNames.length || names.some((name, i) => name !== fieldNames[i]))
    throw bad(`a record has the entries ${fieldNames.join(', ')} and no others`);
  const body = root.get('body');
  const key = root.get('key')?.asBytes(publicKeyLength);
  const foundKind = root.get('kind')?.asText();
  const sequence = root.get('sequence')?.asInteger() ?? -1;
  const madeAt = root.get('made')?.asInteger() ?? -1;
  const expiresAt = root.get('expires')?.asInteger() ?? -1;
  if (body?.kind !== 'dictionary') throw bad('its body is no dictionary');
  if (key === undefined) throw bad(`its key does not have ${publicKeyLength} bytes`);
  if (foundKind === undefined || foundKind.length > longestKind || foundKind !== kind)
    throw bad(`it is of the kind ${foundKind?.slice(0, longestKind)}, where ${kind} is wanted`);
  if (root.get('sig')?.asBytes(signatureLength) === undefined)
    throw bad(`its signature does not have ${signatureLength} bytes`);
  if (sequence < 0) throw bad('its sequence is no whole number from 0 to 2^53 - 1');
  for (const seconds of [madeAt, expiresAt])
    if (seconds < 0 || seconds > latestSeconds) throw bad('its times are no seconds since 1970');
  if (expiresAt < madeAt) throw bad('it expires before it was made');
  return { isVerified: false, kind, key, sequence, madeAt, expiresAt, body, bytes };
}

/** Throws IdentityError `bad-signature`. Costs a tenth of a millisecond: whoever is sent many limits how many first. */
export function verifyRecord<Unverified extends UnverifiedRecord>(
  record: Unverified,
): Unverified & { readonly isVerified: true } {
  if (!isSigned(record))
    throw new IdentityError('bad-signature', 'The signature is not by the key that the record names.');
  return { ...record, isVerified: true };
}

/** The same of what `readRecord` read, for a thread that is sent no more of it. */
export function isSigned({ bytes, key }: Pick<UnverifiedRecord, 'bytes' | 'key'>): boolean {
  const end = bytes.length - signatureLength - letterE.length;
  const unsigned = concatBytes(prefix, bytes.subarray(0, end - beforeSignature.length), letterE);
  return verifySignature(key, unsigned, bytes.subarray(end, end + signatureLength));
}

/**
 * Throws IdentityError `clock-skew` or `record-expired`: the clocks on both sides are believed as far as they may be apart
 * and no further.
 */
export function checkTimes(
  { madeAt, expiresAt }: RecordFields,
  nowSeconds: number,
  toleranceSeconds: number,
): void {
  const aheadSeconds = madeAt - nowSeconds;
  if (aheadSeconds > toleranceSeconds)
    throw new IdentityError(
      'clock-skew',
      `The record is dated ${durationText(aheadSeconds)} ahead of this clock, which reads ${dateText(nowSeconds)}. Set the clock that is wrong, and sign anew.`,
      { value: dateText(madeAt) },
    );
  if (nowSeconds - expiresAt > toleranceSeconds)
    throw new IdentityError(
      'record-expired',
      `The record ran out ${durationText(nowSeconds - expiresAt)} ago by this clock, which reads ${dateText(nowSeconds)}. Sign anew; if it was signed just now, set the clock that is wrong.`,
      { value: dateText(expiresAt) },
    );
}

function decode(bytes: Uint8Array, longest: number): BencodeNode {
  if (bytes.length > longest) throw bad(`it has ${bytes.length} bytes, where ${longest} are allowed`);
  try {
    return decodeBencode(bytes, { maxDepth: deepestRecord });
  } catch (error) {
    if (error instanceof BencodeError) throw bad(`it is not canonical bencode: ${error.message}`, error);
    throw error;
  }
}

function bad(why: string, cause?: Error): IdentityError {
  return new IdentityError('bad-record', `This is no signed record: ${why.replace(/\.$/, '')}.`, { cause });
}

function dateText(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function durationText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} hours` : `${Math.round(seconds / 86_400)} days`;
}
