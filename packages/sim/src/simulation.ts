// A whole virtual world from a seed. The same seed and the same calls give the same run, event for event.

import { ChunkStore } from './disk/chunks.ts';
import { SimError } from './errors.ts';
import { type MachineOptions, SimHost } from './host.ts';
import { parseAddress, publicAddress } from './network/addresses.ts';
import { Fabric, type LinkOptions } from './network/fabric.ts';
import { FlightPool } from './network/flights.ts';
import { createGateway, Lan, type LanOptions, type SimLan } from './network/lan.ts';
import { Line, type LineOptions } from './network/line.ts';
import { Machine, type OwnAddress } from './network/machine.ts';
import { NameTable } from './network/names.ts';
import type { Net } from './network/net.ts';
import { SegmentPool } from './network/segments.ts';
import { SeededRandom } from './random.ts';
import { type RunOptions, Timeline } from './timeline.ts';
import { Trace, type TraceOptions } from './trace.ts';

export interface SimulationOptions {
  readonly seed: number | string;
  /** Lines of hosts that say nothing else. */
  readonly line?: LineOptions;
  readonly trace?: TraceOptions;
}

export interface HostOptions extends MachineOptions {
  /** Default: "h1", "h2", … It resolves to the host's addresses everywhere. */
  readonly name?: string;
  /** Default: an IPv4 address of the public internet, or of its LAN. */
  readonly addresses?: readonly string[];
  /** An IPv6 address too. Default false. */
  readonly ipv6?: boolean;
  /** The home network that it stands in. Default: none, it is on the internet. */
  readonly lan?: SimLan;
  readonly line?: LineOptions;
}

/** A partition that can be healed. */
export interface SimPartition {
  heal(): void;
}

/** What hosts need of their simulation. */
export interface SimulationParts {
  readonly net: Net & { readonly chunks: ChunkStore };
  readonly names: NameTable;
  randomFor(part: string): SeededRandom;
  moveTo(machine: Machine, addresses: readonly string[]): void;
}

/** Nobody notices the way across a home. */
const lanLatencyMs = 0.25;

export class Simulation {
  readonly seed: string;
  readonly trace: Trace;
  readonly #timeline = new Timeline();
  readonly #fabric = new Fabric();
  readonly #names: NameTable;
  readonly #parts: SimulationParts;
  readonly #defaultLine: LineOptions;
  readonly #hosts: SimHost[] = [];
  readonly #hostNames = new Set<string>();
  readonly #lans = new Map<SimLan, Lan>();
  #indexes = 0;
  #publicAddresses = { 4: 0, 6: 0 };

  constructor(options: SimulationOptions) {
    this.seed = String(options.seed);
    this.trace = new Trace(options.trace);
    this.#defaultLine = options.line ?? {};
    this.#names = new NameTable(this.#timeline);
    const [timeline, trace, fabric] = [this.#timeline, this.trace, this.#fabric];
    this.#parts = {
      net: {
        timeline,
        trace,
        fabric,
        flights: new FlightPool({ timeline, trace, fabric }),
        segments: new SegmentPool(),
        chunks: new ChunkStore(),
      },
      names: this.#names,
      randomFor: (part) => this.randomFor(part),
      moveTo: (machine, addresses) => this.#moveTo(machine, addresses),
    };
  }

  get nowMs(): number {
    return this.#timeline.nowMs;
  }

  get hosts(): readonly SimHost[] {
    return this.#hosts;
  }

  /** A stream of randomness of its own for a part of the test. */
  randomFor(part: string): SeededRandom {
    return new SeededRandom(`${this.seed}/${part}`);
  }

  addHost(options: HostOptions = {}): SimHost {
    const index = this.#indexes++;
    const name = options.name ?? `h${this.#hosts.length + 1}`;
    if (this.#hostNames.has(name))
      throw new SimError('invalid', 'Another host has that name', { value: name });
    const lan = options.lan === undefined ? undefined : this.#lans.get(options.lan);
    if (options.lan !== undefined && lan === undefined)
      throw new SimError('invalid', 'That LAN is of another simulation', { value: options.lan.name });
    const defaults = lan === undefined ? this.#defaultLine : { latencyMs: lanLatencyMs };
    const line = new Line(this.#timeline, { ...defaults, ...options.line });
    const machine = new Machine({ index, name, line, lan, random: this.randomFor(`host ${name} network`) });
    this.#moveTo(machine, options.addresses ?? this.#countOut(lan, options.ipv6 ?? lan?.hasIpv6 ?? false));
    const host = new SimHost(this.#parts, machine, options);
    this.#hosts.push(host);
    this.#hostNames.add(name);
    return host;
  }

  #countOut(lan: Lan | undefined, ipv6: boolean): string[] {
    if (lan !== undefined) {
      const host = lan.nextHost();
      return [`${lan.network}.${host}`, ...(ipv6 ? [`fe80::${host.toString(16)}%eth0`] : [])];
    }
    return [this.#publicAddress(4), ...(ipv6 ? [this.#publicAddress(6)] : [])];
  }

  #publicAddress(family: 4 | 6): string {
    for (;;) {
      const address = publicAddress(
        family,
        family === 4 ? this.#publicAddresses[4]++ : ++this.#publicAddresses[6],
      );
      if (!this.#fabric.has(address)) return address;
    }
  }

  #moveTo(machine: Machine, addresses: readonly string[]): void {
    const own = addresses.map((text): OwnAddress => {
      const parsed = parseAddress(text);
      if (parsed === undefined) throw new SimError('invalid', 'Not an IP address', { value: text });
      return { ...parsed, prefixLength: parsed.family === 4 ? 24 : 64 };
    });
    for (const { address } of machine.addresses) this.#fabric.remove(address, machine);
    for (const { address } of own) this.#fabric.add(address, machine);
    machine.addresses = own;
    this.#names.set(
      machine.name,
      own.filter(({ zone }) => zone === undefined).map(({ address }) => address),
    );
  }

  /** A home network, with a NAT towards the internet if `options` name one. */
  addLan(options: LanOptions = {}): SimLan {
    const name = options.name ?? `lan${this.#lans.size + 1}`;
    const lan = new Lan(name, options);
    const gateway = createGateway(lan, options, {
      index: this.#indexes++,
      address: options.nat === undefined ? '' : (options.address ?? this.#publicAddress(4)),
      timeline: this.#timeline,
      random: this.randomFor(`lan ${name}`),
    });
    lan.gateway = gateway;
    if (gateway !== undefined) this.#fabric.add(gateway.address, gateway);
    const made = this.#controlOf(lan);
    this.#lans.set(made, lan);
    return made;
  }

  #controlOf(lan: Lan): SimLan {
    const { gateway } = lan;
    const fabric = this.#fabric;
    return {
      name: lan.name,
      get address() {
        return gateway?.address;
      },
      forward(protocol, port, to) {
        const { machine } = to.host;
        const address = machine.addresses.find(({ family }) => family === 4)?.address ?? '';
        gateway?.nat.forward(protocol, port, { machine, address, port: to.port });
      },
      unforward: (protocol, port) => gateway?.nat.forward(protocol, port, undefined),
      restartRouter(address) {
        gateway?.nat.forget();
        if (gateway === undefined || address === undefined) return;
        fabric.remove(gateway.address, gateway);
        fabric.add(address, gateway);
        gateway.address = address;
      },
      setLine: (options) => gateway?.line.set(options),
    };
  }

  /** Overrides, in both directions, what the lines of two hosts add up to. Undefined takes it back. */
  setLink(a: SimHost, b: SimHost, options: LinkOptions | undefined): void {
    this.#fabric.setLink(a.machine, b.machine, options);
  }

  /** Hosts in different groups cannot reach each other. Hosts in no group are not concerned. */
  partition(...groups: readonly (readonly SimHost[])[]): SimPartition {
    const sides = new Map<Machine, number>();
    for (const [side, group] of groups.entries()) for (const host of group) sides.set(host.machine, side);
    this.#fabric.addPartition(sides);
    return { heal: () => this.#fabric.removePartition(sides) };
  }

  /** A host or router on the internet has this address. */
  isTaken(address: string): boolean {
    return this.#fabric.has(address);
  }

  /** Gives a name to addresses, for everybody. Undefined takes it away. */
  setName(name: string, addresses: readonly string[] | undefined): void {
    this.#names.set(name, addresses);
  }

  /** Calls at a virtual time from now, for faults on a schedule. */
  after(delayMs: number, action: () => void): void {
    this.#timeline.after(delayMs, { isOff: false, happen: action });
  }

  /** Runs until `isDone` says true, asked after every event. Fails with `limit` or `stuck` when it cannot be. */
  run(isDone: () => boolean, options?: RunOptions): Promise<void> {
    return this.#timeline.run(isDone, options);
  }

  /** Lets this much time pass. */
  advance(durationMs: number): Promise<void> {
    return this.#timeline.advance(durationMs);
  }

  /** Runs until the promise is settled, and yields what it did. */
  settle<T>(promise: Promise<T>, options?: RunOptions): Promise<T> {
    return this.#timeline.settle(promise, options);
  }
}

export function createSimulation(options: SimulationOptions): Simulation {
  return new Simulation(options);
}
