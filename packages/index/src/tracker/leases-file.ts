// The swarms on disk, so that a restart forgets nobody: chunks of whole records, each with its SHA-1, and an end.
// Invariants: under its own name the file is whole; what is read is bounded and checked before it is believed; a chunk
// that is damaged ends the reading, and what came before it counts.
//
// Head: "shoal leases 1\n", wall time in ms (float64). Chunk: length (uint32), bytes, SHA-1; length 0 is the end.
// Record: info hash, downloads, family (uint8), number of peers (uint32), then of each peer: endpoint, peer id,
// group (uint8), age in seconds (uint32), blocks left (int32). All numbers are big-endian.

import {
  ByteReader,
  BytesError,
  ByteWriter,
  type Clock,
  type Disk,
  type DiskFile,
  equalBytes,
  type Hashing,
  toUtf8,
  WorldError,
} from '@shoal/base';
import { tickMs } from '../bounds.ts';
import { AddressBytes } from './address-bytes.ts';
import type { PeerStore } from './peer-store.ts';
import { type Group, group } from './swarms.ts';
import type { Tracker } from './tracker.ts';
import { folderOf } from './whole-file.ts';

const magic = toUtf8('shoal leases 1\n');
const chunkBytes = 256 * 1024;
/** A chunk ends with the record that fills it. */
const longestChunk = 2 * chunkBytes;
const peersInRecord = 2_000;
const checksumBytes = 20;
/** The last that a Date can say. */
const latestTimeMs = 8.64e15;
const families = [4, 6] as const;

export interface LeaseParts {
  readonly disk: Disk;
  readonly hashing: Pick<Hashing, 'digest'>;
  readonly clock: Clock;
}

export interface LeasesSummary {
  readonly savedAtMs: number;
  readonly records: number;
  readonly peers: number;
  /** What is wrong with the file, where something is. */
  readonly damage: string | undefined;
}

/** Replaces the file. What changes meanwhile is in it or not. */
export async function saveLeases(
  { disk, hashing, clock }: LeaseParts,
  path: string,
  tracker: Tracker,
): Promise<void> {
  const temporary = `${path}.new`;
  const file = await disk.open(temporary, { write: true, create: true, mode: 0o600 });
  try {
    await file.truncate(0);
    let position = 0;
    const put = async (bytes: Uint8Array): Promise<void> => {
      await file.write([bytes], position);
      position += bytes.length;
    };
    const head = new ByteWriter().put(magic);
    const time = new Uint8Array(8);
    new DataView(time.buffer).setFloat64(0, clock.wallTimeMs());
    await put(head.put(time).finish());
    for (const chunk of chunksOf(tracker))
      await put(
        new ByteWriter(chunk.length + 24)
          .u32(chunk.length)
          .put(chunk)
          .put(hashing.digest('sha1', chunk))
          .finish(),
      );
    await put(new Uint8Array(4));
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, path);
  await disk.syncFolder(folderOf(path));
}

function* chunksOf(tracker: Tracker): Generator<Uint8Array> {
  const { swarms } = tracker;
  let chunk = new ByteWriter(chunkBytes + 1024);
  const hash = new Uint8Array(20);
  for (let swarm = 0; swarm < swarms.table.limit; swarm++) {
    if (!swarms.table.isUsed(swarm)) continue;
    swarms.table.copyHash(swarm, hash, 0);
    for (const family of families) {
      const store = swarms.store(family);
      let place = 0;
      // A swarm without peers has one record, for its downloads.
      if (family === 4 || store.all(swarm) > 0)
        do {
          const count = Math.min(peersInRecord, store.all(swarm) - place);
          chunk.put(hash).u32(swarms.downloads(swarm)).u8(family).u32(count);
          for (const end = place + count; place < end; place++)
            putPeer(chunk, store, store.start(swarm) + place, tracker.tick);
          if (chunk.length < chunkBytes) continue;
          yield chunk.finish();
          chunk = new ByteWriter(chunkBytes + 1024);
          // Others may have come and gone while it was written.
          if (!swarms.table.isUsed(swarm)) break;
        } while (place < store.all(swarm));
    }
  }
  if (chunk.length > 0) yield chunk.finish();
}

function putPeer(chunk: ByteWriter, store: PeerStore, slot: number, tick: number): void {
  const { endpoints, endpointBytes, peerIds } = store;
  chunk
    .put(endpoints.subarray(slot * endpointBytes, (slot + 1) * endpointBytes))
    .put(peerIds.subarray(slot * 20, slot * 20 + 20))
    .u8(store.groupOf(slot))
    .u32((store.ageOf(slot, tick) * tickMs) / 1000)
    .u32(store.leftOf(slot));
}

/** Undefined when there is no such file. `tracker` takes in what has not run out; without one the file is only checked. */
export async function loadLeases(
  { disk, hashing, clock }: LeaseParts,
  path: string,
  tracker?: Tracker,
): Promise<LeasesSummary | undefined> {
  let file: DiskFile;
  try {
    file = await disk.open(path);
  } catch (error) {
    if (error instanceof WorldError && error.code === 'not-found') return undefined;
    throw error;
  }
  try {
    const head = await readAt(file, 0, magic.length + 8);
    if (!equalBytes(head.subarray(0, magic.length), magic) || head.length < magic.length + 8)
      return { savedAtMs: 0, records: 0, peers: 0, damage: 'it does not begin as a file of leases' };
    const savedAtMs = new DataView(head.buffer).getFloat64(magic.length);
    if (!(savedAtMs >= 0 && savedAtMs < latestTimeMs))
      return { savedAtMs: 0, records: 0, peers: 0, damage: 'it was saved at no time' };
    // A clock that was put back meanwhile makes nobody younger.
    const awayMs = Math.max(0, clock.wallTimeMs() - savedAtMs);
    const counts = { records: 0, peers: 0 };
    let damage: string | undefined;
    for (let position = head.length; ; ) {
      const size = await readAt(file, position, 4);
      if (size.length < 4) damage = 'it ends too soon';
      const length = size.length < 4 ? 0 : new DataView(size.buffer).getUint32(0);
      if (length === 0) break;
      if (length > longestChunk) damage = `at ${position} it has a chunk that is too long`;
      const chunk = length > longestChunk ? size : await readAt(file, position + 4, length + checksumBytes);
      const records = chunk.subarray(0, length);
      if (damage === undefined && !equalBytes(hashing.digest('sha1', records), chunk.subarray(length)))
        damage = `at ${position} its checksum is wrong`;
      if (damage !== undefined) break;
      if (!takeIn(records, awayMs, counts, tracker)) damage = `at ${position} it has a record that is cut`;
      position += 4 + chunk.length;
    }
    return { savedAtMs, ...counts, damage };
  } finally {
    await file.close();
  }
}

async function readAt(file: DiskFile, position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  return bytes.slice(0, await file.read([bytes], position));
}

function takeIn(
  chunk: Uint8Array,
  awayMs: number,
  counts: { records: number; peers: number },
  tracker?: Tracker,
): boolean {
  const reader = new ByteReader(chunk);
  const address = new AddressBytes();
  try {
    while (reader.remaining > 0) {
      const hash = reader.take(20);
      const downloads = reader.u32();
      const family = reader.u8() === 4 ? 4 : 6;
      const count = reader.u32();
      counts.records++;
      tracker?.recallDownloads(hash, downloads);
      for (let i = 0; i < count; i++) {
        address.family = family;
        address.bytes.set(reader.take(family === 4 ? 6 : 18));
        const peerId = reader.take(20);
        const as = groupOfByte(reader.u8());
        const ageMs = reader.u32() * 1000 + awayMs;
        const left = reader.u32() | 0;
        if (tracker === undefined || tracker.recall(hash, { address, peerId, as, ageMs, left }))
          counts.peers++;
      }
    }
    return true;
  } catch (error) {
    if (error instanceof BytesError) return false;
    throw error;
  }
}

function groupOfByte(byte: number): Group {
  return byte === group.seed ? group.seed : byte === group.partial ? group.partial : group.downloader;
}
