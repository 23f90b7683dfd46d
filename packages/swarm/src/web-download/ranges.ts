// Byte ranges of a file: those that are there, or those that are missing. Pure.
// Invariant: sorted, none empty, none touching the next.

export interface ByteRange {
  readonly start: number;
  /** Not included. */
  readonly end: number;
}

export class ByteRanges {
  #list: ByteRange[];

  constructor(list: readonly ByteRange[] = []) {
    this.#list = [];
    for (const range of list) this.add(range);
  }

  get list(): readonly ByteRange[] {
    return this.#list;
  }

  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  get bytes(): number {
    return this.#list.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  add({ start, end }: ByteRange): void {
    if (end <= start) return;
    const before = this.#list.filter((range) => range.end < start);
    const after = this.#list.filter((range) => range.start > end);
    const touched = this.#list.slice(before.length, this.#list.length - after.length);
    const merged = {
      start: Math.min(start, touched[0]?.start ?? start),
      end: Math.max(end, touched.at(-1)?.end ?? end),
    };
    this.#list = [...before, merged, ...after];
  }

  /** Takes out at most so many whole bytes, and one at least, from the first range on. */
  take(most: number): ByteRange | undefined {
    const [first, ...rest] = this.#list;
    if (first === undefined) return undefined;
    const end = Math.min(first.end, first.start + Math.max(1, Math.floor(most)));
    this.#list = end === first.end ? rest : [{ start: end, end: first.end }, ...rest];
    return { start: first.start, end };
  }

  /** What of a file of this length is not in it. */
  missingOf(length: number): ByteRanges {
    const missing = new ByteRanges();
    let at = 0;
    for (const { start, end } of this.#list) {
      missing.add({ start: at, end: Math.min(start, length) });
      at = end;
    }
    missing.add({ start: at, end: length });
    return missing;
  }
}
