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
import { streamWindowBytes } from '../bounds.ts';
import { familyOf, isWildcard, loopbackOf, parseAddress } from './addresses.ts';
import { Dial } from './dial.ts';
import { checkPort, FreePorts, type Machine } from './machine.ts';
import type { Net } from './net.ts';
import { SimStream } from './stream.ts';

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
