// What machines know about names and networks: one list of names for the whole world, as DNS is, and each
// machine's own interfaces.

import { type Interfaces, type Names, type NetworkInterface, WorldError } from '@shoal/base';
import type { Timeline } from '../timeline.ts';
import { familyOf, parseAddress } from './addresses.ts';
import type { Machine } from './machine.ts';

const lookupMs = 10;

export class NameTable {
  readonly #names = new Map<string, readonly string[]>();
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.set('localhost', ['127.0.0.1', '::1']);
  }

  set(name: string, addresses: readonly string[] | undefined): void {
    if (addresses === undefined) this.#names.delete(name.toLowerCase());
    else this.#names.set(name.toLowerCase(), addresses);
  }

  /** What one incarnation of a machine asks with. */
  namesFor(isAlive: () => boolean): Names {
    return {
      resolve: (name, { family, signal } = {}) =>
        new Promise((resolve, reject) => {
          const what = `Cannot resolve ${name}`;
          const aborted = (): void =>
            reject(new WorldError('aborted', `${what}: aborted`, { cause: signal?.reason }));
          if (signal?.aborted) return aborted();
          const numeric = parseAddress(name);
          if (numeric === undefined && (name === '' || name.includes('\0')))
            return reject(new WorldError('invalid', 'Not a name', { value: name }));
          signal?.addEventListener('abort', aborted, { once: true });
          const answer = (): void => {
            if (!isAlive()) return;
            signal?.removeEventListener('abort', aborted);
            const own = numeric === undefined ? undefined : [textOf(numeric)];
            const all = own ?? this.#names.get(name.toLowerCase()) ?? [];
            const wanted = all.filter((address) => family === undefined || familyOf(address) === family);
            if (wanted.length > 0) resolve(wanted);
            else reject(new WorldError('name-not-found', `${what}: no such name`, { value: name }));
          };
          this.#timeline.after(numeric === undefined ? lookupMs : 0, { isOff: false, happen: answer });
        }),
    };
  }
}

function textOf({ address, zone }: { address: string; zone?: string }): string {
  return zone === undefined ? address : `${address}%${zone}`;
}

export function interfacesOf(machine: Machine): Interfaces {
  return {
    list() {
      const loopback: NetworkInterface[] = [
        { name: 'lo', address: '127.0.0.1', prefixLength: 8, family: 4, isLoopback: true },
        { name: 'lo', address: '::1', prefixLength: 128, family: 6, isLoopback: true },
      ];
      const own = machine.addresses.map(({ address, family, prefixLength, zone }): NetworkInterface => {
        const shown = { name: 'eth0', address, prefixLength, family, isLoopback: false };
        return zone === undefined ? shown : { ...shown, zone };
      });
      return [...loopback, ...own];
    },
  };
}
