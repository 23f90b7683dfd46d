// A small HTTP/1.1 server over the World's streams: for many short answers a second, and for the simulator.
// Bounded in connections, in bytes a connection holds, and in how long anybody is waited for.

import type { Clock, Stream, Timer } from '@shoal/base';
import { maxConnections, maxConnectionsPerAddress, sweepIntervalMs } from '../bounds.ts';
import { networkOf } from '../network.ts';
import { Connection, type Shop } from './connection.ts';
import { RequestHead } from './head.ts';
import { Outbox } from './outbox.ts';
import { type Route, Router } from './routes.ts';

export interface HttpServerOptions {
  readonly routes: readonly Route[];
  /** Behind a TLS listener. */
  readonly isEncrypted?: boolean;
  /** As many connections from one address as fit. */
  readonly unlimited?: boolean;
  readonly failed?: (error: unknown) => void;
}

export class HttpServer {
  /** Answers by status, since the start. */
  readonly answers = new Map<number, number>();
  refusedConnections = 0;
  readonly #clock: Clock;
  readonly #shop: Shop;
  readonly #isUnlimited: boolean;
  readonly #open = new Map<Connection, string>();
  readonly #byNetwork = new Map<string, number>();
  #isClosing = false;
  #sweeping: Timer | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(clock: Clock, options: HttpServerOptions) {
    this.#clock = clock;
    this.#isUnlimited = options.unlimited === true;
    let date = '';
    let dateUntilMs = 0;
    this.#shop = {
      clock,
      router: new Router(options.routes),
      outbox: new Outbox(),
      isEncrypted: options.isEncrypted === true,
      head: new RequestHead(),
      date: () => {
        const nowMs = clock.nowMs();
        if (nowMs >= dateUntilMs) {
          date = new Date(clock.wallTimeMs()).toUTCString();
          dateUntilMs = nowMs + 500;
        }
        return date;
      },
      failed: (error) => options.failed?.(error),
      answered: (status) => this.answers.set(status, (this.answers.get(status) ?? 0) + 1),
      closed: (connection) => this.#forget(connection),
    };
  }

  get connections(): number {
    return this.#open.size;
  }

  /** What a listener gives. */
  accept(stream: Stream): void {
    const network = networkOf(stream.remote.address);
    const ofNetwork = this.#byNetwork.get(network) ?? 0;
    const isTooMany = !this.#isUnlimited && ofNetwork >= maxConnectionsPerAddress;
    if (this.#isClosing || isTooMany || this.#open.size >= maxConnections) {
      this.refusedConnections++;
      stream.destroy();
      return;
    }
    this.#byNetwork.set(network, ofNetwork + 1);
    this.#open.set(new Connection(stream, this.#shop), network);
    this.#sweepLater();
  }

  /** Lets requests under way end, for as long as that may take, and resolves when all connections are closed. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    for (const connection of [...this.#open.keys()]) connection.close();
    if (this.#open.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#whenEmpty = resolve;
      const giveUp = this.#clock.setTimer(graceMs, () => {
        for (const connection of [...this.#open.keys()]) connection.stream.destroy();
        resolve();
      });
      await promise;
      giveUp.cancel();
    }
    this.#sweeping?.cancel();
  }

  #forget(connection: Connection): void {
    const network = this.#open.get(connection);
    if (network === undefined) return;
    this.#open.delete(connection);
    const left = (this.#byNetwork.get(network) ?? 1) - 1;
    if (left === 0) this.#byNetwork.delete(network);
    else this.#byNetwork.set(network, left);
    if (this.#open.size === 0) this.#whenEmpty?.();
  }

  /** One timer for all connections, and none while there are none. */
  #sweepLater(): void {
    this.#sweeping ??= this.#clock.setTimer(sweepIntervalMs, () => {
      this.#sweeping = undefined;
      const nowMs = this.#clock.nowMs();
      for (const connection of [...this.#open.keys()]) connection.sweep(nowMs);
      if (this.#open.size > 0) this.#sweepLater();
    });
  }
}
