// Which own address sockets use. A bound world never opens a socket on another address: a family that has no
// bound address is not used at all, and nothing is opened or sent while a bound address is gone.

import { WorldError } from '../world/errors.ts';
import { parseAddress } from './addresses.ts';

export interface Bindings {
  /** What to connect from; undefined leaves it to the system. */
  source(family: 4 | 6, asked: string | undefined): string | undefined;
  /** What to bind: wildcards become the bound address. */
  local(asked: { host: string; family: 4 | 6 }): string;
  /** The bound addresses; empty means no restriction. */
  readonly own: ReadonlyMap<4 | 6, string>;
  /** False while a bound address is on no interface that is up. */
  isHere: boolean;
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
    if (!bindings.isHere)
      throw new WorldError('unreachable', `Bound to ${[...own.values()].join(' and ')}, which is gone`);
    if (bound === undefined)
      throw new WorldError('unreachable', `No IPv${family} address is bound, so IPv${family} is not used`);
    if (asked !== undefined && asked !== bound && !isWildcard(asked))
      throw new WorldError('address-unavailable', `Bound to ${bound}, so ${asked} is not used`, {
        value: asked,
      });
    return bound;
  }

  const bindings: Bindings = {
    own,
    isHere: true,
    source: choose,
    local: ({ host, family }) => choose(family, host) ?? host,
  };
  return bindings;
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
