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
  /** Call now and then: what was never needed since the last time goes back to the system, as far as whole arenas are free. */
  trim(): void;
}

/** The first arenas are smaller: of many pools in one process, each takes little. */
const firstArenaSlabs = 16;

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
  /** The fewest that were free since the last `trim`. */
  let leastFree = 0;

  function grow(): void {
    const count = Math.min(perArena, Math.max(firstArenaSlabs, made), capacity - made);
    if (count <= 0) return;
    const arena = new SharedArrayBuffer(count * slabLength);
    for (let i = count - 1; i >= 0; i--) free.push(new Uint8Array(arena, i * slabLength, slabLength));
    made += count;
  }

  /** Arenas that nobody holds a slab of, up to so many slabs. */
  function release(most: number): void {
    const freeOf = new Map<ArrayBufferLike, number>();
    for (const { buffer } of free) freeOf.set(buffer, (freeOf.get(buffer) ?? 0) + 1);
    let left = most;
    for (const [arena, count] of freeOf) {
      if (count * slabLength === arena.byteLength && count <= left) left -= count;
      else freeOf.delete(arena);
    }
    if (freeOf.size === 0) return;
    const kept = free.filter(({ buffer }) => !freeOf.has(buffer));
    made -= free.length - kept.length;
    free.splice(0, free.length, ...kept);
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
      if (free.length < leastFree) leastFree = free.length;
      return slab;
    },
    give(slab) {
      taken--;
      free.push(slab);
    },
    trim() {
      if (leastFree > 0) release(leastFree);
      leastFree = free.length;
    },
  };
}
