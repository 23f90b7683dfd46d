// Mutated leases, registrations, offers and publications: each is read or refused with a code, and none passes for what
// another key signed. `node lab/fuzz/directory.ts [COUNT] [FIRST SEED]`

import { RoomError } from '@shoal/base';
import {
  encodeOffers,
  encodeRegistration,
  parseOffers,
  parseRegistration,
  readEntry,
  readLease,
  readLeaseEnd,
  signLease,
  signLeaseEnd,
  signPublication,
  signRating,
  verifyLease,
} from '@shoal/directory';
import { identityFromSeed, verifyRecord } from '@shoal/identity';
import { fuzz } from './fuzz.ts';

const identity = identityFromSeed(new Uint8Array(32).fill(5));
const instance = new Uint8Array(8).fill(1);
const signing = { sequence: 4, madeAt: 1000, seconds: 1800 };
const addresses = [{ address: '192.0.2.1', port: 6881 }];
const offers = encodeOffers([1, 2, 3].map((id) => ({ infoHash: new Uint8Array(20).fill(id), have: 0.5 })));
const content = { instance, addresses, client: 'x', capabilities: ['keep'] };
const lease = signLease(identity, { ...content, offers: { count: 3, digest: new Uint8Array(32) } }, signing);
const end = signLeaseEnd(identity, instance, signing);

const torrent = new Uint8Array(20).fill(7);
const saying = { sequence: 4, madeAt: 1000 };
const publication = signPublication(
  identity,
  {
    infoHashes: { v1: torrent },
    title: 'Blue whale',
    description: 'Two\nlines.',
    tags: ['nature'],
    category: 'audio',
    language: 'de',
    size: 7,
    files: [{ path: 'a/b.flac', length: 7 }],
    trackers: ['udp://tracker.example:80'],
    supersedes: [torrent],
  },
  saying,
);
const rating = signRating(identity, { torrent, stars: 4, comment: 'Good.' }, saying);

const samples: readonly Uint8Array[] = [
  publication,
  rating,
  lease,
  end,
  offers,
  encodeRegistration({ kind: 'lease', lease, offers }),
  encodeRegistration({ kind: 'end', end }),
];
const readers: readonly ((bytes: Uint8Array) => unknown)[] = [
  readLease,
  readLeaseEnd,
  parseOffers,
  parseRegistration,
  readEntry,
];

/** A sequence of numbers from a seed (xorshift). */
function numbers(seed: number): (bound: number) => number {
  let state = (seed * 2654435761 + 1) | 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

function fuzzDirectory(seed: number): boolean {
  const below = numbers(seed);
  let bytes = samples[below(samples.length)]?.slice() ?? new Uint8Array(0);
  for (let i = below(3); i >= 0; i--) {
    const at = below(bytes.length + 1);
    const cut = below(6) === 0 ? below(40) : below(2);
    const put = Uint8Array.from({ length: below(4) }, () => (below(2) === 0 ? below(256) : 0x30 + below(10)));
    bytes = Uint8Array.from([...bytes.subarray(0, at), ...put, ...bytes.subarray(at + cut)]);
  }
  let accepted = false;
  for (const read of readers) {
    try {
      read(bytes);
      accepted = true;
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
    }
  }
  const isUnchanged = Buffer.from(bytes).equals(lease);
  let isVerified = false;
  try {
    verifyLease(readLease(bytes));
    isVerified = true;
  } catch (error) {
    if (!(error instanceof RoomError)) throw error;
  }
  if (isVerified && !isUnchanged) throw new Error('a lease that was changed has a good signature');
  try {
    verifyRecord(readEntry(bytes).record);
    if (![publication, rating].some((sent) => Buffer.from(bytes).equals(sent)))
      throw new Error('a publication that was changed has a good signature');
  } catch (error) {
    if (!(error instanceof RoomError)) throw error;
  }
  return accepted;
}

fuzz('directory', fuzzDirectory);
