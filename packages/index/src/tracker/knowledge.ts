// What the tracker knows of content, for the rest of the index: how many hold it, and what too few hold. From here
// fragments will be given to those who keep them for others.

import { toHex } from '@shoal/base';
import type { Tracker } from './tracker.ts';

export interface SwarmCounts {
  readonly seeds: number;
  /** All but the seeds. */
  readonly peers: number;
  readonly completed: number;
}

export interface KnownSwarm extends SwarmCounts {
  readonly infoHash: Uint8Array;
}

export interface ThinContent {
  readonly infoHash: string;
  readonly seeds: number;
  readonly partialSeeds: number;
  readonly downloaders: number;
  /** What the one that misses least still misses; -1 where nobody says. 0 with a seed. */
  readonly leastLeft: number;
}

export interface Knowledge {
  /** Undefined for what nobody announced. */
  counts(infoHash: Uint8Array): SwarmCounts | undefined;
  /** Those with somebody in them, some at a time: from place 0 on until there is no next. */
  swarms(from: number, most: number): { readonly swarms: readonly KnownSwarm[]; readonly next?: number };
  /** What has fewest seeds, those with most who want it first. `listed`: of these alone. */
  thin(most: number, listed?: Iterable<Uint8Array>): readonly ThinContent[];
}

const blockBytes = 16_384;

export function knowledgeOf({ swarms }: Tracker): Knowledge {
  const { table } = swarms;

  function countsOf(swarm: number): SwarmCounts {
    return {
      seeds: swarms.seeds(swarm),
      peers: swarms.leechers(swarm),
      completed: swarms.downloads(swarm),
    };
  }

  function describe(swarm: number): ThinContent {
    const hash = new Uint8Array(20);
    table.copyHash(swarm, hash, 0);
    const seeds = swarms.seeds(swarm);
    const downloaders = swarms.downloaders(swarm);
    return {
      infoHash: toHex(hash),
      seeds,
      partialSeeds: swarms.leechers(swarm) - downloaders,
      downloaders,
      leastLeft: seeds > 0 ? 0 : leastLeft(swarm),
    };
  }

  function leastLeft(swarm: number): number {
    let least = -1;
    for (const store of [swarms.peers4, swarms.peers6]) {
      const start = store.start(swarm);
      for (let slot = start; slot < start + store.all(swarm); slot++) {
        const left = store.leftOf(slot);
        if (left >= 0 && (least < 0 || left < least)) least = left;
      }
    }
    return least < 0 ? -1 : least * blockBytes;
  }

  /** Fewer seeds weigh more than any number who want it. */
  function thickness(swarm: number): number {
    return swarms.seeds(swarm) * 0x8000_0000 - swarms.downloaders(swarm);
  }

  function* candidates(listed: Iterable<Uint8Array> | undefined): Generator<number> {
    if (listed === undefined)
      for (let swarm = 0; swarm < table.limit; swarm++) {
        if (table.isUsed(swarm)) yield swarm;
      }
    else
      for (const hash of listed) {
        const swarm = table.find(hash, 0);
        if (swarm >= 0) yield swarm;
      }
  }

  return {
    counts(infoHash) {
      const swarm = table.find(infoHash, 0);
      return swarm < 0 ? undefined : countsOf(swarm);
    },
    swarms(from, most) {
      const found: KnownSwarm[] = [];
      let swarm = from;
      for (; swarm < table.limit && found.length < most; swarm++) {
        if (!table.isUsed(swarm)) continue;
        const infoHash = new Uint8Array(20);
        table.copyHash(swarm, infoHash, 0);
        const counts = countsOf(swarm);
        if (counts.seeds + counts.peers > 0) found.push({ infoHash, ...counts });
      }
      return swarm < table.limit ? { swarms: found, next: swarm } : { swarms: found };
    },
    thin(most, listed) {
      // The worst of those chosen is found by a look at all of them: they are few.
      const chosen: { swarm: number; thickness: number }[] = [];
      for (const swarm of candidates(listed)) {
        const entry = { swarm, thickness: thickness(swarm) };
        const last = chosen.at(-1);
        if (chosen.length >= most && last !== undefined && entry.thickness >= last.thickness) continue;
        const at = chosen.findIndex((other) => other.thickness > entry.thickness);
        chosen.splice(at < 0 ? chosen.length : at, 0, entry);
        if (chosen.length > most) chosen.pop();
      }
      return chosen.map(({ swarm }) => describe(swarm));
    },
  };
}
