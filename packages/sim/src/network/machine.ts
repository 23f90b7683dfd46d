// A host as the network sees it: addresses, a line, and ports that are gone after a crash.

import { type Endpoint, WorldError } from '@shoal/base';
import { firstFreePort, lastPort } from '../bounds.ts';
import type { SeededRandom } from '../random.ts';
import {
  familyOf,
  isLoopback,
  isWildcard,
  loopbackOf,
  type ParsedAddress,
  parseAddress,
} from './addresses.ts';
import type { DatagramPorts } from './datagrams.ts';
import type { Lan } from './lan.ts';
import type { Line } from './line.ts';
import type { StreamPorts } from './streams.ts';

export interface OwnAddress extends ParsedAddress {
  readonly prefixLength: number;
}

export class Machine {
  readonly index: number;
  readonly name: string;
  readonly line: Line;
  readonly lan: Lan | undefined;
  readonly random: SeededRandom;
  addresses: readonly OwnAddress[] = [];
  isUp = true;
  /** Those of the present incarnation. */
  datagrams: DatagramPorts | undefined;
  streams: StreamPorts | undefined;

  constructor(options: {
    index: number;
    name: string;
    line: Line;
    lan: Lan | undefined;
    random: SeededRandom;
  }) {
    this.index = options.index;
    this.name = options.name;
    this.line = options.line;
    this.lan = options.lan;
    this.random = options.random;
  }

  owns(address: string): boolean {
    return isLoopback(address) || this.addresses.some((own) => own.address === address);
  }

  /** What a packet to `to` says it comes from, when its socket is bound to no address. */
  sourceFor(to: string): string | undefined {
    const family = familyOf(to);
    if (isLoopback(to)) return loopbackOf(family);
    return this.addresses.find((own) => own.family === family)?.address;
  }

  /** One of its addresses with a port, and with the zone that belongs to it. */
  endpoint(address: string, port: number): Endpoint {
    const zone = this.addresses.find((own) => own.address === address)?.zone;
    return zone === undefined ? { address, port } : { address, port, zone };
  }

  /** The address to bind. Throws a WorldError where it is none, or not ours. */
  bindable(address: string, port: number): string {
    const parsed = parseAddress(address);
    if (parsed === undefined) throw new WorldError('invalid', 'Not an IP address', { value: address });
    checkPort(port);
    if (!isWildcard(parsed.address) && !this.owns(parsed.address))
      throw new WorldError('address-unavailable', `${address} is no address of ${this.name}`, {
        value: address,
      });
    return parsed.address;
  }
}

export function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 0 || port > lastPort)
    throw new WorldError('invalid', 'Not a port', { value: port });
}

/** Counts out the ports that a machine hands out by itself, going round. */
export class FreePorts {
  #next: number;

  constructor(random: SeededRandom) {
    this.#next = firstFreePort + random.below(lastPort - firstFreePort);
  }

  take(isTaken: (port: number) => boolean): number {
    for (let tries = lastPort - firstFreePort; tries >= 0; tries--) {
      const port = this.#next;
      this.#next = port === lastPort ? firstFreePort : port + 1;
      if (!isTaken(port)) return port;
    }
    throw new WorldError('address-in-use', 'Every free port is taken');
  }
}
