// One lookup: asks nodes nearer and nearer to a target until the eight nearest that live have answered. It runs on
// several paths; what a node names is followed on its own path only, so that whoever owns one path does not own the
// answer. Invariant: nobody is asked twice, and all of it ends after a bounded number of questions.

import { type Endpoint, equalBytes, type IpFamily, ipScope } from '@shoal/base';
import {
  bucketSize,
  deadReferrals,
  defaultPaths,
  maxPerPrefixInLookup,
  maxQuestionsPerLookup,
  maxUnfitPerPath,
  questionsPerPath,
} from './bounds.ts';
import type { Answer } from './codec/answer.ts';
import type { Query } from './codec/krpc.ts';
import type { NodeInfo } from './codec/nodes.ts';
import { placeKey, prefixOf } from './contact.ts';
import { DhtError } from './errors.ts';
import { type Candidate, Path } from './lookup-path.ts';
import { compareDistance } from './node-id.ts';
import type { Outcome } from './questions.ts';

/** What a lookup needs of the node that makes it. */
export interface Asker {
  readonly family: IpFamily;
  readonly ownId: Uint8Array;
  ask(query: Query, to: Endpoint): Promise<Outcome>;
  /** Its id fits its address (BEP 42), or need not. */
  isFit(node: NodeInfo): boolean;
  isBanned(endpoint: Endpoint): boolean;
  /** It named only dead nodes. */
  suspect(endpoint: Endpoint): void;
  /** Somebody named it; the table may want it. */
  named(node: NodeInfo): void;
}

export interface AnsweredNode extends NodeInfo {
  readonly answer: Answer;
  readonly rttMs: number;
  /** How many nodes stand between us and this one. */
  readonly hops: number;
}

export type LookupEvent =
  | { readonly kind: 'asked'; readonly node: NodeInfo }
  | { readonly kind: 'answered'; readonly node: AnsweredNode }
  | { readonly kind: 'failed'; readonly node: NodeInfo; readonly why: 'timeout' | 'refused' | 'closed' };

export interface LookupResult {
  /** Nearest first: the nearest eight, and the two nearest of each path where those are others. */
  readonly closest: readonly AnsweredNode[];
  readonly asked: number;
  readonly answered: number;
  /** To the farthest of the nearest eight. */
  readonly hops: number;
}

export interface LookupOptions {
  readonly target: Uint8Array;
  readonly query: Query;
  /** Where it begins, nearest first. */
  readonly seeds: readonly NodeInfo[];
  /** From anywhere in the table. */
  readonly scouts: readonly NodeInfo[];
  readonly paths?: number;
  readonly signal?: AbortSignal | undefined;
}

export async function* lookup(
  asker: Asker,
  options: LookupOptions,
): AsyncGenerator<LookupEvent, LookupResult, void> {
  const { signal } = options;
  const run = new Run(asker, options);
  const onAbort = (): void => run.stop();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    if (!signal?.aborted) run.advance();
    for (;;) {
      if (signal?.aborted)
        throw new DhtError('aborted', 'The lookup was called off', { cause: signal.reason });
      const event = run.events.shift();
      if (event !== undefined) yield event;
      else if (run.isDone) return run.result();
      else await run.news();
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    run.stop();
  }
}

/** Runs a lookup to its end for what stands there. */
export async function finish(events: AsyncGenerator<LookupEvent, LookupResult, void>): Promise<LookupResult> {
  for (;;) {
    const step = await events.next();
    if (step.done === true) return step.value;
  }
}

class Run {
  readonly events: LookupEvent[] = [];
  readonly #asker: Asker;
  readonly #options: LookupOptions;
  readonly #paths: Path[];
  readonly #known = new Map<string, Candidate>();
  readonly #prefixes = new Map<string, number>();
  #wake: (() => void) | undefined;
  #asked = 0;
  #isStopped = false;

  constructor(asker: Asker, options: LookupOptions) {
    this.#asker = asker;
    this.#options = options;
    const { target, seeds, scouts, paths = defaultPaths } = options;
    const count = Math.max(1, Math.min(paths, Math.floor(seeds.length / 2)));
    this.#paths = Array.from({ length: count }, () => new Path(target));
    for (const [i, path] of this.#paths.entries()) {
      const isIts = (_: NodeInfo, at: number): boolean => at % count === i;
      for (const node of seeds.filter(isIts)) this.#consider(path, node, undefined);
      for (const node of scouts.filter(isIts)) {
        const scout = this.#consider(path, node, undefined);
        if (scout !== undefined) path.send(scout);
      }
    }
  }

  get isDone(): boolean {
    return this.#isStopped || this.#paths.every(({ open }) => open === 0);
  }

  news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake?.();
  }

  /** Asks as many as each path may. */
  advance(): void {
    if (this.#isStopped) return;
    for (const path of this.#paths) {
      while (path.open < questionsPerPath) {
        const next =
          this.#asked < maxQuestionsPerLookup ? path.next((one) => this.#mayAsk(path, one)) : undefined;
        if (next === undefined) break;
        void this.#ask(path, next);
      }
    }
  }

  result(): LookupResult {
    const { target } = this.#options;
    const isCounted = (one: Candidate): boolean => one.answered !== undefined && one.isFit;
    const sorted = [...this.#known.values()]
      .filter(isCounted)
      .sort((a, b) => compareDistance(target, a.node.id, b.node.id));
    const chosen = new Set(sorted.slice(0, bucketSize));
    const hops = Math.max(0, ...[...chosen].map((one) => one.hops));
    for (const { candidates } of this.#paths)
      for (const one of candidates.filter(isCounted).slice(0, 2)) chosen.add(one);
    const closest = sorted.filter((one) => chosen.has(one)).flatMap(({ answered }) => answered ?? []);
    return { closest, asked: this.#asked, answered: sorted.length, hops };
  }

  #mayAsk(path: Path, { isFit, prefix }: Candidate): boolean {
    if (!isFit && path.unfit >= maxUnfitPerPath) return false;
    return prefix === '' || (this.#prefixes.get(prefix) ?? 0) < maxPerPrefixInLookup;
  }

  async #ask(path: Path, one: Candidate): Promise<void> {
    one.state = 'asking';
    path.open++;
    this.#asked++;
    if (!one.isFit) path.unfit++;
    if (one.prefix !== '') this.#prefixes.set(one.prefix, (this.#prefixes.get(one.prefix) ?? 0) + 1);
    this.#tell({ kind: 'asked', node: one.node });
    const outcome = await this.#asker.ask(this.#options.query, one.node.endpoint);
    path.open--;
    if (this.#isStopped) return;
    if (outcome.kind === 'answered') this.#answered(path, one, outcome.answer, outcome.rttMs);
    else this.#failed(one, outcome.kind);
    this.advance();
    this.#wake?.();
  }

  #answered(path: Path, one: Candidate, answer: Answer, rttMs: number): void {
    const { endpoint } = one.node;
    if (!equalBytes(answer.id, one.node.id)) {
      // It was named wrongly, or is new at its address: it counts as who it says it is.
      one.node = { id: answer.id, endpoint };
      for (const path of this.#paths) if (path.candidates.includes(one)) path.put(one);
    }
    one.state = 'answered';
    one.answered = { ...one.node, answer, rttMs, hops: one.hops };
    if (one.referrer !== undefined) one.referrer.alive++;
    const nodes = this.#asker.family === 4 ? answer.nodes : answer.nodes6;
    for (const node of nodes) this.#asker.named(node);
    path.heard(
      one,
      nodes.flatMap((node) => this.#consider(path, node, one) ?? []),
    );
    this.#tell({ kind: 'answered', node: one.answered });
  }

  #failed(one: Candidate, why: 'timeout' | 'refused' | 'closed'): void {
    one.state = 'failed';
    this.#tell({ kind: 'failed', node: one.node, why });
    const { referrer } = one;
    if (referrer === undefined || why !== 'timeout') return;
    referrer.dead++;
    if (referrer.alive > 0 || referrer.dead < deadReferrals) return;
    for (const other of this.#known.values())
      if (other.referrer === referrer && other.state === 'new') other.state = 'failed';
    if (referrer.dead === deadReferrals) this.#asker.suspect(referrer.node.endpoint);
  }

  #consider(path: Path, node: NodeInfo, referrer: Candidate | undefined): Candidate | undefined {
    const { endpoint, id } = node;
    if (equalBytes(id, this.#asker.ownId) || !isPlausible(endpoint, referrer?.node.endpoint))
      return undefined;
    if (this.#asker.isBanned(endpoint)) return undefined;
    const prefix = prefixOf(endpoint);
    const key = placeKey(endpoint, prefix);
    const known = this.#known.get(key);
    if (known !== undefined) {
      // One address is one node, whoever names it under whatever id.
      if (!path.candidates.includes(known)) path.put(known);
      return known;
    }
    const isFit = this.#asker.isFit(node);
    const hops = (referrer?.hops ?? 0) + 1;
    const one: Candidate = {
      node,
      hops,
      prefix,
      isFit,
      referrer,
      named: [],
      state: 'new',
      answered: undefined,
      alive: 0,
      dead: 0,
    };
    path.put(one);
    this.#known.set(key, one);
    return one;
  }

  #tell(event: LookupEvent): void {
    this.events.push(event);
    this.#wake?.();
  }
}

/** A public node has no business naming addresses inside anybody's network, and nobody has naming what is no host. */
export function isPlausible({ address }: Endpoint, namedBy: Endpoint | undefined): boolean {
  const scope = ipScope(address);
  if (scope === undefined || scope === 'special') return false;
  return scope === 'public' || namedBy === undefined || ipScope(namedBy.address) !== 'public';
}
