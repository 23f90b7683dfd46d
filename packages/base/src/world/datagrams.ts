// Datagrams, with the multicast that local discovery needs.

import type { Endpoint } from './address.ts';
import type { WorldError } from './errors.ts';

export interface DatagramHandlers {
  /** `bytes` are only valid during the call. */
  message(bytes: Uint8Array, from: Endpoint): void;
  /** An error that ended the socket. Errors of single sends (unreachable, refused) are not reported here. */
  close(error?: WorldError): void;
}

export interface DatagramOptions {
  /** Wildcards as in `ListenOptions`; a socket sends within its own family. */
  readonly address: string;
  readonly port: number;
  /** Several sockets may share the port (multicast listeners). */
  readonly shared?: boolean;
  /** Like shared, and the system deals what comes out among them, by sender (SO_REUSEPORT). */
  readonly balanced?: boolean;
}

export interface DatagramSocket {
  readonly local: Endpoint;
  /** Never throws for a datagram that cannot be sent: datagrams get lost. `bytes` are copied or sent at once. */
  send(bytes: Uint8Array, to: Endpoint): void;
  /** `interfaceAddress` (IPv4) or zone (IPv6) says on which network. */
  join(group: string, onInterface?: string): void;
  leave(group: string, onInterface?: string): void;
  setMulticast(options: {
    readonly ttl?: number;
    readonly loopback?: boolean;
    readonly interface?: string;
  }): void;
  close(): void;
}

export interface Datagrams {
  bind(options: DatagramOptions, handlers: DatagramHandlers): Promise<DatagramSocket>;
}
