// What an announce does, whatever carried it: who may, what is remembered, and whom the one who asks is told of.
// Invariant: a peer stands in the swarm only at the address that it was heard from (or that `mayBeAt` allows).

import type { Clock, Random } from '@shoal/base';
import { AnnounceFields, announceEvents } from '@shoal/tracker/codec';
import { defaultPeersWanted, maxPeersPerAnswer, rateOfAddress, tickMs } from '../bounds.ts';
import type { Access } from './access.ts';
import { AddressBytes } from './address-bytes.ts';
import { type ChangeLog, readChanges } from './changes.ts';
import { RateLimit } from './rate-limit.ts';
import { defaultSettings, type Refusal, refusals, type TrackerSettings } from './settings.ts';
import { type Group, group, Swarms } from './swarms.ts';

export interface TrackerParts {
  readonly clock: Clock;
  readonly random: Random;
}

/** A peer as it was known before a restart. */
export interface KnownPeer {
  readonly address: AddressBytes;
  readonly peerId: Uint8Array;
  readonly as: Group;
  readonly ageMs: number;
  readonly left: number;
}

const sweepParts = 8;
/** A swarm that nobody is in but that was completed is counted for a day. */
const memoryMs = 24 * 60 * 60 * 1000;

export class Tracker {
  readonly swarms: Swarms;
  readonly settings: TrackerSettings;
  readonly access: Access | undefined;
  /** For whoever asks as a peer: by address. */
  readonly limit: RateLimit;
  readonly counts = { announces: 0, scrapes: 0, refused: 0, expired: 0 };
  /** Who asked last, for `pick`: filled by `announce`. */
  readonly asking = { swarm: -1, slot: -1, group: group.downloader as Group, reach: 0 };
  /** Whom `pick` chose: slots of one store. */
  readonly picked = new Int32Array(maxPeersPerAnswer);
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #lifeTicks: number;
  readonly #toldFields = new AnnounceFields();
  readonly #toldAddress = new AddressBytes();
  #isTold = false;
  /** Where other threads track the same swarms: what they have to be told. */
  changes: ChangeLog | undefined;

  constructor({ clock, random }: TrackerParts, settings: Partial<TrackerSettings> = {}, access?: Access) {
    this.settings = { ...defaultSettings, ...settings };
    this.access = access;
    this.#clock = clock;
    this.#random = random;
    this.limit = new RateLimit(random, rateOfAddress);
    const { intervalSeconds, mostPeers, mostSwarms } = this.settings;
    // Late by half an interval and a minute: clients that sleep or retry come that late.
    this.#lifeTicks = Math.ceil((1500 * intervalSeconds + 60_000) / tickMs);
    this.swarms = new Swarms(random, {
      mostPeers,
      mostSwarms,
      lifeTicks: this.#lifeTicks,
      memoryTicks: Math.ceil(memoryMs / tickMs),
    });
  }

  get tick(): number {
    return Math.floor(this.#clock.nowMs() / tickMs);
  }

  /** True: this address asked too often. */
  isTooMany(address: AddressBytes, cost = 1): boolean {
    if (this.settings.isUnlimited) return false;
    const isFine = this.limit.takeAddress(address.bytes, 0, address.family, this.#clock.nowMs(), cost);
    if (!isFine) this.counts.refused++;
    return !isFine;
  }

  /** Remembers the peer, or forgets it when it stops. `key` is what a private tracker's URL carries. */
  announce(fields: AnnounceFields, address: AddressBytes, key: string): Refusal | undefined {
    const refusal = this.#announce(fields, address, key);
    if (refusal === undefined) this.counts.announces++;
    else this.counts.refused++;
    return refusal;
  }

  #announce(fields: AnnounceFields, address: AddressBytes, key: string): Refusal | undefined {
    const { asking, swarms, access } = this;
    const { bytes: from, hashAt, event, left } = fields;
    asking.swarm = -1;
    asking.slot = -1;
    asking.group = groupOf(left, event);
    asking.reach = address.reach;
    if (fields.port === 0) return refusals.badPort;
    if (access !== undefined) {
      const refusal = access.refusalOf(fields, asking.group, key, this.#clock.nowMs());
      if (refusal !== undefined) return refusal;
    }
    address.setPort(fields.port);
    const store = swarms.store(address.family);
    const isLeaving = event === announceEvents.stopped;
    const swarm = isLeaving ? swarms.table.find(from, hashAt) : swarms.table.findOrAdd(from, hashAt);
    if (swarm < 0) return isLeaving ? undefined : refusals.full;
    let slot = store.find(swarm, address.bytes, 0);
    if (isLeaving) {
      if (slot >= 0) {
        swarms.remove(store, slot, this.tick);
        this.#tell(fields, address);
      }
      return undefined;
    }
    const isNew = slot < 0;
    const was = isNew ? group.downloader : store.groupOf(slot);
    if (isNew) slot = store.add(swarm, address.bytes, 0, asking.group);
    else if (was !== asking.group) slot = store.regroup(slot, asking.group);
    if (slot < 0) {
      swarms.dropIfEmpty(swarm, this.tick);
      return refusals.full;
    }
    asking.swarm = swarm;
    asking.slot = slot;
    // Where others must be told, it is told that somebody is still here only now and then.
    const isNews = isNew || was !== asking.group || event !== announceEvents.none;
    if (!isNews && this.changes !== undefined && store.ageOf(slot, this.tick) < this.#lifeTicks >> 2)
      return undefined;
    if (isNew) store.setPeerId(slot, from, fields.peerIdAt);
    store.note(
      slot,
      this.tick,
      asking.reach,
      left < 0 ? -1 : Math.min(0x7fff_ffff, Math.ceil(left / 16_384)),
    );
    // Once for each who was seen without it: a seed that says so again tells nothing new.
    if (event === announceEvents.completed && was === group.downloader && asking.group === group.seed)
      swarms.addDownloads(swarm, 1);
    this.#tell(fields, address);
    return undefined;
  }

  #tell(fields: AnnounceFields, address: AddressBytes): void {
    if (!this.#isTold) this.changes?.announce(fields, address);
  }

  /** Another thread heard these announces. */
  takeChanges(batch: Uint8Array): void {
    const fields = this.#toldFields;
    const address = this.#toldAddress;
    this.#isTold = true;
    readChanges(batch, fields, address, {
      announce: () => this.#announce(fields, address, ''),
      downloads: (count) =>
        this.recallDownloads(fields.bytes.subarray(fields.hashAt, fields.hashAt + 20), count),
    });
    this.#isTold = false;
  }

  /** All that is known, as if it had just been announced. */
  tellAll(log: ChangeLog): void {
    const { table } = this.swarms;
    const fields = new AnnounceFields();
    const address = new AddressBytes();
    for (let swarm = 0; swarm < table.limit; swarm++) {
      if (!table.isUsed(swarm)) continue;
      table.copyHash(swarm, fields.bytes, 0);
      for (const family of [4, 6] as const) {
        const store = this.swarms.store(family);
        const { endpoints, endpointBytes } = store;
        const start = store.start(swarm);
        for (let slot = start; slot < start + store.all(swarm); slot++) {
          address.family = family;
          address.bytes.set(endpoints.subarray(slot * endpointBytes, (slot + 1) * endpointBytes));
          fields.bytes.set(store.peerIds.subarray(20 * slot, 20 * slot + 20), 20);
          const left = store.leftOf(slot);
          fields.left = left < 0 ? -1 : left * 16_384;
          fields.event = store.groupOf(slot) === group.partial ? announceEvents.paused : announceEvents.none;
          log.announce(fields, address);
        }
      }
      const downloads = this.swarms.downloads(swarm);
      if (downloads > 0) log.downloads(fields.bytes.subarray(0, 20), downloads);
    }
  }

  /** Chooses peers of one family for who announced last. Answers how many; `picked` has their slots. */
  pick(family: 4 | 6, own: 4 | 6, wanted: number, most: number): number {
    const { asking, swarms } = this;
    if (asking.swarm < 0) return 0;
    const count = Math.min(most, wanted < 0 ? defaultPeersWanted : wanted);
    if (family === own) return swarms.pick(swarms.store(family), asking.swarm, asking, this.picked, count);
    const { slot } = asking;
    asking.slot = -1;
    const found = swarms.pick(swarms.store(family), asking.swarm, asking, this.picked, count);
    asking.slot = slot;
    return found;
  }

  /** Seconds until the next announce. */
  nextInterval(): number {
    const { intervalSeconds } = this.settings;
    return intervalSeconds - this.#random.below(Math.max(1, intervalSeconds >> 3));
  }

  /** Takes in a peer that was known before a restart. False when its time has run out, or there are too many. */
  recall(hash: Uint8Array, known: KnownPeer): boolean {
    const { swarms } = this;
    const { address, peerId, as, ageMs, left } = known;
    const age = Math.floor(ageMs / tickMs);
    if (age > this.#lifeTicks) return false;
    const swarm = swarms.table.findOrAdd(hash, 0);
    if (swarm < 0) return false;
    const store = swarms.store(address.family);
    if (store.find(swarm, address.bytes, 0) >= 0) return false;
    const slot = store.add(swarm, address.bytes, 0, as);
    if (slot < 0) swarms.dropIfEmpty(swarm, this.tick);
    else {
      store.setPeerId(slot, peerId, 0);
      store.note(slot, this.tick - age, address.reach, left);
    }
    return slot >= 0;
  }

  recallDownloads(hash: Uint8Array, downloads: number): void {
    if (downloads === 0) return;
    const { swarms } = this;
    const swarm = swarms.table.findOrAdd(hash, 0);
    if (swarm < 0) return;
    swarms.addDownloads(swarm, Math.max(0, downloads - swarms.downloads(swarm)));
    swarms.dropIfEmpty(swarm, this.tick);
  }

  /** To be called every `tickMs / 2` or so: drops a part of those whose time has run out. */
  sweep(): void {
    this.counts.expired += this.swarms.sweep(this.tick, sweepParts);
  }
}

function groupOf(left: number, event: number): Group {
  if (left === 0) return group.seed;
  return event === announceEvents.paused ? group.partial : group.downloader;
}
