// Slots by hash: an open table of pairs, the hash beside the slot, so that a miss costs one look. It does not know what
// the hashes are of; whoever asks compares. Invariant: it is at most two thirds full, so every search ends.

const firstPlaces = 2048;

export class PeerIndex {
  /** Hash and slot + 1; a slot of 0 is an empty place. */
  #pairs = new Int32Array(2 * firstPlaces);
  #count = 0;

  /** Where a search for this hash begins. */
  first(hash: number): number {
    return hash & (this.#pairs.length / 2 - 1);
  }

  next(place: number): number {
    return (place + 1) & (this.#pairs.length / 2 - 1);
  }

  hashAt(place: number): number {
    return this.#pairs[2 * place] ?? 0;
  }

  /** -1: the search has ended. */
  slotAt(place: number): number {
    return (this.#pairs[2 * place + 1] ?? 0) - 1;
  }

  add(hash: number, slot: number): void {
    if (3 * (this.#count + 1) > this.#pairs.length) this.#grow();
    this.#put(hash, slot);
    this.#count++;
  }

  remove(hash: number, slot: number): void {
    const pairs = this.#pairs;
    let gap = this.#placeOf(hash, slot);
    for (let place = this.next(gap); this.slotAt(place) >= 0; place = this.next(place)) {
      const wanted = this.first(this.hashAt(place));
      const mask = pairs.length / 2 - 1;
      if (((place - wanted) & mask) < ((place - gap) & mask)) continue;
      pairs[2 * gap] = pairs[2 * place] ?? 0;
      pairs[2 * gap + 1] = pairs[2 * place + 1] ?? 0;
      gap = place;
    }
    pairs[2 * gap + 1] = 0;
    this.#count--;
  }

  move(hash: number, from: number, to: number): void {
    this.#pairs[2 * this.#placeOf(hash, from) + 1] = to + 1;
  }

  /** Two peers change slots. */
  swap(hashA: number, a: number, hashB: number, b: number): void {
    const placeA = this.#placeOf(hashA, a);
    const placeB = this.#placeOf(hashB, b);
    this.#pairs[2 * placeA + 1] = b + 1;
    this.#pairs[2 * placeB + 1] = a + 1;
  }

  #placeOf(hash: number, slot: number): number {
    let place = this.first(hash);
    while (this.slotAt(place) !== slot) place = this.next(place);
    return place;
  }

  #put(hash: number, slot: number): void {
    let place = this.first(hash);
    while (this.slotAt(place) >= 0) place = this.next(place);
    this.#pairs[2 * place] = hash;
    this.#pairs[2 * place + 1] = slot + 1;
  }

  #grow(): void {
    const old = this.#pairs;
    this.#pairs = new Int32Array(2 * old.length);
    for (let i = 0; i < old.length; i += 2) {
      const slot = (old[i + 1] ?? 0) - 1;
      if (slot >= 0) this.#put(old[i] ?? 0, slot);
    }
  }
}
