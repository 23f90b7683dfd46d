// A network of production DHT nodes that came about as real ones do: each joined over some random nodes that were
// there, a fifth more at a time. Invariant: `honest` are those that run, obey the protocol and have joined.

import { createDht, type Dht } from '@shoal/dht';
import type { SeededRandom, SimHost, Simulation } from '@shoal/sim';
import { Internet } from '../internet.ts';
import { Conspiracy } from './hostile.ts';

const port = 6881;
/** The first ones are honest, or there would be nobody to join. */
const founders = 20;
const growth = 0.2;

export interface DhtNode {
  readonly host: SimHost;
  readonly dht: Dht;
  /** Resolves when it vanishes: what it was doing is never done then. */
  readonly vanished: Promise<void>;
}

interface Member extends DhtNode {
  readonly vanish: () => void;
}

export interface DhtNetworkOptions {
  readonly hostileShare: number;
  /** Nodes over which each joins, hostile or not. */
  readonly waysIn: number;
}

export class DhtNetwork {
  readonly simulation: Simulation;
  readonly #honest: Member[] = [];
  readonly #all: Member[] = [];
  readonly #internet: Internet;
  readonly #random: SeededRandom;
  readonly #conspiracy: Conspiracy;
  readonly #options: DhtNetworkOptions;

  constructor(simulation: Simulation, options: DhtNetworkOptions) {
    this.simulation = simulation;
    this.#internet = new Internet(simulation);
    this.#random = simulation.randomFor('the network');
    this.#conspiracy = new Conspiracy(simulation.randomFor('the conspiracy'));
    this.#options = options;
  }

  get honest(): readonly DhtNode[] {
    return this.#honest;
  }

  /** Nodes that run, hostile ones too. */
  get size(): number {
    return this.#all.length;
  }

  async grow(count: number, onSize: (size: number) => void): Promise<void> {
    while (this.size < count) {
      const wave = Math.min(count - this.size, Math.max(founders, Math.floor(this.size * growth)));
      if (this.size === 0) await this.simulation.settle(this.#start(this.#internet.addHost(), []));
      const joined = Array.from({ length: wave }, () => this.#join(this.#internet.addHost()));
      await this.simulation.settle(Promise.all(joined));
      onSize(this.size);
    }
  }

  /** A random one of them. */
  pick(): DhtNode {
    return pickFrom(this.#honest, this.#random);
  }

  /** So many of those that run vanish at once, without a word. */
  kill(count: number): void {
    for (let i = 0; i < count; i++) {
      const node = pickFrom(this.#all, this.#random);
      this.#forget(node);
      node.host.crash();
    }
  }

  /** One that runs vanishes, and somebody who was never there before joins in its place. */
  async replaceOne(): Promise<void> {
    const node = pickFrom(this.#all, this.#random);
    this.#forget(node);
    this.#internet.replace(node.host);
    await this.#join(node.host);
  }

  async #join(host: SimHost): Promise<void> {
    const entrances = Array.from({ length: this.#options.waysIn }, () => pickFrom(this.#all, this.#random));
    await this.#start(host, entrances);
  }

  async #start(host: SimHost, entrances: readonly DhtNode[]): Promise<void> {
    const { world } = host;
    const isHostile = this.size >= founders && this.#random.fraction() < this.#options.hostileShare;
    const enemy = isHostile ? this.#conspiracy.recruit(world.datagrams) : undefined;
    const at = { address: host.address, port };
    const bootstrap = entrances.map((entrance) => ({ address: entrance.host.address, port }));
    const dht = await createDht({
      ...world,
      datagrams: enemy?.datagrams ?? world.datagrams,
      bind: [at],
      bootstrap,
    });
    const [family] = dht.stats().families;
    if (family !== undefined) enemy?.join(family.id, at);
    const { promise: vanished, resolve: vanish } = Promise.withResolvers<void>();
    const node = { host, dht, vanished, vanish };
    this.#all.push(node);
    await dht.ready;
    if (!isHostile) this.#honest.push(node);
  }

  #forget(node: Member): void {
    node.vanish();
    remove(this.#all, node);
    remove(this.#honest, node);
  }
}

/** The last one takes its place. */
function remove(nodes: Member[], node: Member): void {
  const at = nodes.indexOf(node);
  const last = nodes.at(-1);
  if (at === -1 || last === undefined) return;
  nodes[at] = last;
  nodes.pop();
}

function pickFrom<T>(nodes: readonly T[], random: SeededRandom): T {
  const node = nodes[random.below(nodes.length)];
  if (node === undefined) throw new RangeError('there is nobody to pick');
  return node;
}
