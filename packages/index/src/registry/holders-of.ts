// Who holds one content, with a pick of some that costs no more the more there are. Arrays side by side, what leaves is
// replaced by the last; where each slot stands is looked up in a map once there are many. Most contents have one holder,
// and are what takes the memory.

const whole = 0xffff;
/** A look through so few takes no longer than a map's. */
const fewSlots = 16;

export class HoldersOf {
  #slots: string[];
  #shares: number[];
  #places: Map<string, number> | undefined;
  complete: number;

  constructor(slot: string, share: number) {
    // Not by `push`, which makes room for sixteen more.
    this.#slots = [slot];
    this.#shares = [share];
    this.complete = share === whole ? 1 : 0;
  }

  get size(): number {
    return this.#slots.length;
  }

  set(slot: string, share: number): void {
    const place = this.#placeOf(slot);
    if (place === undefined) this.#add(slot, share);
    else {
      if (this.#shares[place] === whole) this.complete--;
      this.#shares[place] = share;
    }
    if (share === whole) this.complete++;
  }

  delete(slot: string): void {
    const place = this.#placeOf(slot);
    if (place === undefined) return;
    if (this.#shares[place] === whole) this.complete--;
    this.#places?.delete(slot);
    const [lastSlot, lastShare] = [this.#slots.pop(), this.#shares.pop()];
    if (lastSlot === undefined || lastShare === undefined || place === this.#slots.length) return;
    this.#slots[place] = lastSlot;
    this.#shares[place] = lastShare;
    this.#places?.set(lastSlot, place);
  }

  /** Neighbours in the arrays from a place on, round the end: neighbours by chance, as the order is. */
  *from(start: number): Generator<readonly [slot: string, have: number]> {
    const count = this.#slots.length;
    for (let i = 0; i < count; i++) {
      const place = (start + i) % count;
      yield [this.#slots[place] ?? '', (this.#shares[place] ?? 0) / whole];
    }
  }

  #placeOf(slot: string): number | undefined {
    if (this.#places !== undefined) return this.#places.get(slot);
    const place = this.#slots.indexOf(slot);
    return place === -1 ? undefined : place;
  }

  #add(slot: string, share: number): void {
    const count = this.#slots.length;
    if (count < fewSlots) {
      this.#slots = [...this.#slots, slot];
      this.#shares = [...this.#shares, share];
      return;
    }
    this.#places ??= new Map(this.#slots.map((known, place) => [known, place]));
    this.#places.set(slot, count);
    this.#slots.push(slot);
    this.#shares.push(share);
  }
}
