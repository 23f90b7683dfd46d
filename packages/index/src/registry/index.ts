export { leaseLimits } from './bounds.ts';
export type { LeaseLimits, LeaseStore } from './lease-store.ts';
export { MemoryLeases } from './memory-leases.ts';
export { openRedisLeases, type RedisLeasesOptions } from './redis-leases.ts';
export { createRegistry, type Registry, type RegistryOptions, type Swarms } from './registry.ts';
export { openSavedLeases, type SavedLeases } from './saving.ts';
