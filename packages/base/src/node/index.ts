export { createHttp } from './http.ts';
export type { HttpParts } from './http-connections.ts';
export type { NetworkOptions } from './network.ts';
export { bindWorld, createNodeWorld, type NodeWorldOptions } from './node-world.ts';
