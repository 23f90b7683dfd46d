// The gate that asks who stands for a torrent: it lets out what a key that is trusted has published in an index.
// Invariant: only a publication whose signature was checked, and which names just this torrent, is a yes; an index can keep
// one back, and cannot make one up.

import { equalBytes, toHex, type World } from '@shoal/base';
import { createCatalogueClient } from '@shoal/directory';
import type { InfoHashes } from '@shoal/metainfo';
import { longestYesMs, mostYesKept } from '../bounds.ts';
import { clean, lineOf, type Verdict } from './verdict.ts';

export interface PublishersParts {
  readonly world: Pick<World, 'clock' | 'http'>;
  readonly version: string;
  /** As they are now: keys in hexadecimal; none where everybody is trusted. */
  readonly trusted: () => readonly string[];
  /** None in a network mode that asks no index. */
  readonly indexes: () => readonly string[];
}

export class Publishers {
  readonly #p: PublishersParts;
  /** What was let out before, and what is being asked: a torrent has many files. */
  readonly #known = new Map<string, { readonly verdict: Promise<Verdict>; untilMs: number }>();

  constructor(parts: PublishersParts) {
    this.#p = parts;
  }

  async ask(hashes: InfoHashes): Promise<Verdict> {
    const trusted = this.#p.trusted();
    if (trusted.length === 0) return clean;
    const nowMs = this.#p.world.clock.nowMs();
    const key = [hashes.v1, hashes.v2, ...trusted]
      .map((one) => (typeof one === 'string' ? one : one && toHex(one)))
      .join();
    const known = this.#known.get(key);
    if (known !== undefined && nowMs < known.untilMs) return await known.verdict;
    const verdict = this.#ask(hashes, new Set(trusted));
    const entry = { verdict, untilMs: Number.POSITIVE_INFINITY };
    this.#known.delete(key);
    this.#known.set(key, entry);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostYesKept && oldest !== undefined) this.#known.delete(oldest);
    const { kind } = await verdict;
    entry.untilMs = kind === 'clean' ? nowMs + longestYesMs : 0;
    return await verdict;
  }

  async #ask(hashes: InfoHashes, trusted: ReadonlySet<string>): Promise<Verdict> {
    const indexes = this.#p.indexes();
    if (indexes.length === 0) return held('no index is asked here, and only an index knows');
    const answers = await Promise.all(indexes.map((url) => this.#askIndex(url, hashes, trusted)));
    if (answers.includes('yes')) return clean;
    const failure = answers.find((answer) => answer !== 'no');
    if (failure !== undefined) return held(failure);
    return { kind: 'refused', reason: 'because nobody whose key is trusted has published it' };
  }

  /** Yes, no, or why it cannot be told. */
  async #askIndex(url: string, hashes: InfoHashes, trusted: ReadonlySet<string>): Promise<string> {
    const { world, version } = this.#p;
    try {
      const client = createCatalogueClient(world, { url, userAgent: `Shoal/${version}` });
      // A publication may name one half of a hybrid.
      for (const hash of [hashes.v1, hashes.v2]) {
        if (hash === undefined) continue;
        const { entries } = await client.search([['q', toHex(hash)]]);
        const isTheirs = entries.some(
          ({ publication: { record, infoHashes } }) =>
            trusted.has(toHex(record.key)) && isOf(infoHashes, hashes),
        );
        if (isTheirs) return 'yes';
      }
      return 'no';
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return lineOf(`${URL.parse(url)?.host ?? 'the index'}: ${why}`);
    }
  }
}

/** What it names is this torrent, and nothing besides. */
function isOf(named: PublicationHashes, hashes: InfoHashes): boolean {
  const isSame = (one: Uint8Array | undefined, other: Uint8Array | undefined) =>
    one === undefined || (other !== undefined && equalBytes(one, other));
  return isSame(named.v1, hashes.v1) && isSame(named.v2, hashes.v2);
}

interface PublicationHashes {
  readonly v1?: Uint8Array | undefined;
  readonly v2?: Uint8Array | undefined;
}

function held(why: string): Verdict {
  return { kind: 'held', reason: `until an index says who has published it: ${why}` };
}
