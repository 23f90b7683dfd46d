// Who may publish over the API: everybody, the keys in a list, or nobody. What another index publishes that this one follows
// is its operator's choice already, and comes by another way.

import { fromHex, toHex } from '@shoal/base';
import type { UnverifiedEntry } from '@shoal/directory';
import { IndexError } from '../errors.ts';

/** A line each; more are a catalogue for everybody. */
const maxKeys = 1_000_000;

export class Publishers {
  #keys: ReadonlySet<string> | 'all' | 'none';

  constructor(keys: ReadonlySet<string> | 'all' | 'none') {
    this.#keys = keys;
  }

  /** Its file was changed. */
  become(other: Publishers): void {
    this.#keys = other.#keys;
  }

  /** Why this is not taken; undefined where it is. Of a list, others may still rate and report. */
  refusalOf({ kind, record }: UnverifiedEntry): string | undefined {
    if (this.#keys === 'all') return undefined;
    if (this.#keys === 'none') return 'This index takes nothing from its users.';
    if (kind === 'rating' || kind === 'report' || this.#keys.has(toHex(record.key))) return undefined;
    return 'In this index only those publish whom its operator lists.';
  }
}

/** A key a line, 64 hexadecimal digits; what follows a # is a remark. Throws IndexError `settings` that names the line. */
export function parsePublishers(text: string): Publishers {
  const keys = new Set<string>();
  for (const [i, line] of text.split('\n').entries()) {
    const key = (line.split('#')[0] ?? '').trim().toLowerCase();
    if (key === '') continue;
    if (fromHex(key)?.length !== 32 || keys.size >= maxKeys)
      throw new IndexError('settings', `Line ${i + 1} of the list of publishers has no key of 64 digits.`, {
        value: line,
      });
    keys.add(key);
  }
  return new Publishers(keys);
}
