// A network of a home or an office: machines that reach each other directly and by multicast, and perhaps a router
// with a NAT that connects them with the internet.

import type { Endpoint } from '@shoal/base';
import { SimError } from '../errors.ts';
import type { SeededRandom } from '../random.ts';
import type { Timeline } from '../timeline.ts';
import { Line, type LineOptions } from './line.ts';
import type { Machine } from './machine.ts';
import { Nat, type NatOptions, type Protocol } from './nat.ts';

export interface LanOptions {
  readonly name?: string;
  /** IPv4 network of its machines, as "192.168.7". Two LANs may use the same. */
  readonly network?: string;
  /** Gives its machines IPv6 addresses too, link-local ones as well. Default false. */
  readonly ipv6?: boolean;
  /** The router's NAT. Without one the LAN is an island. */
  readonly nat?: NatOptions;
  /** The router's line to the internet. */
  readonly line?: LineOptions;
  /** The router's outer address. Counted out by default. */
  readonly address?: string;
}

/** The router's outer side. */
export class Gateway {
  readonly index: number;
  readonly name: string;
  readonly lan: Lan;
  readonly line: Line;
  readonly nat: Nat;
  address: string;

  constructor(options: { index: number; name: string; lan: Lan; line: Line; nat: Nat; address: string }) {
    this.index = options.index;
    this.name = options.name;
    this.lan = options.lan;
    this.line = options.line;
    this.nat = options.nat;
    this.address = options.address;
  }
}

export class Lan {
  readonly name: string;
  readonly network: string;
  readonly hasIpv6: boolean;
  readonly machines = new Map<string, Machine>();
  gateway: Gateway | undefined;
  #nextHost = 2;

  constructor(name: string, options: LanOptions) {
    this.name = name;
    this.network = options.network ?? '192.168.1';
    this.hasIpv6 = options.ipv6 ?? false;
    if (!/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(this.network))
      throw new SimError('invalid', 'A LAN is three numbers of IPv4, as "192.168.1"', {
        value: options.network,
      });
  }

  /** The number in the last place of a new machine's addresses. */
  nextHost(): number {
    if (this.#nextHost > 254) throw new SimError('invalid', 'A LAN holds 253 machines', { value: this.name });
    return this.#nextHost++;
  }
}

/** What a test does with a LAN. */
export interface SimLan {
  readonly name: string;
  /** The router's outer address; undefined for an island. */
  readonly address: string | undefined;
  /** Leads an outer port to a machine inside. */
  forward(
    protocol: Protocol,
    port: number,
    to: { readonly host: { readonly machine: Machine }; readonly port: number },
  ): void;
  unforward(protocol: Protocol, port: number): void;
  /** The router starts anew: UDP mappings are gone, and the outer address is another one if given. */
  restartRouter(address?: string): void;
  setLine(options: LineOptions): void;
}

export function createGateway(
  lan: Lan,
  options: LanOptions,
  parts: { index: number; address: string; timeline: Timeline; random: SeededRandom },
): Gateway | undefined {
  if (options.nat === undefined) return undefined;
  const { index, address, timeline, random } = parts;
  const line = new Line(timeline, options.line ?? {});
  const nat = new Nat(options.nat, timeline, random);
  return new Gateway({ index, name: lan.name, lan, line, nat, address });
}

export function outsideOf(gateway: Gateway, machine: Machine, from: Endpoint, to: Endpoint): Endpoint {
  return gateway.nat.outbound({ machine, address: from.address, port: from.port }, to, gateway.address);
}
