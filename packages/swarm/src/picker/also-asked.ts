// Blocks that were asked of more than one peer: the further ones, beside the owner that the piece's record names.
// Invariant: an entry is never empty, and stands only while the block is asked.

/** At most so many peers are asked for one block: more only waste what they send. */
const askedAtOnce = 3;
/** More blocks than a piece can have: pieces of 16 GiB. */
const keyBase = 2 ** 20;

export class AlsoAsked {
  readonly #slots = new Map<number, number[]>();

  /** False when the block is asked of enough peers, or of this one. */
  add(piece: number, block: number, slot: number): boolean {
    const key = piece * keyBase + block;
    const others = this.#slots.get(key);
    if (others === undefined) this.#slots.set(key, [slot]);
    else if (others.length + 1 >= askedAtOnce || others.includes(slot)) return false;
    else others.push(slot);
    return true;
  }

  of(piece: number, block: number): readonly number[] {
    return this.#slots.get(piece * keyBase + block) ?? [];
  }

  has(piece: number, block: number): boolean {
    return this.#slots.size > 0 && this.#slots.has(piece * keyBase + block);
  }

  /** It came. */
  clear(piece: number, block: number): void {
    this.#slots.delete(piece * keyBase + block);
  }

  remove(piece: number, block: number, slot: number): void {
    const key = piece * keyBase + block;
    const others = this.#slots.get(key);
    if (others === undefined || !others.includes(slot)) return;
    if (others.length === 1) this.#slots.delete(key);
    else others.splice(others.indexOf(slot), 1);
  }

  /** Whoever was asked next becomes the owner; undefined when there is nobody. */
  shift(piece: number, block: number): number | undefined {
    const key = piece * keyBase + block;
    const others = this.#slots.get(key);
    const next = others?.shift();
    if (others?.length === 0) this.#slots.delete(key);
    return next;
  }

  *blocks(): Generator<readonly [piece: number, block: number]> {
    for (const key of this.#slots.keys()) yield [Math.floor(key / keyBase), key % keyBase];
  }
}
