// Randomness. Production gives the system's secure source, the simulator a seeded one.

export interface Random {
  fill(bytes: Uint8Array): void;
  /** A whole number, 0 <= n < bound, uniform; `bound` at most 2^32. */
  below(bound: number): number;
}
