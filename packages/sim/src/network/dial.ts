// An attempt to connect: a SYN that is sent again while nothing answers, and the connection that comes of it.

import { type Endpoint, WorldError } from '@shoal/base';
import { connectRetriesMs, connectTimeoutMs } from '../bounds.ts';
import { Route } from './fabric.ts';
import { Flow } from './flow.ts';
import { Gateway } from './lan.ts';
import type { Machine } from './machine.ts';
import type { Net } from './net.ts';
import type { SimStream } from './stream.ts';
import type { StreamPorts } from './streams.ts';

/** A router says that nobody has an address once it has asked around for this long. */
const unreachableAfterMs = 3000;

const route = new Route();

export class Dial {
  readonly #net: Net;
  readonly #ports: StreamPorts;
  readonly #local: Endpoint;
  readonly #to: Endpoint;
  readonly #remote: Endpoint;
  readonly #settled: (outcome: SimStream | WorldError) => void;
  #isOver = false;
  #wasAnswered = false;
  #near: SimStream | undefined;

  constructor(
    net: Net,
    ports: StreamPorts,
    options: {
      local: Endpoint;
      to: Endpoint;
      remote: Endpoint;
      settled: (outcome: SimStream | WorldError) => void;
    },
  ) {
    this.#net = net;
    this.#ports = ports;
    this.#local = options.local;
    this.#to = options.to;
    this.#remote = options.remote;
    this.#settled = options.settled;
  }

  begin(): void {
    this.#knockAgain(0, 0);
  }

  #knockAgain(tries: number, sinceMs: number): void {
    const nextMs = tries === 0 ? 0 : (connectRetriesMs[tries - 1] ?? connectTimeoutMs);
    this.#after(nextMs - sinceMs, () => {
      if (tries > connectRetriesMs.length) return this.#fail('timeout', 'no answer');
      this.#knock();
      this.#knockAgain(tries + 1, nextMs);
    });
  }

  giveUp(error: WorldError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#near?.vanish();
    this.#settled(error);
  }

  #fail(code: 'timeout' | 'refused' | 'unreachable' | 'reset', reason: string): void {
    const { address, port } = this.#remote;
    this.giveUp(
      new WorldError(code, `Cannot connect to ${address}:${port}: ${reason}`, {
        value: `${address}:${port}`,
      }),
    );
  }

  #after(delayMs: number, action: () => void): void {
    const isDone = () => this.#isOver || !this.#ports.isAlive;
    this.#net.timeline.after(delayMs, {
      get isOff() {
        return isDone();
      },
      happen: () => {
        if (!isDone()) action();
      },
    });
  }

  #knock(): void {
    if (this.#wasAnswered) return;
    const { machine } = this.#ports;
    if (!this.#net.fabric.find(machine, this.#local.address, this.#to.address, route)) {
      this.#after(unreachableAfterMs, () => this.#fail('unreachable', 'nobody has that address'));
      return;
    }
    const { to, through, latencyMs } = route;
    if (to === undefined || machine.random.chance(route.loss)) return;
    if (!(to instanceof Gateway)) {
      this.#after(latencyMs, () => this.#reach(to, this.#to, latencyMs, through));
      return;
    }
    const inside = to.nat.forwarded('tcp', this.#to.port);
    if (inside === undefined) return;
    const fullMs = latencyMs + inside.machine.line.latencyMs;
    this.#after(fullMs, () => this.#reach(inside.machine, inside, fullMs, through));
  }

  #reach(target: Machine, at: Endpoint, latencyMs: number, through: Gateway | undefined): void {
    const { machine } = this.#ports;
    if (this.#wasAnswered || !target.isUp || this.#net.fabric.isCut(machine, target)) return;
    this.#wasAnswered = true;
    const ports = target.streams;
    const acceptor = ports?.findAcceptor(at.address, at.port);
    if (ports === undefined || acceptor === undefined) {
      this.#after(latencyMs, () => this.#fail('refused', 'nobody listens there'));
      return;
    }
    const { timeline, trace } = this.#net;
    trace.add(timeline.nowMs, 'connect', target, at.port);
    const seen = through === undefined ? this.#local : through.nat.outboundStream(through.address);
    const [near, far] = this.#join(ports, at, seen);
    this.#near = near;
    this.#after(latencyMs, () => {
      this.#isOver = true;
      this.#settled(near);
    });
    timeline.after(2 * latencyMs, {
      isOff: false,
      happen: () => {
        if (!ports.isAlive || far.hasVanished) return;
        // The dialler gave up meanwhile, or nobody accepts any more.
        if (near.hasVanished) far.vanish();
        else if (ports.findAcceptor(at.address, at.port) === acceptor) acceptor.accept(far);
        else {
          far.vanish();
          near.fail('reset', 'The other side stopped listening');
        }
      },
    });
  }

  /** Both ends of the connection, with a flow in each direction. */
  #join(ports: StreamPorts, at: Endpoint, seen: Endpoint): [SimStream, SimStream] {
    const from = this.#ports.machine;
    const to = ports.machine;
    const near = this.#ports.open(this.#local, this.#remote);
    const far = ports.open(to.endpoint(at.address, at.port), seen);
    const there = new Flow(
      this.#net,
      {
        from,
        fromAddress: this.#local.address,
        to,
        toAddress: this.#to.address,
        extraLatencyMs: extra(to, this.#to.address),
      },
      { source: near, target: far, windowBytes: ports.windowBytes },
    );
    const back = new Flow(
      this.#net,
      {
        from: to,
        fromAddress: at.address,
        to: from,
        toAddress: seen.address,
        extraLatencyMs: extra(from, seen.address),
      },
      { source: far, target: near, windowBytes: this.#ports.windowBytes },
    );
    near.attach(there, back);
    far.attach(back, there);
    return [near, far];
  }
}

/** The way from a router to the machine behind it, for those who see only the router. */
function extra(to: Machine, address: string): number {
  return to.owns(address) ? 0 : to.line.latencyMs;
}
