// The face for whoever speaks these messages from the other side, such as an index: no client, no I/O.

export { TrackerError, type TrackerErrorCode } from '../errors.ts';
export * from './announce-fields.ts';
export * from './http-announce.ts';
export * from './http-scrape.ts';
export * from './http-server.ts';
export * from './types.ts';
export * from './udp.ts';
export * from './udp-server.ts';
