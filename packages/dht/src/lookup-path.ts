// One path of a lookup: whom it heard of, and who is to be asked next. Accomplices who name each other always seem
// near, so nearness alone does not end a path: its scouts are asked however far they are, and the nearest that each
// node named is asked too. Invariant: nobody is named twice, and all are in order of distance.

import { bucketSize, maxCandidates } from './bounds.ts';
import type { NodeInfo } from './codec/nodes.ts';
import type { AnsweredNode } from './lookup.ts';
import { compareDistance } from './node-id.ts';

export interface Candidate {
  node: NodeInfo;
  readonly hops: number;
  readonly prefix: string;
  readonly isFit: boolean;
  readonly referrer: Candidate | undefined;
  /** What it named that is nearer than itself, nearest first. */
  named: readonly Candidate[];
  state: 'new' | 'asking' | 'answered' | 'failed';
  answered: AnsweredNode | undefined;
  alive: number;
  dead: number;
}

export class Path {
  open = 0;
  /** Asked, with ids that do not fit their addresses. */
  unfit = 0;
  readonly #target: Uint8Array;
  readonly #candidates: Candidate[] = [];
  readonly #scouts: Candidate[] = [];
  readonly #answered: Candidate[] = [];

  constructor(target: Uint8Array) {
    this.#target = target;
  }

  /** Nearest first. */
  get candidates(): readonly Candidate[] {
    return this.#candidates;
  }

  /** Puts it in its place; the farthest leave. */
  put(one: Candidate): void {
    const candidates = this.#candidates;
    const old = candidates.indexOf(one);
    if (old !== -1) candidates.splice(old, 1);
    let at = candidates.length;
    while (at > 0 && this.#isNearer(one, candidates[at - 1] ?? one)) at--;
    candidates.splice(at, 0, one);
    if (candidates.length > maxCandidates) candidates.pop();
  }

  send(scout: Candidate): void {
    this.#scouts.push(scout);
  }

  /** It was asked on this path, and named these. */
  heard(one: Candidate, named: readonly Candidate[]): void {
    one.named = named
      .filter((other) => other.isFit && this.#isNearer(other, one))
      .sort((a, b) => compareDistance(this.#target, a.node.id, b.node.id));
    this.#answered.push(one);
  }

  next(mayAsk: (one: Candidate) => boolean): Candidate | undefined {
    const isNext = (one: Candidate): boolean => one.state === 'new' && mayAsk(one);
    return this.#nearest(isNext) ?? this.#scouts.find(isNext) ?? this.#named(isNext);
  }

  /** The nearest that nobody asked yet, unless eight nearer ones are asked or answered. */
  #nearest(isNext: (one: Candidate) => boolean): Candidate | undefined {
    let nearer = 0;
    for (const one of this.#candidates) {
      if (isNext(one)) return one;
      if (one.isFit && (one.state === 'asking' || one.state === 'answered')) nearer++;
      if (nearer >= bucketSize) return undefined;
    }
    return undefined;
  }

  /** Of what each node named, the nearest that may live, unless it was asked. */
  #named(isNext: (one: Candidate) => boolean): Candidate | undefined {
    for (const { named } of this.#answered) {
      const one = named.find(({ state }) => state !== 'failed');
      if (one !== undefined && isNext(one)) return one;
    }
    return undefined;
  }

  #isNearer(one: Candidate, other: Candidate): boolean {
    return compareDistance(this.#target, one.node.id, other.node.id) < 0;
  }
}
