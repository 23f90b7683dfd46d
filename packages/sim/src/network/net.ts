// What all machines of a simulation share.

import type { Timeline } from '../timeline.ts';
import type { Trace } from '../trace.ts';
import type { Fabric } from './fabric.ts';
import type { FlightPool } from './flights.ts';
import type { SegmentPool } from './segments.ts';

export interface Net {
  readonly timeline: Timeline;
  readonly trace: Trace;
  readonly fabric: Fabric;
  readonly flights: FlightPool;
  readonly segments: SegmentPool;
}
