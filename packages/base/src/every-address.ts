// Datagrams whose sockets for all addresses answer from the one that was asked. Where a machine has several, the system
// sends from the one that its routes choose, and who asked another of them does not know that one. So each address has a
// socket of its own beside the one for all, which the system prefers for what comes in; interfaces are followed.

import { ipScope } from './ip-scope.ts';
import type { Endpoint } from './world/address.ts';
import type { Clock, Timer } from './world/clock.ts';
import type { DatagramHandlers, DatagramOptions, DatagramSocket, Datagrams } from './world/datagrams.ts';
import { WorldError } from './world/errors.ts';
import type { Interfaces } from './world/network.ts';

export interface EveryAddressParts {
  readonly clock: Clock;
  readonly datagrams: Datagrams;
  readonly interfaces: Interfaces;
}

/** On more a machine has no business being reached at each of them. */
const mostOwnAddresses = 64;
/** A listing costs some 50 µs; whoever changes networks waits longer for other things. */
const lookEveryMs = 5_000;
/** A port that was free for a moment may be taken in the next: then the system names another one. */
const portsTried = 5;

/** What is sent within `message` goes out from where that came in; everything else, as the routes say. */
export function atEveryAddress(parts: EveryAddressParts): Datagrams {
  const { datagrams } = parts;
  return {
    async bind(options, handlers) {
      if (options.address !== '0.0.0.0' && options.address !== '::') return datagrams.bind(options, handlers);
      const own = new OwnSockets(parts, options, handlers);
      await own.open();
      return own;
    },
  };
}

class OwnSockets implements DatagramSocket {
  local: Endpoint;
  readonly #parts: EveryAddressParts;
  readonly #options: DatagramOptions;
  readonly #handlers: DatagramHandlers;
  readonly #sockets = new Map<string, DatagramSocket>();
  #forAll: DatagramSocket | undefined;
  /** The one whose datagram is being handled, and where that came from. */
  #asked: DatagramSocket | undefined;
  #asker: Endpoint | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(parts: EveryAddressParts, options: DatagramOptions, handlers: DatagramHandlers) {
    this.#parts = parts;
    this.#options = options;
    this.#handlers = handlers;
    this.local = options;
  }

  async open(): Promise<void> {
    const { address } = this.#options;
    this.#forAll = await this.#bindShared();
    this.local = this.#forAll.local;
    // A bound world gives an address in the place of the wildcard.
    if (this.local.address !== address) return;
    await this.#follow();
    this.#schedule();
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    const isAnswer = to.port === this.#asker?.port && to.address === this.#asker.address;
    (isAnswer ? this.#asked : this.#forAll)?.send(bytes, to);
  }

  join(group: string, onInterface?: string): void {
    this.#forAll?.join(group, onInterface);
  }

  leave(group: string, onInterface?: string): void {
    this.#forAll?.leave(group, onInterface);
  }

  setMulticast(options: Parameters<DatagramSocket['setMulticast']>[0]): void {
    this.#forAll?.setMulticast(options);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    this.#forAll?.close();
  }

  /** Shared with ourselves alone: that nobody else has the port is tried before. */
  async #bindShared(): Promise<DatagramSocket> {
    const { datagrams } = this.#parts;
    const { address, port: asked, shared, balanced } = this.#options;
    const isOthers = shared === true || balanced === true;
    for (let tried = 1; ; tried++) {
      const port = isOthers ? asked : await this.#freePort(asked);
      try {
        const options = { ...this.#options, address, port, shared: true };
        const socket = await datagrams.bind(
          options,
          this.#handlersOf(() => socket),
        );
        return socket;
      } catch (error) {
        const isTaken = error instanceof WorldError && error.code === 'address-in-use';
        if (asked !== 0 || !isTaken || tried === portsTried) throw error;
      }
    }
  }

  async #freePort(port: number): Promise<number> {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const { address } = this.#options;
    const probe = await this.#parts.datagrams.bind(
      { address, port },
      { message() {}, close: () => resolve() },
    );
    probe.close();
    await closed;
    return probe.local.port;
  }

  /** Those of a single address end without a word: it is gone. */
  #handlersOf(socket: () => DatagramSocket, address?: string): DatagramHandlers {
    const handlers = this.#handlers;
    return {
      message: (bytes, from) => {
        this.#asked = socket();
        this.#asker = from;
        try {
          handlers.message(bytes, from);
        } finally {
          this.#asker = undefined;
        }
      },
      close: (error) => {
        if (address === undefined) {
          this.close();
          handlers.close(error);
        } else this.#sockets.delete(address);
      },
    };
  }

  #schedule(): void {
    this.#timer = this.#parts.clock.setTimer(lookEveryMs, () => {
      void this.#follow().finally(() => {
        if (!this.#isClosed) this.#schedule();
      });
    });
  }

  async #follow(): Promise<void> {
    const here = this.#ownAddresses();
    for (const [address, socket] of this.#sockets)
      if (!here.has(address)) {
        this.#sockets.delete(address);
        socket.close();
      }
    const { port } = this.local;
    // One that is just coming up, or has gone meanwhile, is tried again the next time.
    const binding = [...here].map(async (address) => {
      if (this.#sockets.has(address)) return;
      const options = { ...this.#options, address, port, shared: true };
      const handlers = this.#handlersOf(() => socket, address);
      const socket = await this.#parts.datagrams.bind(options, handlers);
      if (this.#isClosed) socket.close();
      else this.#sockets.set(address, socket);
    });
    await Promise.allSettled(binding);
  }

  /** None, where there is only one. */
  #ownAddresses(): Set<string> {
    const family = this.#options.address === '::' ? 6 : 4;
    const usable = this.#parts.interfaces
      .list()
      .filter(
        (one) =>
          one.family === family &&
          ipScope(one.address) !== 'link-local' &&
          one.address !== '127.0.0.1' &&
          one.address !== '::1',
      );
    const own = new Set(usable.map(({ address }) => address).slice(0, mostOwnAddresses));
    return own.size > 1 ? own : new Set();
  }
}
