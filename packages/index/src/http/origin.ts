// What the index is called by the one who asks: for addresses that are used elsewhere than in a page, in feeds and links.
// Invariant: whatever a request claims, an origin is a scheme, a host and a port, and nothing else.

import type { IndexRequest } from './routes.ts';

const hostPattern = /^(?:[a-z0-9](?:[a-z0-9.-]{0,252})|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

export class Origins {
  readonly #proxies: ReadonlySet<string>;

  /** Addresses of proxies whose X-Forwarded-Host and X-Forwarded-Proto are believed. */
  constructor(proxies: readonly string[]) {
    this.#proxies = new Set(proxies);
  }

  /** "https://index.example:6969" */
  of({ head, remote, local, isEncrypted }: IndexRequest): string {
    const isForwarded = this.#proxies.has(remote.address);
    const said = (name: string): string | undefined => head.header(name)?.split(',')[0]?.trim();
    const isHttps = isEncrypted || (isForwarded && said('x-forwarded-proto') === 'https');
    const named = (isForwarded ? said('x-forwarded-host') : undefined) ?? head.header('host') ?? '';
    const { address, port } = local;
    const own = `${address.includes(':') ? `[${address}]` : address}:${port}`;
    return `${isHttps ? 'https' : 'http'}://${hostPattern.test(named) ? named : own}`;
  }
}
