// Shoal's own nodes on the local network, by DNS-SD over multicast DNS (RFC 6762, 6763): we say that we are here and
// where, and hear who else is. Names are 64 random bits or more, so nobody is asked whether a name is free.
// Invariants: nobody is believed beyond the life of what he said; what a node says leads only into the local network.

import {
  type Clock,
  type Endpoint,
  type NetworkInterface,
  type Random,
  type Timer,
  toHex,
} from '@shoal/base';
import {
  answerRecordsEveryMs,
  askEveryMs,
  forgetEveryMs,
  longestLifeSeconds,
  maxAddressesPerNeighbour,
  maxNeighbours,
  questionDelaysMs,
  recordLifeSeconds,
} from './bounds.ts';
import {
  type DnsMessage,
  type DnsName,
  type DnsQuestion,
  type DnsRecord,
  encodeDns,
  equalNames,
  parseDns,
} from './dns-codec.ts';
import { type LanParts, type Link, Multicast } from './multicast.ts';

const mdnsPort = 5353;
const mdnsGroups = { 4: '224.0.0.251', 6: 'ff02::fb' } as const;

export interface NeighbourhoodOptions {
  /** Who we are: 8 to 24 bytes that no other node has. */
  readonly id: Uint8Array;
  /** Where we take connections of peers. Undefined: only looks. */
  readonly port: number | undefined;
  readonly uses?: (candidate: NetworkInterface) => boolean;
  readonly changed?: (neighbours: readonly Neighbour[]) => void;
}

export interface Neighbour {
  /** Its id in hex, or the name that it gave itself. */
  readonly name: string;
  readonly port: number;
  /** On the local network; the one that it spoke from comes first. */
  readonly addresses: readonly { readonly address: string; readonly zone?: string }[];
}

interface Known extends Neighbour {
  untilMs: number;
}

const service: DnsName = ['_shoal', '_tcp', 'local'];
const allServices: DnsName = ['_services', '_dns-sd', '_udp', 'local'];

export class Neighbourhood {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: NeighbourhoodOptions;
  readonly #network: Multicast;
  readonly #known = new Map<string, Known>();
  readonly #timers = new Set<Timer>();
  /** When each link got our records last. */
  readonly #answeredMs = new Map<string, number>();
  /** Links that will get them in a moment. */
  readonly #owed = new Set<string>();
  readonly #instance: DnsName;
  readonly #host: DnsName;
  #isClosed = false;

  constructor(parts: LanParts & { readonly random: Random }, options: NeighbourhoodOptions) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#options = options;
    const name = toHex(options.id);
    this.#instance = [name, ...service];
    this.#host = [`shoal-${name}`, 'local'];
    this.#network = new Multicast(parts, {
      groups: mdnsGroups,
      port: mdnsPort,
      sendsFromPort: true,
      // RFC 6762, 11: a receiver can tell from it that nobody forwarded this.
      ttl: 255,
      uses: options.uses ?? (({ isLoopback }) => !isLoopback),
      received: (bytes, from, link, toGroup) => this.#received(bytes, from, link, toGroup),
      linked: (links) => this.#greet(links),
    });
    this.#later(askEveryMs, () => this.#askAgain());
    this.#later(forgetEveryMs, () => this.#forgetOld());
  }

  get neighbours(): Neighbour[] {
    return [...this.#known.values()].map(({ name, port, addresses }) => ({ name, port, addresses }));
  }

  /** Says goodbye. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    if (this.#options.port !== undefined)
      for (const link of this.#network.links) this.#network.send(this.#announcement(link, 0), [link]);
    await this.#network.close();
  }

  /** RFC 6762, 8.3: announced twice, a second apart; asked at the same time, and then less and less often. */
  #greet(links: readonly Link[]): void {
    for (const [i, delayMs] of questionDelaysMs.entries())
      this.#later(delayMs, () => {
        this.#ask(links);
        if (i < 2) this.#announce(links);
      });
  }

  #askAgain(): void {
    this.#ask(this.#network.links);
    this.#later(askEveryMs, () => this.#askAgain());
  }

  #ask(links: readonly Link[]): void {
    // RFC 6762, 7.1: whoever we know well does not have to answer.
    const nowMs = this.#clock.nowMs();
    const answers = [...this.#known.values()].flatMap(({ name, untilMs }): DnsRecord[] => {
      const lifeSeconds = Math.floor((untilMs - nowMs) / 1000);
      const target = [name, ...service];
      return lifeSeconds * 2 < recordLifeSeconds
        ? []
        : [{ kind: 'PTR', name: service, target, lifeSeconds, isUnique: false }];
    });
    const question: DnsQuestion = { name: service, kind: 'PTR', wantsUnicast: false };
    const message = {
      id: 0,
      isAnswer: false,
      questions: [question],
      answers: answers.slice(0, 10),
      extras: [],
    };
    this.#network.send(encodeDns(message), links);
  }

  #announce(links: readonly Link[]): void {
    if (this.#options.port === undefined) return;
    for (const link of links) {
      this.#answeredMs.set(link.key, this.#clock.nowMs());
      this.#network.send(this.#announcement(link, recordLifeSeconds), [link]);
    }
  }

  #announcement(link: Link, lifeSeconds: number): Uint8Array {
    const [pointer, ...rest] = this.#records(link, lifeSeconds);
    return encodeDns({
      id: 0,
      isAnswer: true,
      questions: [],
      answers: [...(pointer === undefined ? [] : [pointer]), ...rest],
      extras: [],
    });
  }

  #records({ own }: Link, lifeSeconds: number): DnsRecord[] {
    const { port } = this.#options;
    if (port === undefined) return [];
    const kind = own.family === 4 ? 'A' : 'AAAA';
    const [instance, host] = [this.#instance, this.#host];
    return [
      { kind: 'PTR', name: service, target: instance, lifeSeconds, isUnique: false },
      { kind: 'SRV', name: instance, target: host, port, lifeSeconds, isUnique: true },
      { kind: 'TXT', name: instance, texts: ['v=1'], lifeSeconds, isUnique: true },
      { kind, name: host, address: own.address, lifeSeconds, isUnique: true },
    ];
  }

  #received(bytes: Uint8Array, from: Endpoint, link: Link, toGroup: boolean): void {
    if (this.#isClosed) return;
    const message = parseDns(bytes);
    if (message === undefined) return;
    // RFC 6762, 11: answers come from the port of mDNS, or are forged.
    if (!message.isAnswer) this.#answer(message, from, link, toGroup);
    else if (from.port === mdnsPort) this.#learn(message, from, link);
  }

  #answer(message: DnsMessage, from: Endpoint, link: Link, toGroup: boolean): void {
    const records = this.#records(link, recordLifeSeconds);
    const asked = records.filter((record) => message.questions.some((question) => fits(question, record)));
    const listing = message.questions.filter(
      ({ name, kind }) => kind !== 'A' && equalNames(name, allServices),
    );
    if (records.length > 0 && listing.length > 0)
      asked.push({
        kind: 'PTR',
        name: allServices,
        target: service,
        lifeSeconds: recordLifeSeconds,
        isUnique: false,
      });
    const fresh = asked.filter((record) => !message.answers.some((known) => isKnown(known, record)));
    if (fresh.length === 0) return;
    const reply = {
      id: 0,
      isAnswer: true,
      questions: [],
      answers: fresh,
      extras: records.filter((record) => !asked.includes(record)),
    };
    // RFC 6762, 6.7: a plain resolver wants its own question back, and short lives.
    if (from.port !== mdnsPort) {
      const short = (record: DnsRecord) => ({ ...record, lifeSeconds: 10, isUnique: false });
      const { id, questions } = message;
      const plain = { ...reply, id, questions, answers: fresh.map(short), extras: reply.extras.map(short) };
      this.#network.answer(encodeDns(plain), from, link);
      return;
    }
    if (!toGroup || message.questions.every(({ wantsUnicast }) => wantsUnicast)) {
      this.#network.answer(encodeDns(reply), from, link);
      return;
    }
    // RFC 6762, 6: not all at once, and each network at most once a second. Who asks sooner is answered when that
    // second is over, for it may have come after our last words.
    if (this.#owed.has(link.key)) return;
    this.#owed.add(link.key);
    const answeredMs = this.#answeredMs.get(link.key) ?? Number.NEGATIVE_INFINITY;
    const waitMs = Math.max(0, answeredMs + answerRecordsEveryMs - this.#clock.nowMs());
    this.#later(waitMs + 20 + this.#random.below(100), () => {
      this.#owed.delete(link.key);
      this.#answeredMs.set(link.key, this.#clock.nowMs());
      this.#network.send(encodeDns(reply), [link]);
    });
  }

  #learn({ answers, extras }: DnsMessage, from: Endpoint, link: Link): void {
    const records = [...answers, ...extras];
    let hasChanged = false;
    for (const pointer of records) {
      if (pointer.kind !== 'PTR' || !equalNames(pointer.name, service)) continue;
      const [name = '', ...rest] = pointer.target;
      if (!equalNames(rest, service) || equalNames(pointer.target, this.#instance)) continue;
      if (pointer.lifeSeconds === 0) {
        hasChanged = this.#known.delete(name.toLowerCase()) || hasChanged;
        continue;
      }
      const place = records.find(
        (record) => record.kind === 'SRV' && equalNames(record.name, pointer.target),
      );
      if (place?.kind === 'SRV' && place.port > 0) {
        this.#remember(name, place, records, from, pointer.lifeSeconds);
        hasChanged = true;
      } else this.#askFor(pointer.target, link);
    }
    // An answer to that question may come without its pointer.
    for (const place of records) {
      if (place.kind !== 'SRV' || !equalNames(place.name.slice(1), service) || place.lifeSeconds === 0)
        continue;
      const [name = ''] = place.name;
      if (equalNames(place.name, this.#instance) || this.#known.has(name.toLowerCase()) || place.port === 0)
        continue;
      this.#remember(name, place, records, from, place.lifeSeconds);
      hasChanged = true;
    }
    if (hasChanged) this.#options.changed?.(this.neighbours);
  }

  #remember(
    name: string,
    place: { readonly target: DnsName; readonly port: number },
    records: readonly DnsRecord[],
    from: Endpoint,
    lifeSeconds: number,
  ): void {
    const key = name.toLowerCase();
    const zone = from.zone === undefined ? {} : { zone: from.zone };
    const before = this.#known.get(key);
    const addresses = new Map([[from.address, { address: from.address, ...zone }]]);
    for (const record of records) {
      if (record.kind !== 'A' && record.kind !== 'AAAA') continue;
      if (!equalNames(record.name, place.target) || !this.#network.isLocal(record)) continue;
      const isLinkLocal = record.address.startsWith('fe80:');
      addresses.set(record.address, { address: record.address, ...(isLinkLocal ? zone : {}) });
    }
    // What it said on its other interfaces stands as long as it moves to no other port.
    if (before?.port === place.port)
      for (const one of before.addresses) if (!addresses.has(one.address)) addresses.set(one.address, one);
    this.#known.delete(key);
    if (this.#known.size >= maxNeighbours) return;
    const untilMs = this.#clock.nowMs() + 1000 * Math.min(lifeSeconds, longestLifeSeconds);
    this.#known.set(key, {
      name,
      port: place.port,
      addresses: [...addresses.values()].slice(0, maxAddressesPerNeighbour),
      untilMs,
    });
  }

  #forgetOld(): void {
    const nowMs = this.#clock.nowMs();
    const old = [...this.#known].filter(([, { untilMs }]) => untilMs <= nowMs);
    for (const [key] of old) this.#known.delete(key);
    if (old.length > 0) this.#options.changed?.(this.neighbours);
    this.#later(forgetEveryMs, () => this.#forgetOld());
  }

  #askFor(instance: DnsName, link: Link): void {
    const questions: DnsQuestion[] = [{ name: instance, kind: 'SRV', wantsUnicast: false }];
    this.#network.send(encodeDns({ id: 0, isAnswer: false, questions, answers: [], extras: [] }), [link]);
  }

  #later(delayMs: number, action: () => void): void {
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      if (!this.#isClosed) action();
    });
    this.#timers.add(timer);
  }
}

function fits(question: DnsQuestion, record: DnsRecord): boolean {
  return (question.kind === 'ANY' || question.kind === record.kind) && equalNames(question.name, record.name);
}

/** RFC 6762, 7.1: the asker has it, with at least half of its life left. */
function isKnown(known: DnsRecord, record: DnsRecord): boolean {
  return (
    known.kind === 'PTR' &&
    record.kind === 'PTR' &&
    equalNames(known.name, record.name) &&
    equalNames(known.target, record.target) &&
    known.lifeSeconds * 2 >= record.lifeSeconds
  );
}
