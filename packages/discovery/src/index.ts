export type { HostPort } from './dht-finder.ts';
export { createDiscovery } from './discovery.ts';
export type * from './types.ts';
