// UDP of one incarnation of a machine: bound ports, groups, and sending. Once the machine has crashed nothing here
// calls back, and whatever waits goes on waiting.

import {
  type DatagramHandlers,
  type DatagramOptions,
  type DatagramSocket,
  type Datagrams,
  type Endpoint,
  WorldError,
} from '@shoal/base';
import { longestDatagram } from '../bounds.ts';
import { familyOf, isLoopback, isMulticast, isWildcard, parseAddress } from './addresses.ts';
import { Route } from './fabric.ts';
import { outsideOf } from './lan.ts';
import { FreePorts, type Machine } from './machine.ts';
import type { Net } from './net.ts';

const route = new Route();

export class DatagramPorts implements Datagrams {
  readonly machine: Machine;
  readonly net: Net;
  readonly #sockets = new Map<number, SimDatagramSocket[]>();
  readonly #free: FreePorts;

  constructor(machine: Machine, net: Net) {
    this.machine = machine;
    this.net = net;
    this.#free = new FreePorts(machine.random);
  }

  get isAlive(): boolean {
    return this.machine.datagrams === this;
  }

  async bind(options: DatagramOptions, handlers: DatagramHandlers): Promise<DatagramSocket> {
    if (!this.isAlive) return new Promise(() => {});
    const address = isMulticast(options.address)
      ? options.address
      : this.machine.bindable(options.address, options.port);
    const isShared = options.shared === true || options.balanced === true;
    const isTaken = (at: number) =>
      (this.#sockets.get(at) ?? []).some(
        (other) => clash(other.local.address, address) && !(isShared && other.isShared),
      );
    const port = options.port === 0 ? this.#free.take(isTaken) : options.port;
    if (isTaken(port))
      throw new WorldError('address-in-use', `Datagram port ${port} of ${this.machine.name} is taken`, {
        value: `${address}:${port}`,
      });
    const socket = new SimDatagramSocket(this, this.machine.endpoint(address, port), handlers, isShared);
    const others = this.#sockets.get(port);
    if (others === undefined) this.#sockets.set(port, [socket]);
    else others.push(socket);
    return socket;
  }

  /** Whom a datagram to this address is for: the last one bound to it, before those bound to all addresses. */
  find(address: string, port: number): SimDatagramSocket | undefined {
    const sockets = this.#sockets.get(port);
    if (sockets === undefined) return undefined;
    if (sockets.length === 1 && sockets[0]?.local.address === address) return sockets[0];
    let best: SimDatagramSocket | undefined;
    for (const socket of sockets) {
      const bound = socket.local.address;
      if (bound === address) best = socket;
      else if (
        isWildcard(bound) &&
        (best === undefined || isWildcard(best.local.address)) &&
        familyOf(bound) === familyOf(address)
      )
        best = socket;
    }
    return best;
  }

  /** Everyone on this machine who listens to the group on that network. */
  members(group: string, onLoopback: boolean, port: number): SimDatagramSocket[] {
    const sockets = this.#sockets.get(port) ?? [];
    return sockets.filter(
      (socket) =>
        socket.isMember(group, onLoopback) &&
        (isWildcard(socket.local.address) || socket.local.address === group),
    );
  }

  remove(socket: SimDatagramSocket): void {
    const { port } = socket.local;
    const left = (this.#sockets.get(port) ?? []).filter((other) => other !== socket);
    if (left.length === 0) this.#sockets.delete(port);
    else this.#sockets.set(port, left);
  }

  closeAll(): void {
    for (const sockets of [...this.#sockets.values()]) for (const socket of sockets) socket.close();
  }
}

function clash(a: string, b: string): boolean {
  return familyOf(a) === familyOf(b) && (a === b || isWildcard(a) || isWildcard(b));
}

interface Membership {
  readonly group: string;
  readonly onLoopback: boolean;
}

export class SimDatagramSocket implements DatagramSocket {
  readonly local: Endpoint;
  readonly isShared: boolean;
  readonly #ports: DatagramPorts;
  readonly #handlers: DatagramHandlers;
  readonly #sources = new Map<string, Endpoint>();
  #memberships: Membership[] | undefined;
  #multicastOnLoopback: boolean | undefined;
  #multicastLoops = true;
  #multicastTtl = 1;
  #isClosed = false;

  constructor(ports: DatagramPorts, local: Endpoint, handlers: DatagramHandlers, isShared: boolean) {
    this.#ports = ports;
    this.local = local;
    this.#handlers = handlers;
    this.isShared = isShared;
  }

  receive(bytes: Uint8Array, from: Endpoint): void {
    if (!this.#isClosed) this.#handlers.message(bytes, from);
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    const ports = this.#ports;
    if (this.#isClosed || !ports.isAlive || bytes.length > longestDatagram || !(to.port > 0)) return;
    const { address } = to;
    if (familyOf(address) !== familyOf(this.local.address)) return;
    if (isMulticast(address)) {
      this.#multicast(bytes, to);
      return;
    }
    const { machine, net } = ports;
    const from = this.#sourceFor(address);
    if (from === undefined || !net.fabric.find(machine, from.address, address, route)) return;
    const seen = route.through === undefined ? from : outsideOf(route.through, machine, from, to);
    net.flights.send(bytes, route, machine, seen, to);
  }

  #sourceFor(to: string): Endpoint | undefined {
    if (!isWildcard(this.local.address)) return this.local;
    const address = this.#ports.machine.sourceFor(to);
    if (address === undefined) return undefined;
    let source = this.#sources.get(address);
    if (source === undefined) {
      source = this.#ports.machine.endpoint(address, this.local.port);
      this.#sources.set(address, source);
    }
    return source;
  }

  #multicast(bytes: Uint8Array, to: Endpoint): void {
    const { machine, net } = this.#ports;
    const onLoopback = this.#multicastOnLoopback ?? this.#defaultIsLoopback();
    const family = familyOf(to.address);
    const address = onLoopback ? (family === 4 ? '127.0.0.1' : '::1') : machine.sourceFor(to.address);
    if (address === undefined) return;
    const from = isWildcard(this.local.address) ? machine.endpoint(address, this.local.port) : this.local;
    const copy = bytes.slice();
    const deliver = (target: Machine): void => {
      for (const member of target.datagrams?.members(to.address, onLoopback, to.port) ?? []) {
        const shown = copy.slice();
        net.trace.add(net.timeline.nowMs, 'multicast', target, shown.length);
        member.receive(shown, from);
      }
    };
    if (this.#multicastLoops) {
      net.fabric.find(machine, address, address, route);
      net.timeline.after(route.latencyMs, { isOff: false, happen: () => deliver(machine) });
    }
    if (onLoopback || this.#multicastTtl === 0 || machine.lan === undefined) return;
    for (const neighbour of new Set(machine.lan.machines.values())) {
      const next = neighbour.sourceFor(to.address);
      if (neighbour === machine || next === undefined) continue;
      if (!net.fabric.find(machine, address, next, route) || machine.random.chance(route.loss)) continue;
      net.timeline.after(route.latencyMs, {
        isOff: false,
        happen: () => {
          if (neighbour.isUp && !net.fabric.isCut(machine, neighbour)) deliver(neighbour);
        },
      });
    }
  }

  #defaultIsLoopback(): boolean {
    const { address } = this.local;
    if (!isWildcard(address) && !isMulticast(address)) return isLoopback(address);
    return this.#ports.machine.sourceFor(familyOf(address) === 4 ? '239.0.0.0' : 'ff02::') === undefined;
  }

  isMember(group: string, onLoopback: boolean): boolean {
    return this.#memberships?.some((one) => one.group === group && one.onLoopback === onLoopback) ?? false;
  }

  join(group: string, onInterface?: string): void {
    const membership = this.#membership(group, onInterface);
    if (this.isMember(membership.group, membership.onLoopback))
      throw new WorldError('address-in-use', 'The group was joined already', { value: group });
    this.#memberships = [...(this.#memberships ?? []), membership];
  }

  leave(group: string, onInterface?: string): void {
    const { group: left, onLoopback } = this.#membership(group, onInterface);
    if (!this.isMember(left, onLoopback))
      throw new WorldError('address-unavailable', 'That group was not joined', { value: group });
    this.#memberships = this.#memberships?.filter(
      (one) => one.group !== left || one.onLoopback !== onLoopback,
    );
  }

  #membership(group: string, onInterface: string | undefined): Membership {
    if (this.#isClosed) throw new WorldError('closed', 'The socket is closed');
    const parsed = parseAddress(group);
    if (
      parsed === undefined ||
      !isMulticast(parsed.address) ||
      parsed.family !== familyOf(this.local.address)
    )
      throw new WorldError('invalid', 'Not a multicast group of this family', { value: group });
    return { group: parsed.address, onLoopback: this.#isLoopbackInterface(onInterface) };
  }

  #isLoopbackInterface(onInterface: string | undefined): boolean {
    if (onInterface === undefined) return this.#defaultIsLoopback();
    const { machine } = this.#ports;
    const zone = onInterface.slice(onInterface.indexOf('%') + 1);
    if (zone === 'lo' || isLoopback(zone)) return true;
    if (zone === 'eth0' || machine.owns(zone)) return false;
    throw new WorldError('address-unavailable', 'No such network', { value: onInterface });
  }

  setMulticast(options: { ttl?: number; loopback?: boolean; interface?: string }): void {
    if (options.interface !== undefined)
      this.#multicastOnLoopback = this.#isLoopbackInterface(options.interface);
    this.#multicastTtl = options.ttl ?? this.#multicastTtl;
    this.#multicastLoops = options.loopback ?? this.#multicastLoops;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const ports = this.#ports;
    ports.remove(this);
    ports.net.timeline.after(0, {
      isOff: false,
      happen: () => {
        if (ports.isAlive) this.#handlers.close();
      },
    });
  }
}
