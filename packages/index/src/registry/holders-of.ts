// Who holds one content, with a pick of some that costs no more the more there are. Arrays side by side, and where each
// slot stands in them: what leaves is replaced by the last.

const whole = 0xffff;

export class HoldersOf {
  readonly #slots: string[] = [];
  readonly #shares: number[] = [];
  readonly #places = new Map<string, number>();
  complete = 0;

  get size(): number {
    return this.#slots.length;
  }

  set(slot: string, share: number): void {
    const place = this.#places.get(slot);
    if (place === undefined) {
      this.#places.set(slot, this.#slots.length);
      this.#slots.push(slot);
      this.#shares.push(share);
    } else {
      if (this.#shares[place] === whole) this.complete--;
      this.#shares[place] = share;
    }
    if (share === whole) this.complete++;
  }

  delete(slot: string): void {
    const place = this.#places.get(slot);
    if (place === undefined) return;
    if (this.#shares[place] === whole) this.complete--;
    this.#places.delete(slot);
    const [lastSlot, lastShare] = [this.#slots.pop(), this.#shares.pop()];
    if (lastSlot === undefined || lastShare === undefined || place === this.#slots.length) return;
    this.#slots[place] = lastSlot;
    this.#shares[place] = lastShare;
    this.#places.set(lastSlot, place);
  }

  /** Neighbours in the arrays from a place on, round the end: neighbours by chance, as the order is. */
  *from(start: number): Generator<readonly [slot: string, have: number]> {
    const count = this.#slots.length;
    for (let i = 0; i < count; i++) {
      const place = (start + i) % count;
      yield [this.#slots[place] ?? '', (this.#shares[place] ?? 0) / whole];
    }
  }
}
