// How this node stands towards the network: what it is bound to, whom it blocks, and who can reach it.

export { type Binding, bindToConfig, type NetworkConfig, planBinding } from './binding.ts';
export { Blocklists } from './blocklists.ts';
export { findInside } from './mapping/gateway.ts';
export { createPortMapper, type MappingReport } from './mapping/port-mapper.ts';
export { judgeReachability, type Reachability } from './reachability.ts';
export { type System, systemOf } from './system.ts';
