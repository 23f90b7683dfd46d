// What a home router does with addresses (RFC 4787): which outer port a socket gets, and who may send back to it.
//
//   full-cone        one outer port per socket; everybody may send to it
//   restricted       one outer port per socket; only addresses it has sent to
//   port-restricted  one outer port per socket; only address-and-port pairs it has sent to
//   symmetric        another outer port for every destination; only that destination

import { type Endpoint, WorldError } from '@shoal/base';
import { mappingTimeoutMs } from '../bounds.ts';
import type { SeededRandom } from '../random.ts';
import type { Timeline } from '../timeline.ts';
import { FreePorts, type Machine } from './machine.ts';

export type NatKind = 'full-cone' | 'restricted' | 'port-restricted' | 'symmetric';
export type Protocol = 'udp' | 'tcp';

export interface NatOptions {
  readonly kind: NatKind;
  /** Forget a UDP mapping after this much silence from inside. Default 120,000. */
  readonly mappingTimeoutMs?: number;
  /** Lets machines inside reach each other by the outer address. Default false. */
  readonly hairpin?: boolean;
  /** Gives the inner port number outside too where it is free. Default true. */
  readonly keepPorts?: boolean;
}

export interface Inside {
  readonly machine: Machine;
  readonly address: string;
  readonly port: number;
}

interface Mapping {
  readonly key: string;
  readonly inside: Inside;
  readonly outside: Endpoint;
  lastMs: number;
  /** Whom it has sent to, and when last. */
  readonly contacts: Map<string, number>;
  /** How many contacts make it worth to look for those that have run out. */
  sweepAt: number;
}

const fewContacts = 64;

export class Nat {
  readonly hairpin: boolean;
  readonly #kind: NatKind;
  readonly #timeoutMs: number;
  readonly #keepPorts: boolean;
  readonly #timeline: Timeline;
  readonly #ports: FreePorts;
  readonly #byInside = new Map<string, Mapping>();
  readonly #byPort = new Map<number, Mapping>();
  readonly #forwards = new Map<string, Inside>();
  #sweepAt = 64;

  constructor(options: NatOptions, timeline: Timeline, random: SeededRandom) {
    this.hairpin = options.hairpin ?? false;
    this.#kind = options.kind;
    this.#timeoutMs = options.mappingTimeoutMs ?? mappingTimeoutMs;
    this.#keepPorts = options.keepPorts ?? true;
    this.#timeline = timeline;
    this.#ports = new FreePorts(random);
  }

  /** A datagram goes out: the endpoint it seems to come from. */
  outbound(inside: Inside, to: Endpoint, outerAddress: string): Endpoint {
    const nowMs = this.#timeline.nowMs;
    const socket = `${inside.address}:${inside.port}`;
    const remote = `${to.address}:${to.port}`;
    const key = this.#kind === 'symmetric' ? `${socket}>${remote}` : socket;
    let mapping = this.#byInside.get(key);
    if (mapping === undefined || this.#isOver(mapping)) {
      if (mapping !== undefined) this.#drop(mapping);
      const outside = { address: outerAddress, port: this.#freePort(inside.port) };
      mapping = { key, inside, outside, lastMs: nowMs, contacts: new Map(), sweepAt: fewContacts };
      this.#byInside.set(key, mapping);
      this.#byPort.set(outside.port, mapping);
      this.#sweep();
    }
    mapping.lastMs = nowMs;
    mapping.contacts.set(this.#kind === 'restricted' ? to.address : remote, nowMs);
    if (mapping.contacts.size >= mapping.sweepAt) this.#sweepContacts(mapping);
    return mapping.outside;
  }

  /** A datagram came to an outer port: whom it is for, if it may pass. */
  inbound(port: number, from: Endpoint): Inside | undefined {
    const mapping = this.#byPort.get(port);
    if (mapping === undefined || this.#isOver(mapping)) return this.forwarded('udp', port);
    if (this.#kind === 'full-cone') return mapping.inside;
    const contact = this.#kind === 'restricted' ? from.address : `${from.address}:${from.port}`;
    const lastMs = mapping.contacts.get(contact);
    const mayPass = lastMs !== undefined && this.#timeline.nowMs - lastMs <= this.#timeoutMs;
    return mayPass ? mapping.inside : this.forwarded('udp', port);
  }

  /** A connection goes out. Its outer port is its own: no other machine can dial it. */
  outboundStream(outerAddress: string): Endpoint {
    return { address: outerAddress, port: this.#ports.take((port) => this.#forwards.has(`tcp:${port}`)) };
  }

  forwarded(protocol: Protocol, port: number): Inside | undefined {
    return this.#forwards.get(`${protocol}:${port}`);
  }

  /** What UPnP or a person at the router's page does: an outer port that leads to a machine. */
  forward(protocol: Protocol, port: number, inside: Inside | undefined): void {
    const key = `${protocol}:${port}`;
    if (inside === undefined) this.#forwards.delete(key);
    else if (this.#forwards.has(key))
      throw new WorldError('address-in-use', 'That port is forwarded already', { value: port });
    else this.#forwards.set(key, inside);
  }

  /** Every UDP mapping is lost, as when a router starts anew. */
  forget(): void {
    this.#byInside.clear();
    this.#byPort.clear();
  }

  #isOver(mapping: Mapping): boolean {
    return this.#timeline.nowMs - mapping.lastMs > this.#timeoutMs;
  }

  #drop(mapping: Mapping): void {
    this.#byInside.delete(mapping.key);
    this.#byPort.delete(mapping.outside.port);
  }

  #sweepContacts(mapping: Mapping): void {
    const { contacts } = mapping;
    for (const [contact, lastMs] of contacts)
      if (this.#timeline.nowMs - lastMs > this.#timeoutMs) contacts.delete(contact);
    mapping.sweepAt = Math.max(fewContacts, contacts.size * 2);
  }

  #freePort(wanted: number): number {
    const isTaken = (port: number) => this.#byPort.has(port) || this.#forwards.has(`udp:${port}`);
    if (this.#keepPorts && this.#kind !== 'symmetric' && !isTaken(wanted)) return wanted;
    return this.#ports.take(isTaken);
  }

  /** Drops what has run out, each time the table has doubled. */
  #sweep(): void {
    if (this.#byInside.size < this.#sweepAt) return;
    for (const mapping of [...this.#byInside.values()]) if (this.#isOver(mapping)) this.#drop(mapping);
    this.#sweepAt = Math.max(64, this.#byInside.size * 2);
  }
}
