export * from './bitfield.ts';
export * from './errors.ts';
export * from './event-log.ts';
export type * from './peer-address.ts';
export * from './slabs.ts';
export * from './token-bucket.ts';
export * from './world/index.ts';
