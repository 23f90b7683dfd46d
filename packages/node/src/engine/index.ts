// The engine and those who find peers for it, without the node: for commands that run them inside themselves.

export { type Engine, type EngineOptions, openEngine } from './engine.ts';
export { type Finding, type FindingOptions, openDiscovery, openFinding } from './finding.ts';
