// What will happen, in the order of time, and of asking where times are equal: a binary heap over flat arrays.
// Called-off happenings stay where they are until they are half of the heap.

export interface Happening {
  happen(): void;
  /** Called off: it leaves the queue without happening. */
  readonly isOff: boolean;
}

export class HappeningQueue {
  #times = new Float64Array(1024);
  /** Which was asked for first. Whole numbers, exact up to 2^53. */
  #orders = new Float64Array(1024);
  readonly #items: (Happening | undefined)[] = [];
  #nextOrder = 0;
  #off = 0;

  get length(): number {
    return this.#items.length;
  }

  push(timeMs: number, item: Happening): void {
    const at = this.#items.length;
    if (at === this.#times.length) this.#grow();
    this.#items.push(item);
    this.#up(at, timeMs, this.#nextOrder++, item);
  }

  /** The time of the next happening that is not called off; Infinity when there is none. */
  nextTimeMs(): number {
    while (this.#items[0]?.isOff === true) {
      this.#removeFirst();
      if (this.#off > 0) this.#off--;
    }
    return this.#items.length === 0 ? Infinity : (this.#times[0] ?? Infinity);
  }

  /** Call `nextTimeMs` first. */
  pop(): Happening | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.#removeFirst();
    return first;
  }

  /** One of those inside was called off. */
  noteOff(): void {
    this.#off++;
    if (this.#off > 1024 && this.#off * 2 > this.#items.length) this.#sweep();
  }

  #removeFirst(): void {
    const items = this.#items;
    const last = items.pop();
    const length = items.length;
    if (last === undefined || length === 0) return;
    this.#down(0, this.#times[length] ?? 0, this.#orders[length] ?? 0, last);
  }

  #up(start: number, time: number, order: number, item: Happening): void {
    const times = this.#times;
    const orders = this.#orders;
    const items = this.#items;
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const parentTime = times[parent] ?? 0;
      if (parentTime < time || (parentTime === time && (orders[parent] ?? 0) < order)) break;
      times[at] = parentTime;
      orders[at] = orders[parent] ?? 0;
      items[at] = items[parent];
      at = parent;
    }
    times[at] = time;
    orders[at] = order;
    items[at] = item;
  }

  #down(start: number, time: number, order: number, item: Happening | undefined): void {
    const times = this.#times;
    const orders = this.#orders;
    const items = this.#items;
    const length = items.length;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      let childTime = times[child] ?? 0;
      const right = child + 1;
      if (right < length) {
        const rightTime = times[right] ?? 0;
        if (
          rightTime < childTime ||
          (rightTime === childTime && (orders[right] ?? 0) < (orders[child] ?? 0))
        ) {
          child = right;
          childTime = rightTime;
        }
      }
      if (time < childTime || (time === childTime && order < (orders[child] ?? 0))) break;
      times[at] = childTime;
      orders[at] = orders[child] ?? 0;
      items[at] = items[child];
      at = child;
    }
    times[at] = time;
    orders[at] = order;
    items[at] = item;
  }

  #sweep(): void {
    const items = this.#items;
    let kept = 0;
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (item === undefined || item.isOff) continue;
      items[kept] = item;
      this.#times[kept] = this.#times[i] ?? 0;
      this.#orders[kept] = this.#orders[i] ?? 0;
      kept++;
    }
    items.length = kept;
    this.#off = 0;
    for (let i = (kept >> 1) - 1; i >= 0; i--)
      this.#down(i, this.#times[i] ?? 0, this.#orders[i] ?? 0, items[i]);
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const orders = new Float64Array(times.length);
    times.set(this.#times);
    orders.set(this.#orders);
    this.#times = times;
    this.#orders = orders;
  }
}
