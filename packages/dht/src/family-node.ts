// One node of the DHT in one address family: its socket, its id, its table, the questions it asks and those it answers.
// Everything that comes in passes `#receive`, and everything hostile ends there.

import {
  type Clock,
  type DatagramSocket,
  type Datagrams,
  type Endpoint,
  type Hashing,
  type IpFamily,
  ipFromBytes,
  ipScope,
  ipToBytes,
  type Random,
} from '@shoal/base';
import { AddressVotes } from './address-votes.ts';
import { Answering, type Question } from './answering.ts';
import { considerEveryMs, maxIntroductions, signatureCostBytes } from './bounds.ts';
import { looksLikeQuery, type Message, type Query, readMessage } from './codec/krpc.ts';
import type { NodeInfo } from './codec/nodes.ts';
import { writeError } from './codec/reply.ts';
import { endpointKey } from './contact.ts';
import type { ItemStore } from './item-store.ts';
import type { Asker } from './lookup.ts';
import { randomId } from './node-id.ts';
import { PeerStore } from './peer-store.ts';
import { type Outcome, Questions } from './questions.ts';
import { RoutingTable } from './routing-table.ts';
import { isIdAllowed, isIdFor, makeNodeId } from './secure-id.ts';
import { Tokens } from './tokens.ts';
import { type Visitor, Visitors } from './visitors.ts';

export interface FamilyParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly hashing: Hashing;
  readonly datagrams: Datagrams;
}

export interface FamilyOptions {
  readonly family: IpFamily;
  /** Kept from an earlier run; it is only used as long as it fits our address. */
  readonly id: Uint8Array | undefined;
  readonly isReadOnly: boolean;
  readonly isLimited: boolean;
  readonly enforcesIds: boolean;
  readonly items: ItemStore;
  readonly tableOf: (family: IpFamily) => RoutingTable | undefined;
  readonly onClose: (error?: Error) => void;
}

export interface TrafficCounts {
  questionsReceived: number;
  repliesSent: number;
  replyBytes: number;
  questionsSent: number;
  answersReceived: number;
  /** Not KRPC, or answers to nothing that was asked. */
  malformed: number;
  /** Over a limit, or from somebody who is banned. */
  dropped: number;
}

export class FamilyNode implements Asker {
  readonly family: IpFamily;
  readonly table: RoutingTable;
  readonly peers: PeerStore;
  readonly visitors: Visitors;
  readonly questions: Questions;
  readonly counts: TrafficCounts = {
    questionsReceived: 0,
    repliesSent: 0,
    replyBytes: 0,
    questionsSent: 0,
    answersReceived: 0,
    malformed: 0,
    dropped: 0,
  };
  readonly #parts: FamilyParts;
  readonly #options: FamilyOptions;
  readonly #answering: Answering;
  readonly #votes = new AddressVotes();
  readonly #introducing = new Set<string>();
  #socket: DatagramSocket | undefined;
  #externalAddress: string | undefined;

  constructor(parts: FamilyParts, options: FamilyOptions) {
    this.#parts = parts;
    this.#options = options;
    const { clock, random } = parts;
    const { family, enforcesIds, isReadOnly } = options;
    this.family = family;
    const own = options.id ?? randomId(random);
    this.table = new RoutingTable({ own, enforcesIds, nowMs: clock.nowMs() });
    this.peers = new PeerStore(family, random);
    this.visitors = new Visitors(clock, { isLimited: options.isLimited });
    this.questions = new Questions({
      clock,
      random,
      frame: () => ({ id: this.table.own, isReadOnly }),
      send: (bytes, to) => this.#socket?.send(bytes, to),
    });
    this.#answering = new Answering({
      ...parts,
      family,
      tokens: new Tokens(parts),
      peers: this.peers,
      items: options.items,
      table: this.table,
      tableOf: options.tableOf,
    });
  }

  async bind(local: Endpoint): Promise<void> {
    const { onClose } = this.#options;
    this.#socket = await this.#parts.datagrams.bind(local, {
      message: (bytes, from) => this.#receive(bytes, from),
      close: onClose,
    });
    this.#learnAddress(this.#socket.local.address);
  }

  get local(): Endpoint | undefined {
    return this.#socket?.local;
  }

  /** As others see us, once enough of them said so. */
  get externalAddress(): string | undefined {
    return this.#externalAddress;
  }

  get ownId(): Uint8Array {
    return this.table.own;
  }

  isFit(node: NodeInfo): boolean {
    return !this.#options.enforcesIds || isIdAllowed(node.id, node.endpoint);
  }

  isBanned(endpoint: Endpoint): boolean {
    return this.visitors.isBanned(endpoint);
  }

  suspect(endpoint: Endpoint): void {
    this.visitors.strike(endpoint);
  }

  /** It sent what can only be a lie: it is not asked, answered or kept any more. */
  banLiar(endpoint: Endpoint): void {
    this.visitors.banLiar(endpoint);
    this.table.drop(endpoint);
  }

  /** Asks, and lets the table know how it went. */
  async ask(query: Query, to: Endpoint): Promise<Outcome> {
    this.counts.questionsSent++;
    const outcome = await this.questions.ask(query, to, (late) => this.#note(late, to));
    this.#note(outcome, to);
    return outcome;
  }

  named(node: NodeInfo): void {
    this.#introduce(node);
  }

  /** Somebody told us of an address, and not of an id. */
  meet(endpoint: Endpoint): void {
    const key = endpointKey(endpoint);
    if (this.#introducing.size >= maxIntroductions || this.#introducing.has(key)) return;
    if (this.table.find(endpoint) === undefined && !this.isBanned(endpoint)) this.#ping(key, endpoint);
  }

  close(): void {
    this.questions.close();
    this.#socket?.close();
  }

  #receive(bytes: Uint8Array, from: Endpoint): void {
    const nowMs = this.#parts.clock.nowMs();
    const visitor = this.visitors.of(from.address);
    if (visitor === undefined || from.port === 0) return;
    if (visitor.bannedUntilMs > nowMs && looksLikeQuery(bytes)) {
      this.counts.dropped++;
      return;
    }
    const message = readMessage(bytes, this.family);
    if (message === undefined) {
      this.counts.malformed++;
      return;
    }
    switch (message.kind) {
      case 'query':
        this.#reply(message, from, visitor, nowMs);
        return;
      case 'bad-query':
        this.#refuse(message, from, visitor, nowMs);
        return;
      default:
        this.#takeAnswer(message, from);
    }
  }

  #reply(question: Question, from: Endpoint, visitor: Visitor, nowMs: number): void {
    const { counts } = this;
    counts.questionsReceived++;
    if (this.#options.isReadOnly) return;
    const isPut = question.query.method === 'put';
    if (isPut && !this.visitors.mayReply(visitor, signatureCostBytes, nowMs)) {
      counts.dropped++;
      return;
    }
    const reply = this.#answering.answer(question, visitor, from.port, nowMs);
    if (reply.length === 0) return;
    if (this.visitors.mayReply(visitor, reply.length, nowMs)) {
      this.#socket?.send(reply, from);
      counts.repliesSent++;
      counts.replyBytes += reply.length;
    } else counts.dropped++;
    if (nowMs < visitor.considerAtMs || question.isReadOnly) return;
    visitor.considerAtMs = nowMs + considerEveryMs;
    this.table.heard(question.id, from, nowMs);
    this.#introduce({ id: question.id, endpoint: from });
  }

  #refuse(
    { transaction, code, message }: Message & { readonly kind: 'bad-query' },
    from: Endpoint,
    visitor: Visitor,
    nowMs: number,
  ): void {
    this.counts.questionsReceived++;
    if (this.#options.isReadOnly) return;
    const reply = writeError(transaction, code, message);
    if (!this.visitors.mayReply(visitor, reply.length, nowMs)) {
      this.counts.dropped++;
      return;
    }
    this.#socket?.send(reply, from);
    this.counts.repliesSent++;
    this.counts.replyBytes += reply.length;
  }

  #takeAnswer(message: Message & { readonly kind: 'response' | 'error' }, from: Endpoint): void {
    if (!this.questions.take(message, from)) {
      this.counts.malformed++;
      return;
    }
    this.counts.answersReceived++;
    if (message.kind === 'response' && message.seenAs !== undefined) this.#vote(from, message.seenAs);
  }

  /** A stranger that could be in our table is pinged: who does not answer at the address it asks from is nobody. */
  #introduce({ id, endpoint }: NodeInfo): void {
    if (this.#introducing.size >= maxIntroductions || !this.table.wants(id, endpoint)) return;
    const key = endpointKey(endpoint);
    if (this.#introducing.has(key) || this.isBanned(endpoint)) return;
    this.#ping(key, endpoint);
  }

  #ping(key: string, endpoint: Endpoint): void {
    this.#introducing.add(key);
    void this.ask({ method: 'ping' }, endpoint).then(() => this.#introducing.delete(key));
  }

  #note(outcome: Outcome, endpoint: Endpoint): void {
    const nowMs = this.#parts.clock.nowMs();
    if (outcome.kind === 'timeout') this.table.failed(endpoint);
    if (outcome.kind === 'answered' && !this.isBanned(endpoint))
      this.table.answered({ id: outcome.answer.id, endpoint }, nowMs, outcome.rttMs);
  }

  #vote(voter: Endpoint, seenAs: Uint8Array): void {
    if (seenAs.length !== (this.family === 4 ? 6 : 18)) return;
    const seen = ipFromBytes(seenAs.subarray(0, -2));
    const agreed = this.#votes.add(voter, seen);
    if (agreed !== undefined && agreed !== this.#externalAddress) this.#learnAddress(agreed);
  }

  /** BEP 42: our id follows our public address. */
  #learnAddress(address: string): void {
    const scope = ipScope(address);
    if (scope !== 'public') {
      if (scope !== 'special') this.#externalAddress ??= address;
      return;
    }
    this.#externalAddress = address;
    const ip = ipToBytes(address);
    if (ip === undefined || isIdFor(this.table.own, ip)) return;
    this.table.adoptId(makeNodeId(ip, this.#parts.random), this.#parts.clock.nowMs());
  }
}
