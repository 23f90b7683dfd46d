export { type Leave, type LeaveCode, SwarmError, type SwarmErrorCode } from './errors.ts';
export type { Schedule, Weekday, Window } from './limits/schedule.ts';
export type { LimitSettings, SpeedLimits } from './limits/settings.ts';
export type { PeerSource } from './roster.ts';
export { createSession, createSessionBuffers } from './session.ts';
export type * from './types.ts';
