// Where a request really comes from: the other end of its connection, or, behind a proxy that the operator named, what
// that proxy says. Nobody else's word counts.

import type { IndexRequest } from './routes.ts';

export class RemoteOf {
  readonly #proxies: ReadonlySet<string>;

  constructor(proxies: readonly string[]) {
    this.#proxies = new Set(proxies);
  }

  address(request: IndexRequest): string {
    const { address } = request.remote;
    if (this.#proxies.size === 0 || !this.#proxies.has(address)) return address;
    // Each proxy adds whom it heard from at the end; what stands before the last one that is ours is anybody's word.
    const said = request.head.header('x-forwarded-for')?.split(',') ?? [];
    for (const text of said.reverse()) {
      const named = text.trim();
      if (named !== '' && !this.#proxies.has(named)) return named;
    }
    return address;
  }
}
