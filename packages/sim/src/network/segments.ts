// The pieces in which stream bytes travel, in three sizes that are reused. What a receiver was shown is overwritten
// right after, so that keeping `bytes` beyond the call shows at once.

const poison = 0xdd;
const sizes = [2048, 16 * 1024, 64 * 1024];
const mostIdleBytes = 16 * 1024 * 1024;

export type SegmentKind = 'data' | 'end' | 'reset';

export interface Segment {
  readonly kind: SegmentKind;
  readonly bytes: Uint8Array;
  readonly store: Uint8Array;
  arriveMs: number;
  hasPassedDown: boolean;
}

const nothing = new Uint8Array(0);

export class SegmentPool {
  readonly #idle = new Map<number, Uint8Array[]>(sizes.map((size) => [size, []]));
  #idleBytes = 0;

  take(length: number): Segment {
    const size = sizes.find((one) => one >= length) ?? length;
    const idle = this.#idle.get(size)?.pop();
    if (idle !== undefined) this.#idleBytes -= size;
    const store = idle ?? new Uint8Array(size);
    const bytes = length === size ? store : store.subarray(0, length);
    return { kind: 'data', bytes, store, arriveMs: 0, hasPassedDown: false };
  }

  signal(kind: 'end' | 'reset'): Segment {
    return { kind, bytes: nothing, store: nothing, arriveMs: 0, hasPassedDown: true };
  }

  give(segment: Segment): void {
    const { store } = segment;
    segment.bytes.fill(poison);
    if (this.#idleBytes + store.length > mostIdleBytes) return;
    const idle = this.#idle.get(store.length);
    if (idle === undefined) return;
    idle.push(store);
    this.#idleBytes += store.length;
  }
}
