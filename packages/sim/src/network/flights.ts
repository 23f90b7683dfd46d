// Datagrams on their way. They are reused, and what a receiver was shown is overwritten right after, so that
// keeping `bytes` beyond the call shows at once.

import type { Endpoint } from '@shoal/base';
import type { Happening } from '../queue.ts';
import type { Timeline } from '../timeline.ts';
import type { Trace } from '../trace.ts';
import type { Fabric, Route } from './fabric.ts';
import { Gateway } from './lan.ts';
import type { Lane } from './line.ts';
import type { Machine } from './machine.ts';

const poison = 0xdd;
const storeLength = 2048;
const mostIdle = 4096;

export class FlightPool {
  readonly timeline: Timeline;
  readonly trace: Trace;
  readonly fabric: Fabric;
  readonly #idle: Flight[] = [];

  constructor(parts: { timeline: Timeline; trace: Trace; fabric: Fabric }) {
    this.timeline = parts.timeline;
    this.trace = parts.trace;
    this.fabric = parts.fabric;
  }

  /** Sends a copy of `bytes` along the route: once, twice or not at all. */
  send(bytes: Uint8Array, route: Route, by: Machine, from: Endpoint, to: Endpoint): void {
    const { random } = by;
    const { up } = route;
    let departMs = this.timeline.nowMs;
    if (up !== undefined && !up.isUnlimited) {
      if (up.waitMs > route.queueMs) return;
      departMs = up.pass(bytes.length);
    }
    if (random.chance(route.loss)) return;
    const copies = random.chance(route.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      let arriveMs = departMs + route.latencyMs;
      if (route.jitterMs > 0) arriveMs += random.fraction() * route.jitterMs;
      if (random.chance(route.reorder)) arriveMs += random.fraction() * route.reorderMs;
      const flight = this.#idle.pop() ?? new Flight(this);
      flight.load(bytes);
      flight.by = by;
      flight.to = route.to;
      flight.down = route.down;
      flight.queueMs = route.queueMs;
      flight.from = from;
      flight.address = to.address;
      flight.port = to.port;
      this.timeline.at(arriveMs, flight);
    }
  }

  give(flight: Flight): void {
    if (this.#idle.length < mostIdle) this.#idle.push(flight);
  }
}

export class Flight implements Happening {
  readonly isOff = false;
  by: Machine | undefined;
  to: Machine | Gateway | undefined;
  down: Lane | undefined;
  queueMs = 0;
  from: Endpoint = { address: '', port: 0 };
  address = '';
  port = 0;
  readonly #pool: FlightPool;
  #store = new Uint8Array(storeLength);
  #bytes = this.#store.subarray(0, 0);

  constructor(pool: FlightPool) {
    this.#pool = pool;
  }

  load(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length > this.#store.length) this.#store = new Uint8Array(length);
    if (this.#bytes.length !== length || this.#bytes.buffer !== this.#store.buffer)
      this.#bytes = this.#store.subarray(0, length);
    this.#bytes.set(bytes);
  }

  happen(): void {
    const { timeline } = this.#pool;
    const { down } = this;
    if (down !== undefined && !down.isUnlimited) {
      this.down = undefined;
      if (down.waitMs > this.queueMs) this.#land();
      else timeline.at(down.pass(this.#bytes.length), this);
      return;
    }
    if (this.to instanceof Gateway) {
      const inside = this.to.nat.inbound(this.port, this.from);
      if (inside === undefined) {
        this.#land();
        return;
      }
      this.to = inside.machine;
      this.address = inside.address;
      this.port = inside.port;
      timeline.after(inside.machine.line.latencyMs, this);
      return;
    }
    try {
      this.#deliver(this.to);
    } finally {
      this.#land();
    }
  }

  #deliver(to: Machine | undefined): void {
    const { trace, timeline, fabric } = this.#pool;
    const { by, from } = this;
    if (to === undefined || by === undefined || !to.isUp || fabric.isCut(by, to)) return;
    const socket = to.datagrams?.find(this.address, this.port);
    if (socket === undefined) return;
    trace.add(timeline.nowMs, 'datagram', to, this.#bytes.length);
    trace.bytes(this.#bytes);
    socket.receive(this.#bytes, from);
    this.#bytes.fill(poison);
  }

  #land(): void {
    this.by = undefined;
    this.to = undefined;
    if (this.#store.length > storeLength) {
      this.#store = new Uint8Array(storeLength);
      this.#bytes = this.#store.subarray(0, 0);
    }
    this.#pool.give(this);
  }
}
