export * from './errors.ts';
export type * from './peer-address.ts';
export * from './slabs.ts';
export * from './world/index.ts';
