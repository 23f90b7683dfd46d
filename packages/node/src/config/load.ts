// The effective config: the default, above it the config file, above it the flags. Invariant: what comes out fits the
// schema, and every value knows where it came from.

import { dirname, join, resolve } from 'node:path';
import type { Disk } from '@shoal/base';
import { mostConfigMistakes } from '../bounds.ts';
import { NodeError } from '../errors.ts';
import { type FileEntry, invalid, readConfigFile } from './file.ts';
import type { Places } from './places.ts';
import { type Config, type ConfigKey, configSchema } from './schema.ts';
import { configKeys, defaultConfig, fits, isConfigKey, misfit, nearestKey } from './values.ts';

export type Origin =
  | { readonly kind: 'file'; readonly file: string; readonly line: number }
  | { readonly kind: 'flag'; readonly flag: string };

export interface LoadedConfig {
  readonly config: Config;
  /** Where a value came from that is not the default. */
  readonly origins: ReadonlyMap<ConfigKey, Origin>;
  /** Where the file is, or would be. */
  readonly path: string;
  /** The file that was read; absent when there is none at the usual place. */
  readonly file?: string;
}

export interface LoadConfigOptions {
  readonly disk: Disk;
  readonly places: Places;
  /** What the flags say; absent and undefined both mean that the flag was not given. */
  readonly flags?: Readonly<Partial<Record<ConfigKey, string | undefined>>>;
  /** A config file that has to be there, instead of the one at the usual place that may be. */
  readonly file?: string | undefined;
}

const folders = ['data', 'downloads'] as const;

export async function loadConfig({
  disk,
  places,
  flags = {},
  file,
}: LoadConfigOptions): Promise<LoadedConfig> {
  const path = file === undefined ? places.configFile : resolve(file);
  const entries = await readConfigFile(disk, path);
  if (entries === undefined && file !== undefined) {
    throw new NodeError('config-not-found', `There is no config file ${path}.`, { value: path });
  }

  const config: { -readonly [Key in ConfigKey]: Config[Key] } = defaultConfig(places);
  const origins = new Map<ConfigKey, Origin>();

  const mistakes = applyEntries(entries ?? [], path, (key, value, line) => {
    origins.set(key, { kind: 'file', file: path, line });
    return assign(config, key, value);
  });
  if (mistakes.length > 0) throw together(mistakes);
  for (const key of folders)
    if (origins.get(key)?.kind === 'file')
      config[key] = resolve(dirname(path), fromHome(config[key], places));

  for (const key of configKeys) {
    const value = flags[key];
    if (value === undefined) continue;
    if (!assign(config, key, value)) {
      const [flag] = configSchema.properties[key].flag.split(' <');
      throw new NodeError('config-invalid', `${flag}: ${misfit(key, value)}.`, { value });
    }
    origins.set(key, { kind: 'flag', flag: configSchema.properties[key].flag });
  }
  for (const key of folders) config[key] = resolve(config[key]);
  return { config, origins, path, ...(entries !== undefined && { file: path }) };
}

function applyEntries(
  entries: readonly FileEntry[],
  path: string,
  apply: (key: ConfigKey, value: unknown, line: number) => boolean,
): NodeError[] {
  return entries.flatMap(({ key, value, line }) => {
    if (!isConfigKey(key)) return [invalid(path, line, unknownKey(key))];
    return apply(key, value, line) ? [] : [invalid(path, line, misfit(key, value))];
  });
}

function assign<Key extends ConfigKey>(
  config: { -readonly [K in ConfigKey]: Config[K] },
  key: Key,
  value: unknown,
): boolean {
  if (!fits(key, value)) return false;
  config[key] = value;
  return true;
}

function unknownKey(key: string): string {
  const near = nearestKey(key);
  const hint = near === undefined ? 'see `shoal config --explain`' : `did you mean ${near}?`;
  return `unknown key ${key}; ${hint}`;
}

function together(mistakes: readonly NodeError[]): NodeError {
  const shown = mistakes.slice(0, mostConfigMistakes).map(({ message }) => message);
  const more = mistakes.length - shown.length;
  if (more > 0) shown.push(`and ${more} more`);
  return new NodeError('config-invalid', shown.join('\n'), { value: mistakes[0]?.value });
}

function fromHome(path: string, places: Places): string {
  return path === '~' || path.startsWith('~/') ? join(places.home, path.slice(1)) : path;
}
