export type { DiskFault, DiskOperation, DiskOperationKind, DiskSpeed } from './disk/disk.ts';
export type { VolumeOptions } from './disk/volume.ts';
export { SimError, type SimErrorCode } from './errors.ts';
export type { DiskFilter, DiskHook, SimDiskControl } from './faults.ts';
export type { HashSpeed } from './hashing.ts';
export type { CrashOptions, DiskOptions, MachineOptions, SimHost } from './host.ts';
export {
  type HttpHandler,
  type ServedRequest,
  type ServedResponse,
  type ServeOptions,
  serveHttp,
} from './http/server.ts';
export type { LinkOptions } from './network/fabric.ts';
export type { LanOptions, SimLan } from './network/lan.ts';
export type { LineOptions } from './network/line.ts';
export type { NatKind, NatOptions } from './network/nat.ts';
export type { SeededRandom } from './random.ts';
export {
  createSimulation,
  type HostOptions,
  type SimPartition,
  type Simulation,
  type SimulationOptions,
} from './simulation.ts';
export type { RunOptions } from './timeline.ts';
export type { TraceEvent, TraceOptions } from './trace.ts';
