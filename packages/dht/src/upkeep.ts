// What keeps one family's node connected: the way in, pings for contacts that were silent, refreshes for buckets that
// did not change (BEP 5), and the way in again when everybody is gone.

import type { Clock, Endpoint, Random, Timer } from '@shoal/base';
import {
  bucketSize,
  knocksAtOnce,
  pingsPerUpkeep,
  questionableAfterMs,
  scoutsPerJoin,
  scoutsPerLookup,
  upkeepMs,
} from './bounds.ts';
import type { NodeInfo } from './codec/nodes.ts';
import type { FamilyNode } from './family-node.ts';
import { finish, lookup } from './lookup.ts';
import { randomIdAt } from './node-id.ts';

export interface UpkeepParts {
  readonly node: FamilyNode;
  readonly clock: Clock;
  readonly random: Random;
  /** Addresses that may lead in. */
  readonly entrances: () => readonly Endpoint[];
  /** Nodes of the other family, learned on the way. */
  readonly onOthers: (nodes: readonly NodeInfo[]) => void;
  readonly wantsOthers: () => boolean;
}

/** Contacts are asked for a sign of life well before BEP 5 calls them questionable: half of all nodes live ten minutes. */
const recheckAfterMs = questionableAfterMs / 3;
/** Waits between attempts to get in, while there is nobody: they double up to the longest. */
const firstRetryMs = 5_000;
const longestRetryMs = 5 * 60_000;

export class Upkeep {
  readonly #parts: UpkeepParts;
  #timer: Timer | undefined;
  #nextBucket = 0;
  #retryMs = firstRetryMs;
  #retryAtMs = 0;
  #joining: Promise<void> | undefined;
  #ownId: Uint8Array;
  #isStopped = false;
  readonly #stopped = new AbortController();

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    this.#ownId = parts.node.ownId;
  }

  /** Resolves when the node has looked for itself, found or not. */
  start(): Promise<void> {
    this.#schedule();
    return this.join();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#stopped.abort();
  }

  /** Asks every entrance, then looks for our own id. One at a time. */
  join(): Promise<void> {
    this.#joining ??= this.#enter()
      .catch(() => {})
      .finally(() => {
        this.#joining = undefined;
      });
    return this.#joining;
  }

  async #enter(): Promise<void> {
    const { node, clock, entrances } = this.#parts;
    this.#retryAtMs = clock.nowMs() + this.#retryMs;
    this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
    const seeds: NodeInfo[] = node.table.closest(node.ownId, bucketSize);
    const untried = seeds.length < bucketSize ? [...entrances()] : [];
    while (untried.length > 0 && seeds.length < bucketSize && !this.#isStopped)
      await Promise.all(untried.splice(0, knocksAtOnce).map((entrance) => this.#knock(entrance, seeds)));
    if (seeds.length === 0 || this.#isStopped) return;
    await this.#lookUp(node.ownId, seeds);
    // Answers on the way may have told us our address, and with it another id.
    if (node.ownId !== this.#ownId && !this.#isStopped) {
      this.#ownId = node.ownId;
      await this.#lookUp(node.ownId, node.table.closest(node.ownId, bucketSize));
    }
    if (node.table.size > 0) this.#retryMs = firstRetryMs;
  }

  async #knock(entrance: Endpoint, seeds: NodeInfo[]): Promise<void> {
    const { node, onOthers, wantsOthers } = this.#parts;
    const isFour = node.family === 4;
    const want = { 4: isFour || wantsOthers(), 6: !isFour || wantsOthers() };
    const outcome = await node.ask({ method: 'find_node', target: node.ownId, want }, entrance);
    if (outcome.kind !== 'answered') return;
    const { id, nodes, nodes6 } = outcome.answer;
    seeds.push({ id, endpoint: entrance }, ...(isFour ? nodes : nodes6));
    onOthers(isFour ? nodes6 : nodes);
  }

  async #lookUp(target: Uint8Array, seeds: readonly NodeInfo[]): Promise<void> {
    const { node, random } = this.#parts;
    const want = { 4: node.family === 4, 6: node.family === 6 };
    const query = { method: 'find_node', target, want } as const;
    const scouts = node.table.sample(target === node.ownId ? scoutsPerJoin : scoutsPerLookup, random);
    await finish(lookup(node, { target, query, seeds, scouts, paths: 1, signal: this.#stopped.signal }));
  }

  #schedule(): void {
    const { clock, random } = this.#parts;
    // All nodes of a simulation start together; a real one has no reason to keep step either.
    const delayMs = upkeepMs * (0.75 + random.below(1000) / 2000);
    this.#timer = clock.setTimer(delayMs, () => {
      this.#round();
      if (!this.#isStopped) this.#schedule();
    });
  }

  #round(): void {
    const { node, clock, random } = this.#parts;
    const nowMs = clock.nowMs();
    const { table } = node;
    const hasMoved = table.own !== this.#ownId;
    if ((table.size === 0 || hasMoved) && nowMs >= this.#retryAtMs) void this.join();
    this.#nextBucket = (this.#nextBucket + 1) % table.bucketCount;
    for (const contact of table.staleIn(this.#nextBucket, nowMs - recheckAfterMs).slice(0, pingsPerUpkeep))
      void node.ask({ method: 'ping' }, contact.endpoint);
    const bits = table.takeUnchanged(nowMs);
    if (bits === undefined || this.#joining !== undefined) return;
    const target = randomIdAt(random, table.own, bits);
    this.#lookUp(target, table.closest(target, bucketSize)).catch(() => {});
  }
}
