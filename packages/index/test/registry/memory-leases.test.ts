import { MemoryLeases } from '../../src/registry/memory-leases.ts';
import { leaseStoreSuite } from './lease-stores.ts';

leaseStoreSuite('leases in memory', async (limits) => {
  let state = 1;
  const random = {
    fill(bytes: Uint8Array) {
      bytes.fill(7);
    },
    below(bound: number) {
      state = (state * 48271) % 2147483647;
      return state % bound;
    },
  };
  const store = new MemoryLeases({ start: 'a', random, limits });
  return { store, close: () => store.close() };
});
