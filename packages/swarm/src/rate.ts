// Bytes a second, smoothed over a few seconds, without reading a clock for each block.
// Invariant: `add` only counts; the value changes in `tick`, which whoever owns the rate calls about once a second.

/** After this time two thirds of a change show: long enough to even out bursts, short enough to follow a choke. */
const smoothingMs = 2_500;

/** What came after a longer one came at its end: the machine slept, or nobody looked because nothing happened. */
const longestTickMs = 5_000;

export class Rate {
  total = 0;
  #countedAtTick = 0;
  #tickedAtMs: number;
  #value = 0;
  #isFresh = true;

  constructor(nowMs: number) {
    this.#tickedAtMs = nowMs;
  }

  add(bytes: number): void {
    this.total += bytes;
  }

  tick(nowMs: number): void {
    const elapsedMs = nowMs - this.#tickedAtMs;
    if (elapsedMs <= 0) return;
    const current = ((this.total - this.#countedAtTick) * 1000) / Math.min(elapsedMs, longestTickMs);
    // The first measure counts whole, or a fast start would look slow for seconds.
    const weight = this.#isFresh && current > 0 ? 1 : 1 - Math.exp(-elapsedMs / smoothingMs);
    if (current > 0) this.#isFresh = false;
    this.#value += (current - this.#value) * weight;
    if (this.#value < 1) this.#value = 0;
    this.#tickedAtMs = nowMs;
    this.#countedAtTick = this.total;
  }

  get bytesPerSecond(): number {
    return this.#value;
  }
}
