// One multicast group on every network that this machine stands in: a socket that listens for each family, and one
// that sends for each interface, whose address is the sender's. Interfaces that come and go are followed.
// Invariant: nothing is sent to, and nothing is passed on from, an address outside the local network.

import {
  type Clock,
  type DatagramSocket,
  type Datagrams,
  type Endpoint,
  type Interfaces,
  type IpFamily,
  type NetworkInterface,
  type Timer,
  TokenBucket,
  WorldError,
} from '@shoal/base';
import {
  datagramsPerNeighbour,
  datagramsPerSecond,
  lookAtInterfacesEveryMs,
  maxLinks,
  maxNeighboursCounted,
} from './bounds.ts';
import { isLocal, shareNetwork } from './local-network.ts';

export interface LanParts {
  readonly clock: Clock;
  readonly datagrams: Datagrams;
  readonly interfaces: Interfaces;
}

export interface MulticastOptions {
  readonly groups: Readonly<Record<IpFamily, string>>;
  readonly port: number;
  /** The sender's port is the group's as well (mDNS). */
  readonly sendsFromPort: boolean;
  readonly ttl: number;
  /** Which interfaces to use. */
  readonly uses: (candidate: NetworkInterface) => boolean;
  /** `toGroup`: it was sent to all, not to us alone. `link` is where an answer goes out. */
  readonly received: (bytes: Uint8Array, from: Endpoint, link: Link, toGroup: boolean) => void;
  readonly linked: (links: readonly Link[]) => void;
}

/** One family on one interface. */
export interface Link {
  readonly key: string;
  readonly own: NetworkInterface;
  readonly socket: DatagramSocket;
}

const wildcards = { 4: '0.0.0.0', 6: '::' } as const;

export class Multicast {
  readonly #parts: LanParts;
  readonly #options: MulticastOptions;
  readonly #listeners = new Map<IpFamily, DatagramSocket>();
  readonly #links = new Map<string, Link>();
  readonly #all: TokenBucket;
  readonly #each = new Map<string, TokenBucket>();
  #interfaces: NetworkInterface[] = [];
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: LanParts, options: MulticastOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#all = new TokenBucket(parts.clock, { ratePerSecond: datagramsPerSecond, burstMs: 1000 });
    this.look();
  }

  get links(): readonly Link[] {
    return [...this.#links.values()];
  }

  isLocal(endpoint: Pick<Endpoint, 'address'>): boolean {
    return isLocal(endpoint, this.#interfaces);
  }

  /** To everybody on the links. */
  send(bytes: Uint8Array, links: Iterable<Link> = this.#links.values()): void {
    const { groups, port } = this.#options;
    for (const { own, socket } of links)
      socket.send(bytes, { address: groups[own.family], port, ...zoneOf(own) });
  }

  /** To one neighbour; to nobody when it is none. */
  answer(bytes: Uint8Array, to: Endpoint, link: Link): void {
    if (this.isLocal(to)) link.socket.send(bytes, to);
  }

  /** Looks at the interfaces now; it does so by itself now and then. */
  look(): void {
    if (this.#isClosed || this.#looking !== undefined) return;
    this.#timer?.cancel();
    this.#looking = this.#follow().finally(() => {
      this.#looking = undefined;
      if (!this.#isClosed)
        this.#timer = this.#parts.clock.setTimer(lookAtInterfacesEveryMs, () => this.look());
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#looking;
    for (const { socket } of this.#links.values()) socket.close();
    for (const socket of this.#listeners.values()) socket.close();
    this.#links.clear();
  }

  async #follow(): Promise<void> {
    this.#interfaces = this.#parts.interfaces.list().filter(this.#options.uses);
    const wanted = wantedLinks(this.#interfaces);
    for (const [key, link] of this.#links) {
      if (wanted.has(key)) continue;
      this.#links.delete(key);
      this.#leave(link);
    }
    const fresh: Link[] = [];
    for (const [key, own] of wanted) {
      if (this.#links.has(key) || this.#isClosed) continue;
      const link = await this.#open(key, own);
      if (link !== undefined) fresh.push(link);
    }
    if (fresh.length > 0 && !this.#isClosed) this.#options.linked(fresh);
  }

  /** Undefined where the system has no multicast, or the address is not ready yet; it is tried again. */
  async #open(key: string, own: NetworkInterface): Promise<Link | undefined> {
    const { groups, port, ttl, sendsFromPort } = this.#options;
    const { family } = own;
    try {
      const listener = this.#listeners.get(family) ?? (await this.#listen(family));
      const address = own.zone === undefined ? own.address : `${own.address}%${own.zone}`;
      const socket = await this.#parts.datagrams.bind(
        { address, port: sendsFromPort ? port : 0, shared: sendsFromPort },
        {
          message: (bytes, from) => this.#take(bytes, from, family, false),
          close: () => this.#links.delete(key),
        },
      );
      const link = { key, own, socket };
      if (this.#isClosed) {
        socket.close();
        return undefined;
      }
      this.#links.set(key, link);
      socket.setMulticast({ ttl, loopback: true, interface: placeOf(own) });
      join(listener, groups[family], placeOf(own));
      return link;
    } catch {
      this.#links.get(key)?.socket.close();
      this.#links.delete(key);
      return undefined;
    }
  }

  async #listen(family: IpFamily): Promise<DatagramSocket> {
    const socket = await this.#parts.datagrams.bind(
      { address: wildcards[family], port: this.#options.port, shared: true },
      {
        message: (bytes, from) => this.#take(bytes, from, family, true),
        close: () => this.#listeners.delete(family),
      },
    );
    if (this.#isClosed) socket.close();
    this.#listeners.set(family, socket);
    return socket;
  }

  #leave({ own, socket }: Link): void {
    try {
      this.#listeners.get(own.family)?.leave(this.#options.groups[own.family], placeOf(own));
    } catch {
      // The interface is gone, and with it the membership.
    }
    socket.close();
  }

  #take(bytes: Uint8Array, from: Endpoint, family: IpFamily, toGroup: boolean): void {
    if (this.#isClosed || !this.isLocal(from) || !this.#all.take(1)) return;
    let each = this.#each.get(from.address);
    if (each === undefined) {
      if (this.#each.size >= maxNeighboursCounted) this.#each.clear();
      each = new TokenBucket(this.#parts.clock, { ratePerSecond: datagramsPerNeighbour, burstMs: 2000 });
      this.#each.set(from.address, each);
    }
    if (!each.take(1)) return;
    const link = this.#linkTo(from, family);
    if (link !== undefined) this.#options.received(bytes, from, link, toGroup);
  }

  /** The link whose network the sender shares; any of its family where that cannot be said. */
  #linkTo(from: Endpoint, family: IpFamily): Link | undefined {
    const candidates = this.links.filter(({ own }) => own.family === family);
    if (from.zone !== undefined) return candidates.find(({ own }) => own.zone === from.zone);
    return candidates.find(({ own }) => shareNetwork(from.address, own)) ?? candidates[0];
  }
}

/** One link for each family on each interface, link-local IPv6 before any other. */
function wantedLinks(interfaces: readonly NetworkInterface[]): Map<string, NetworkInterface> {
  const byPlace = new Map<string, NetworkInterface>();
  const sorted = [...interfaces].sort((a, b) => rank(a) - rank(b) || (a.address < b.address ? -1 : 1));
  for (const own of sorted) {
    const place = `${own.name} ${own.family}`;
    if (!byPlace.has(place) && byPlace.size < maxLinks) byPlace.set(place, own);
  }
  return new Map([...byPlace.values()].map((own) => [`${own.name} ${own.address}`, own]));
}

function rank({ zone }: NetworkInterface): number {
  return zone === undefined ? 1 : 0;
}

/** How multicast names an interface: by its address for IPv4, by its zone for IPv6. */
function placeOf({ family, address, zone, name }: NetworkInterface): string {
  return family === 4 ? address : (zone ?? name);
}

function zoneOf({ family, zone, name }: NetworkInterface): { zone?: string } {
  return family === 4 ? {} : { zone: zone ?? name };
}

function join(socket: DatagramSocket, group: string, place: string): void {
  try {
    socket.join(group, place);
  } catch (error) {
    // Still a member from an address that the interface had before.
    if (!(error instanceof WorldError && error.code === 'address-in-use')) throw error;
  }
}
