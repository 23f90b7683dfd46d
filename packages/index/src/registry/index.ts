export type { LeaseLimits, LeaseStore } from './lease-store.ts';
export { openRedisLeases, type RedisLeasesOptions } from './redis-leases.ts';
export { createRegistry, type Registry, type RegistryOptions, type Swarms } from './registry.ts';
