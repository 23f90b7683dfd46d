// Which way packets go: from a machine and an address to a machine or a router, over which lines, how far and how
// badly. Partitions and links between two machines override what their lines say.

import { loopbackLatencyMs } from '../bounds.ts';
import { SimError } from '../errors.ts';
import { familyOf, isLoopback } from './addresses.ts';
import { Gateway, type Lan } from './lan.ts';
import { checkLine, type Lane, type Line } from './line.ts';
import type { Machine } from './machine.ts';

/**
 * Between two machines, in both directions. What is given here holds instead of what their lines add up to. It does
 * not hold for packets that are sent to a router in front of one of them.
 */
export interface LinkOptions {
  readonly latencyMs?: number;
  readonly jitterMs?: number;
  readonly loss?: number;
  readonly reorder?: number;
  readonly reorderMs?: number;
  readonly duplicate?: number;
}

/** Filled anew for each packet, so that a packet costs no object. */
export class Route {
  to: Machine | Gateway | undefined;
  /** The router whose NAT the packet passes on its way out. */
  through: Gateway | undefined;
  up: Lane | undefined;
  down: Lane | undefined;
  queueMs = 0;
  latencyMs = 0;
  jitterMs = 0;
  loss = 0;
  reorder = 0;
  reorderMs = 0;
  duplicate = 0;
}

export type Partition = ReadonlyMap<Machine, number>;

export class Fabric {
  readonly #public = new Map<string, Machine | Gateway>();
  readonly #partitions = new Set<Partition>();
  readonly #links = new Map<string, LinkOptions>();

  add(address: string, owner: Machine | Gateway): void {
    const place = this.#placeOf(owner);
    if (place.has(address))
      throw new SimError('invalid', `${address} belongs to ${place.get(address)?.name} already`, {
        value: address,
      });
    if (owner instanceof Gateway) this.#public.set(address, owner);
    else if (owner.lan === undefined) this.#public.set(address, owner);
    else owner.lan.machines.set(address, owner);
  }

  remove(address: string, owner: Machine | Gateway): void {
    const place = this.#placeOf(owner);
    if (place.get(address) === owner) place.delete(address);
  }

  has(address: string): boolean {
    return this.#public.has(address);
  }

  #placeOf(owner: Machine | Gateway): Map<string, Machine | Gateway> | Map<string, Machine> {
    return owner instanceof Gateway || owner.lan === undefined ? this.#public : owner.lan.machines;
  }

  setLink(a: Machine, b: Machine, options: LinkOptions | undefined): void {
    checkLine(options ?? {});
    const key = linkKey(a, b);
    if (options === undefined) this.#links.delete(key);
    else this.#links.set(key, { ...this.#links.get(key), ...options });
  }

  addPartition(partition: Partition): void {
    this.#partitions.add(partition);
  }

  removePartition(partition: Partition): void {
    this.#partitions.delete(partition);
  }

  /** A partition stands between the two. */
  isCut(a: Machine, b: Machine): boolean {
    if (this.#partitions.size === 0) return false;
    for (const partition of this.#partitions) {
      const sideOfA = partition.get(a);
      const sideOfB = partition.get(b);
      if (sideOfA !== undefined && sideOfB !== undefined && sideOfA !== sideOfB) return true;
    }
    return false;
  }

  /** False where no way leads to the address. */
  find(from: Machine, fromAddress: string, toAddress: string, route: Route): boolean {
    route.through = undefined;
    if (isLoopback(toAddress)) return loop(from, route);
    if (isLoopback(fromAddress)) return false;
    const { lan } = from;
    if (lan === undefined) {
      const to = this.#public.get(toAddress);
      if (to === undefined) return false;
      if (to === from) return loop(from, route);
      route.to = to;
      route.up = from.line.up;
      join(from.line, to.line, route);
      if (this.#links.size > 0 && !(to instanceof Gateway)) this.#override(from, to, route);
      return true;
    }
    const neighbour = lan.machines.get(toAddress);
    if (neighbour === from) return loop(from, route);
    if (neighbour !== undefined) {
      route.to = neighbour;
      route.up = from.line.up;
      join(from.line, neighbour.line, route);
      if (this.#links.size > 0) this.#override(from, neighbour, route);
      return true;
    }
    return this.#findOutside(from, lan, toAddress, route);
  }

  #findOutside(from: Machine, lan: Lan, toAddress: string, route: Route): boolean {
    const { gateway } = lan;
    const to = this.#public.get(toAddress);
    // The router translates IPv4 alone.
    if (gateway === undefined || to === undefined || familyOf(toAddress) === 6) return false;
    if (to === gateway && !gateway.nat.hairpin) return false;
    route.to = to;
    route.through = gateway;
    route.up = slower(from.line.up, gateway.line.up);
    if (to === gateway) {
      join(from.line, from.line, route);
      return true;
    }
    join(gateway.line, to.line, route);
    route.latencyMs += from.line.latencyMs;
    if (this.#links.size > 0 && !(to instanceof Gateway)) this.#override(from, to, route);
    return true;
  }

  #override(a: Machine, b: Machine, route: Route): void {
    const link = this.#links.get(linkKey(a, b));
    if (link === undefined) return;
    route.latencyMs = link.latencyMs ?? route.latencyMs;
    route.jitterMs = link.jitterMs ?? route.jitterMs;
    route.loss = link.loss ?? route.loss;
    route.reorder = link.reorder ?? route.reorder;
    route.reorderMs = link.reorderMs ?? (route.reorderMs || route.latencyMs * 2);
    route.duplicate = link.duplicate ?? route.duplicate;
  }
}

function linkKey(a: Machine, b: Machine): string {
  return a.index < b.index ? `${a.index}-${b.index}` : `${b.index}-${a.index}`;
}

function loop(machine: Machine, route: Route): true {
  route.to = machine;
  route.up = undefined;
  route.down = undefined;
  route.latencyMs = loopbackLatencyMs;
  route.jitterMs = 0;
  route.loss = 0;
  route.reorder = 0;
  route.duplicate = 0;
  return true;
}

function join(a: Line, b: Line, route: Route): void {
  route.down = b.down;
  route.queueMs = a.queueMs < b.queueMs ? a.queueMs : b.queueMs;
  route.latencyMs = a.latencyMs + b.latencyMs;
  route.jitterMs = a.jitterMs + b.jitterMs;
  route.loss = a.loss + b.loss - a.loss * b.loss;
  route.reorder = a.reorder + b.reorder - a.reorder * b.reorder;
  route.reorderMs = a.reorderMs > b.reorderMs ? a.reorderMs : b.reorderMs;
  route.duplicate = a.duplicate + b.duplicate - a.duplicate * b.duplicate;
}

function slower(a: Lane, b: Lane): Lane {
  return a.bytesPerSecond < b.bytesPerSecond ? a : b;
}
