// Which own address sockets use. A bound world never opens a socket on another address: a family that has no
// bound address is not used at all.

import { WorldError } from '../world/errors.ts';
import { parseAddress } from './addresses.ts';

export interface Bindings {
  /** What to connect from; undefined leaves it to the system. */
  source(family: 4 | 6, asked: string | undefined): string | undefined;
  /** What to bind: wildcards become the bound address. */
  local(asked: { host: string; family: 4 | 6 }): string;
}

/** `bind` holds at most one address of each family; empty means no restriction. */
export function createBindings(bind: readonly string[]): Bindings {
  const own = new Map<4 | 6, string>();
  for (const text of bind) {
    const parsed = parseAddress(text);
    if (parsed === undefined || own.has(parsed.family))
      throw new WorldError('invalid', 'A world binds to one IP address of each family', { value: text });
    own.set(parsed.family, parsed.zone === undefined ? parsed.address : `${parsed.address}%${parsed.zone}`);
  }

  function choose(family: 4 | 6, asked: string | undefined): string | undefined {
    if (own.size === 0) return asked;
    const bound = own.get(family);
    if (bound === undefined)
      throw new WorldError('unreachable', `No IPv${family} address is bound, so IPv${family} is not used`);
    if (asked !== undefined && asked !== bound && !isWildcard(asked))
      throw new WorldError('address-unavailable', `Bound to ${bound}, so ${asked} is not used`, {
        value: asked,
      });
    return bound;
  }

  return {
    source: choose,
    local: ({ host, family }) => choose(family, host) ?? host,
  };
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
