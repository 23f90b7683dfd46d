// TCP of one incarnation of a machine: listening ports, dialling, and the connections that live. Once the machine
// has crashed nothing here calls back, and whatever waits goes on waiting.

import {
  type ConnectOptions,
  type Endpoint,
  type Listener,
  type ListenOptions,
  type Stream,
  type Streams,
  WorldError,
} from '@shoal/base';
import { connectRetriesMs, connectTimeoutMs, streamWindowBytes } from '../bounds.ts';
import { familyOf, isWildcard, loopbackOf, parseAddress } from './addresses.ts';
import { Route } from './fabric.ts';
import { Flow } from './flow.ts';
import { Gateway } from './lan.ts';
import { checkPort, FreePorts, type Machine } from './machine.ts';
import type { Net } from './net.ts';
import { SimStream } from './stream.ts';

/** A router says that nobody has an address once it has asked around for this long. */
const unreachableAfterMs = 3000;

const route = new Route();

interface Acceptor {
  readonly local: Endpoint;
  readonly accept: (stream: Stream) => void;
}

export class StreamPorts implements Streams {
  readonly machine: Machine;
  readonly windowBytes: number;
  readonly #net: Net;
  readonly #acceptors = new Map<number, Acceptor[]>();
  readonly #dialledPorts = new Set<number>();
  readonly #alive = new Set<SimStream>();
  readonly #dials = new Set<Dial>();
  readonly #free: FreePorts;

  constructor(machine: Machine, net: Net, windowBytes = streamWindowBytes) {
    this.machine = machine;
    this.windowBytes = windowBytes;
    this.#net = net;
    this.#free = new FreePorts(machine.random);
  }

  get isAlive(): boolean {
    return this.machine.streams === this;
  }

  async listen(options: ListenOptions, accept: (stream: Stream) => void): Promise<Listener> {
    if (!this.isAlive) return new Promise(() => {});
    const address = this.machine.bindable(options.address, options.port);
    const isTaken = (at: number) =>
      (this.#acceptors.get(at) ?? []).some(({ local }) => clash(local.address, address));
    const port =
      options.port === 0 ? this.#free.take((at) => isTaken(at) || this.#dialledPorts.has(at)) : options.port;
    if (isTaken(port))
      throw new WorldError('address-in-use', `Port ${port} of ${this.machine.name} is taken`, {
        value: `${address}:${port}`,
      });
    const local = this.machine.endpoint(address, port);
    const acceptor = { local, accept };
    this.#acceptors.set(port, [...(this.#acceptors.get(port) ?? []), acceptor]);
    return { local, close: async () => this.#stopAccepting(acceptor) };
  }

  #stopAccepting(acceptor: Acceptor): void {
    const { port } = acceptor.local;
    const left = (this.#acceptors.get(port) ?? []).filter((other) => other !== acceptor);
    if (left.length === 0) this.#acceptors.delete(port);
    else this.#acceptors.set(port, left);
  }

  findAcceptor(address: string, port: number): Acceptor | undefined {
    const acceptors = this.#acceptors.get(port) ?? [];
    return (
      acceptors.find(({ local }) => local.address === address) ??
      acceptors.find(
        ({ local }) => isWildcard(local.address) && familyOf(local.address) === familyOf(address),
      )
    );
  }

  async connect(to: Endpoint, options: ConnectOptions = {}): Promise<Stream> {
    if (!this.isAlive) return new Promise(() => {});
    const parsed = parseAddress(to.address);
    if (parsed === undefined) throw new WorldError('invalid', 'Not an IP address', { value: to.address });
    checkPort(to.port);
    if (to.port === 0)
      throw new WorldError('invalid', 'Nobody can be reached at port 0', { value: to.address });
    const what = `Cannot connect to ${to.address}:${to.port}`;
    const { signal } = options;
    if (signal?.aborted) throw new WorldError('aborted', `${what}: aborted`, { cause: signal.reason });
    const address = isWildcard(parsed.address) ? loopbackOf(parsed.family) : parsed.address;
    const from =
      options.from === undefined ? this.machine.sourceFor(address) : this.machine.bindable(options.from, 0);
    if (from === undefined || familyOf(from) !== parsed.family)
      throw new WorldError('unreachable', `${what}: no address of that family`, { value: to.address });
    const port = this.#free.take((at) => this.#dialledPorts.has(at) || this.#acceptors.has(at));
    this.#dialledPorts.add(port);
    return new Promise((resolve, reject) => {
      const dial = new Dial(this.#net, this, {
        local: this.machine.endpoint(from, port),
        to: { address, port: to.port },
        remote: to,
        settled: (outcome) => {
          signal?.removeEventListener('abort', onAbort);
          this.#dials.delete(dial);
          if (outcome instanceof SimStream) return resolve(outcome);
          this.#dialledPorts.delete(port);
          reject(outcome);
        },
      });
      const onAbort = (): void =>
        dial.giveUp(new WorldError('aborted', `${what}: aborted`, { cause: signal?.reason }));
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#dials.add(dial);
      dial.begin();
    });
  }

  /** A stream end on this machine. */
  open(local: Endpoint, remote: Endpoint): SimStream {
    const stream = new SimStream(this.#net, local, remote, (gone) => {
      this.#alive.delete(gone);
      this.#dialledPorts.delete(gone.local.port);
    });
    this.#alive.add(stream);
    return stream;
  }

  closeAll(): void {
    this.#acceptors.clear();
    for (const dial of [...this.#dials]) dial.giveUp(new WorldError('aborted', 'The world was closed'));
    for (const stream of [...this.#alive]) stream.destroy();
  }

  /** Without a word to anybody. The machine no longer points here. */
  vanish(): void {
    this.#acceptors.clear();
    for (const stream of [...this.#alive]) stream.vanish();
  }

  /** As `vanish`, but the system that lives on says goodbye to the other sides. */
  abandon(): void {
    this.#acceptors.clear();
    for (const stream of [...this.#alive]) stream.abandon();
  }
}

function clash(a: string, b: string): boolean {
  return familyOf(a) === familyOf(b) && (a === b || isWildcard(a) || isWildcard(b));
}

/** An attempt to connect: a SYN that is sent again while nothing answers. */
class Dial {
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
