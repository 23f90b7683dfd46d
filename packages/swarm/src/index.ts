export { type Leave, type LeaveCode, SwarmError, type SwarmErrorCode } from './errors.ts';
export type { PeerSource } from './roster.ts';
export { createSession } from './session.ts';
export type * from './types.ts';
