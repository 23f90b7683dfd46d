export { NodeError, type NodeErrorCode } from './errors.ts';
export { createLog, type Log, type LogOptions } from './log.ts';
export { type NodeOptions, type ShoalNode, startNode } from './node.ts';
