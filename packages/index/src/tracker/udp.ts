// The tracker over UDP (BEP 15, 41): nothing is made for a packet but its answer. What is no request is not answered;
// a request is never answered with more bytes than it has before its sender proved that it receives at its address.

import type { Clock, DatagramHandlers, DatagramSocket, Endpoint } from '@shoal/base';
import {
  AnnounceFields,
  readUdpAnnounce,
  udpActionOf,
  udpActions,
  udpAnswerHeadBytes,
  udpHeadBytes,
  udpScrapeEntryBytes,
  udpTransactionOf,
  udpUrlDataOf,
  writeUdpError,
  writeUdpHead,
  writeUint32,
} from '@shoal/tracker/codec';
import { maxPeersPerAnswer, maxScrapeHashes, maxUdpAnswerBytes } from '../bounds.ts';
import { AddressBytes } from './address-bytes.ts';
import { ConnectionIds, type ConnectionKey } from './connection-ids.ts';
import { refusals } from './settings.ts';
import type { Tracker } from './tracker.ts';
import { keyOfUrl } from './url-key.ts';

export class UdpTracker {
  readonly counts = { connects: 0, announces: 0, scrapes: 0, errors: 0, ignored: 0 };
  readonly #tracker: Tracker;
  readonly #clock: Clock;
  readonly #clockAheadMs: number;
  readonly #ids: ConnectionIds;
  readonly #fields = new AnnounceFields();
  readonly #address = new AddressBytes();
  readonly #answer = new Uint8Array(maxUdpAnswerBytes);
  readonly #helpers = new Map<number, object>();
  readonly #lengths: readonly Uint8Array[];

  /** `clockAheadMs`: how far our clock is ahead of that of whoever made the key. */
  constructor(tracker: Tracker, clock: Clock, key: ConnectionKey, clockAheadMs = 0) {
    this.#tracker = tracker;
    this.#clock = clock;
    this.#clockAheadMs = clockAheadMs;
    this.#ids = new ConnectionIds(key);
    // A view of each length, so that no answer makes one.
    this.#lengths = Array.from({ length: maxUdpAnswerBytes + 1 }, (_, length) =>
      this.#answer.subarray(0, length),
    );
  }

  /** What a helper on another thread has counted so far. */
  addCounts(helper: number, counts: unknown): void {
    if (typeof counts === 'object' && counts !== null) this.#helpers.set(helper, counts);
  }

  /** With those of the helpers. */
  allCounts(): Record<string, number> {
    const sums: Record<string, number> = { ...this.counts };
    for (const counts of this.#helpers.values())
      for (const name in sums) sums[name] = (sums[name] ?? 0) + (Number(Reflect.get(counts, name)) || 0);
    return sums;
  }

  handlersFor(socket: () => DatagramSocket): DatagramHandlers {
    return {
      message: (bytes, from) => {
        const length = this.#answerTo(bytes, from);
        const answer = this.#lengths[length];
        if (length > 0 && answer !== undefined) socket().send(answer, from);
        else this.counts.ignored++;
      },
      close() {},
    };
  }

  /** The length of the answer; 0 for none. */
  #answerTo(bytes: Uint8Array, from: Endpoint): number {
    const action = udpActionOf(bytes);
    if (action < 0 || from.port === 0 || !this.#address.set(from.address)) return 0;
    const transaction = udpTransactionOf(bytes);
    const address = this.#address;
    const nowMs = this.#clock.nowMs() - this.#clockAheadMs;
    if (action === udpActions.connect) {
      this.counts.connects++;
      writeUdpHead(this.#answer, action, transaction);
      this.#ids.write(address.bytes, address.addressLength, this.#answer, 8, nowMs);
      return 16;
    }
    if (!this.#ids.isGood(address.bytes, address.addressLength, bytes, nowMs))
      return this.#refuse(transaction, refusals.badConnection);
    if (this.#tracker.isTooMany(address)) return this.#refuse(transaction, refusals.tooMany);
    return action === udpActions.announce
      ? this.#announce(bytes, transaction)
      : this.#scrape(bytes, transaction);
  }

  #announce(bytes: Uint8Array, transaction: number): number {
    const tracker = this.#tracker;
    const address = this.#address;
    const answer = this.#answer;
    readUdpAnnounce(bytes, this.#fields);
    const key = tracker.access === undefined ? '' : keyOfUrl(udpUrlDataOf(bytes));
    const refusal = tracker.announce(this.#fields, address, key);
    if (refusal !== undefined) return this.#refuse(transaction, refusal);
    this.counts.announces++;
    const { family } = address;
    const { swarms, picked, asking } = tracker;
    const { endpoints, endpointBytes } = swarms.store(family);
    const fitting = Math.floor((maxUdpAnswerBytes - udpAnswerHeadBytes) / endpointBytes);
    const wanted = this.#fields.peersWanted;
    const count = tracker.pick(family, family, wanted, Math.min(fitting, maxPeersPerAnswer));
    writeUdpHead(answer, udpActions.announce, transaction);
    writeUint32(answer, 8, tracker.nextInterval());
    writeUint32(answer, 12, asking.swarm < 0 ? 0 : swarms.leechers(asking.swarm));
    writeUint32(answer, 16, asking.swarm < 0 ? 0 : swarms.seeds(asking.swarm));
    let to = udpAnswerHeadBytes;
    for (let i = 0; i < count; i++) {
      const at = (picked[i] ?? 0) * endpointBytes;
      for (let j = 0; j < endpointBytes; j++) answer[to++] = endpoints[at + j] ?? 0;
    }
    return to;
  }

  #scrape(bytes: Uint8Array, transaction: number): number {
    const { swarms, access, counts } = this.#tracker;
    const refusal = access?.mayAsk('');
    if (refusal !== undefined) return this.#refuse(transaction, refusal);
    const count = Math.floor((bytes.length - udpHeadBytes) / 20);
    if (count > maxScrapeHashes) return this.#refuse(transaction, refusals.tooManyHashes);
    counts.scrapes++;
    this.counts.scrapes++;
    writeUdpHead(this.#answer, udpActions.scrape, transaction);
    for (let i = 0; i < count; i++) {
      const swarm = swarms.table.find(bytes, udpHeadBytes + 20 * i);
      const to = 8 + udpScrapeEntryBytes * i;
      writeUint32(this.#answer, to, swarm < 0 ? 0 : swarms.seeds(swarm));
      writeUint32(this.#answer, to + 4, swarm < 0 ? 0 : swarms.downloads(swarm));
      writeUint32(this.#answer, to + 8, swarm < 0 ? 0 : swarms.leechers(swarm));
    }
    return 8 + udpScrapeEntryBytes * count;
  }

  #refuse(transaction: number, message: string): number {
    this.counts.errors++;
    return writeUdpError(this.#answer, transaction, message);
  }
}
