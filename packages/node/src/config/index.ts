// The config without the node: what a command needs to know about flags before it starts anything.

export { type ExplainedKey, explainConfig } from './explain.ts';
export { limitSettings, parseRate } from './limits.ts';
export { listOf } from './list.ts';
export { type LoadConfigOptions, type LoadedConfig, loadConfig, type Origin } from './load.ts';
export { type Places, type PlacesOptions, usualPlaces } from './places.ts';
export { type Config, type ConfigKey, configSchema } from './schema.ts';
export { defaultConfig } from './values.ts';
