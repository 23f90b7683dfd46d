// How this node stands towards the network: what it is bound to, whom it blocks, and who can reach it.

export { type Binding, bindToConfig, planBinding } from './binding.ts';
export { findInside } from './mapping/gateway.ts';
export { createPortMapper, type MappingReport, type PortMapper } from './mapping/port-mapper.ts';
export { type System, systemOf } from './system.ts';
