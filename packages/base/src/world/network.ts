// Names and interfaces: what a machine knows about the networks around it.

export interface Names {
  /** Addresses in the order they should be tried; an address resolves to itself. Rejects with a WorldError. */
  resolve(
    name: string,
    options?: { readonly family?: 4 | 6; readonly signal?: AbortSignal },
  ): Promise<string[]>;
}

export interface NetworkInterface {
  readonly name: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly family: 4 | 6;
  readonly isLoopback: boolean;
  /** For link-local IPv6. */
  readonly zone?: string;
}

export interface Interfaces {
  list(): NetworkInterface[];
}
