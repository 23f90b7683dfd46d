// Where something can be reached on an IP network. Addresses are in canonical text form
// (RFC 5952 for IPv6, never IPv4-mapped), so that equal endpoints are equal strings.

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** The interface a link-local IPv6 address belongs to. */
  readonly zone?: string;
}
