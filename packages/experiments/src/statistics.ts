// What many measurements come down to.

export interface Spread {
  readonly median: number;
  /** The 99th of a hundred. */
  readonly high: number;
  readonly most: number;
}

/** Zeros where nothing was measured. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? sorted[0] ?? 0;
  return { median: at(0.5), high: at(0.99), most: at(1) };
}

export function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
