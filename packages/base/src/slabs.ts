// Fixed-size buffers over shared memory, so that bytes written by this thread are hashed by another without a copy.
// Invariant: a slab is either free or held by exactly one owner, and never more than `capacity` exist.

export interface Slabs {
  readonly slabLength: number;
  readonly capacity: number;
  readonly taken: number;
  /** Undefined when all are taken: the caller has to wait until one is given back. */
  take(): Uint8Array | undefined;
  /** Only slabs that were taken here, once each. */
  give(slab: Uint8Array): void;
}

/** Memory is reserved in arenas as it is first needed, and reused last in first out, while it is warm. */
export function createSlabs(options: {
  slabLength: number;
  capacity: number;
  slabsPerArena?: number;
}): Slabs {
  const { slabLength, capacity } = options;
  const perArena = Math.min(options.slabsPerArena ?? 64, capacity);
  const free: Uint8Array[] = [];
  let made = 0;
  let taken = 0;

  function grow(): void {
    const count = Math.min(perArena, capacity - made);
    if (count <= 0) return;
    const arena = new SharedArrayBuffer(count * slabLength);
    for (let i = count - 1; i >= 0; i--) free.push(new Uint8Array(arena, i * slabLength, slabLength));
    made += count;
  }

  return {
    slabLength,
    capacity,
    get taken() {
      return taken;
    },
    take() {
      if (free.length === 0) grow();
      const slab = free.pop();
      if (slab !== undefined) taken++;
      return slab;
    },
    give(slab) {
      taken--;
      free.push(slab);
    },
  };
}
