// A lease: where a node is and what it offers, signed by its key, until it runs out. A node that runs several times at
// once has a lease for each, told apart by the instance. The list of offers is not in the lease but its digest is, so
// that renewing and handing on costs some hundred bytes however much a node holds.

import { compactEndpoint, type Endpoint, type Hashing, readCompactEndpoints } from '@shoal/base';
import { type Identity, readRecord, signRecord, type UnverifiedRecord, verifyRecord } from '@shoal/identity';
import {
  longestCapability,
  longestClientName,
  longestLease,
  longestLeaseSeconds,
  maxAddresses,
  maxCapabilities,
  maxOffers,
} from './bounds.ts';
import { DirectoryError } from './errors.ts';

export interface LeaseContent {
  /** 8 bytes, made when the program started. */
  readonly instance: Uint8Array;
  /** Where it takes connections, as far as it knows. */
  readonly addresses: readonly Endpoint[];
  /** Name and version of the program. */
  readonly client: string;
  /** What it does for others beside sharing what it holds, in words: "keep". */
  readonly capabilities: readonly string[];
  readonly offers: { readonly count: number; readonly digest: Uint8Array };
}

export interface UnverifiedLease extends LeaseContent {
  readonly isVerified: boolean;
  readonly record: UnverifiedRecord;
}

export interface Lease extends UnverifiedLease {
  readonly isVerified: true;
}

export interface Signing {
  readonly sequence: number;
  readonly madeAt: number;
  readonly seconds: number;
}

const leaseKind = 'lease';
const leaseEndKind = 'lease-end';
export const instanceLength = 8;
const digestLength = 32;

/** The digest that stands for a list of offers in a lease. */
export function digestOffers(hashing: Pick<Hashing, 'digest'>, offers: Uint8Array): Uint8Array {
  return hashing.digest('sha256', offers);
}

export function signLease(identity: Identity, content: LeaseContent, signing: Signing): Uint8Array {
  const { instance, addresses, client, capabilities, offers } = content;
  const body = {
    addresses: addresses.flatMap((endpoint) => compactEndpoint(endpoint) ?? []),
    can: capabilities,
    client,
    digest: offers.digest,
    instance,
    offers: offers.count,
  };
  return signRecord(identity, { kind: leaseKind, ...timesOf(signing), body });
}

/** Takes a lease back before it runs out. */
export function signLeaseEnd(identity: Identity, instance: Uint8Array, signing: Signing): Uint8Array {
  return signRecord(identity, { kind: leaseEndKind, ...timesOf(signing), body: { instance } });
}

function timesOf({ sequence, madeAt, seconds }: Signing) {
  return { sequence, madeAt, expiresAt: madeAt + seconds };
}

/** Throws IdentityError `bad-record` or DirectoryError. Signature and times are not looked at. */
export function readLease(bytes: Uint8Array): UnverifiedLease {
  const record = readRecord(bytes, { kind: leaseKind, longest: longestLease });
  const { body } = record;
  const instance = body.get('instance')?.asBytes(instanceLength);
  const client = body.get('client')?.asText();
  const digest = body.get('digest')?.asBytes(digestLength);
  const count = body.get('offers')?.asInteger() ?? -1;
  if (instance === undefined) throw bad(`its instance does not have ${instanceLength} bytes`);
  if (client === undefined || client.length > longestClientName)
    throw bad(`its client has a name of more than ${longestClientName} characters, or none`);
  if (digest === undefined || count < 0) throw bad('it does not say what it offers');
  if (count > maxOffers)
    throw new DirectoryError('too-many-offers', `A lease names up to ${maxOffers} torrents, not ${count}.`);
  if (record.expiresAt - record.madeAt > longestLeaseSeconds)
    throw bad(`it lasts longer than ${longestLeaseSeconds} s`);
  const addresses: Endpoint[] = [];
  body.get('addresses')?.forEachItem((item) => {
    const compact = item.asBytes();
    const family = compact?.length === 6 ? 4 : compact?.length === 18 ? 6 : undefined;
    const [endpoint] =
      compact === undefined || family === undefined ? [] : readCompactEndpoints(compact, family);
    if (endpoint === undefined || endpoint.port === 0)
      throw bad('an address has no 6 or 18 bytes, or no port');
    addresses.push(endpoint);
    if (addresses.length > maxAddresses) throw bad(`it has more than ${maxAddresses} addresses`);
  });
  const capabilities: string[] = [];
  body.get('can')?.forEachItem((item) => {
    const word = item.asText();
    if (word === undefined || !/^[a-z0-9-]+$/.test(word) || word.length > longestCapability)
      throw bad(`a capability is no word of up to ${longestCapability} small letters`);
    capabilities.push(word);
    if (capabilities.length > maxCapabilities) throw bad(`it has more than ${maxCapabilities} capabilities`);
  });
  return { isVerified: false, instance, addresses, client, capabilities, offers: { count, digest }, record };
}

/** Throws IdentityError `bad-signature`. */
export function verifyLease(lease: UnverifiedLease): Lease {
  return { ...lease, record: verifyRecord(lease.record), isVerified: true };
}

export interface LeaseEnd {
  readonly instance: Uint8Array;
  readonly record: UnverifiedRecord;
}

/** Throws IdentityError `bad-record` or DirectoryError. Signature and times are not looked at. */
export function readLeaseEnd(bytes: Uint8Array): LeaseEnd {
  const record = readRecord(bytes, { kind: leaseEndKind, longest: longestLease });
  const instance = record.body.get('instance')?.asBytes(instanceLength);
  if (instance === undefined) throw bad(`its instance does not have ${instanceLength} bytes`);
  return { instance, record };
}

function bad(why: string): DirectoryError {
  return new DirectoryError('bad-lease', `This is no lease: ${why}.`);
}
