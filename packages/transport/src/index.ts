export type * from './channel.ts';
export * from './errors.ts';
export type * from './transport.ts';
