// Rates of the last minutes, kept by the page itself: of the whole node, and of the transfers that moved. A ring of
// fixed size each and a bound on their number, so an open page does not grow.

const samples = 600;
const mostTransfers = 200;

export interface History {
  readonly seconds: readonly number[];
  readonly down: readonly number[];
  readonly up: readonly number[];
}

class Ring {
  readonly #values = new Float64Array(samples * 3);
  #count = 0;

  add(ms: number, down: number, up: number): void {
    const seconds = Math.round(ms / 1000);
    const last = ((this.#count + samples - 1) % samples) * 3;
    const isSameSecond = this.#count > 0 && this.#values[last] === seconds;
    const at = isSameSecond ? last : (this.#count++ % samples) * 3;
    this.#values.set([seconds, down, up], at);
  }

  read(): History {
    const [seconds, down, up]: number[][] = [[], [], []];
    for (let i = Math.max(0, this.#count - samples); i < this.#count; i++) {
      const at = (i % samples) * 3;
      seconds?.push(this.#values[at] ?? 0);
      down?.push(this.#values[at + 1] ?? 0);
      up?.push(this.#values[at + 2] ?? 0);
    }
    return { seconds: seconds ?? [], down: down ?? [], up: up ?? [] };
  }
}

const rings = new Map<string, Ring>();
/** The one whose chart was looked at last has a ring in any case. */
let watched = '';

/** `key` is a transfer's id, or empty for the whole node. */
export function recordRates(key: string, ms: number, down: number, up: number): void {
  let ring = rings.get(key);
  if (ring === undefined) {
    const isWorthIt = down + up >= 1 && rings.size < mostTransfers;
    if (key !== '' && key !== watched && !isWorthIt) return;
    ring = new Ring();
    rings.set(key, ring);
  }
  ring.add(ms, down, up);
}

export function forgetRates(key: string): void {
  rings.delete(key);
}

export function ratesOf(key: string): History {
  watched = key;
  return rings.get(key)?.read() ?? { seconds: [], down: [], up: [] };
}
