export { createHttp } from './http.ts';
export type { HttpParts } from './http-connections.ts';
export { createNodeWorld, type NodeWorldOptions } from './node-world.ts';
