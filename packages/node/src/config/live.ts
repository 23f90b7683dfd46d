// The config of a running node: what is in force, and how it changes. Invariant: what was changed is in the file first, and
// fits the schema; of several keys all are changed, or none.

import { dirname } from 'node:path';
import type { ConfigAnswer, ConfigChange } from '@shoal/api';
import { type Disk, WorldError } from '@shoal/base';
import { NodeError } from '../errors.ts';
import { watchSettings } from '../watch/settings.ts';
import { editConfig } from './edit.ts';
import { engineLimits } from './engine.ts';
import { readConfigText } from './file.ts';
import { type LoadedConfig, loadConfig } from './load.ts';
import type { Places } from './places.ts';
import { type Config, type ConfigKey, configSchema } from './schema.ts';
import { configKeys, defaultOf, fits, isConfigKey, misfit } from './values.ts';

/** What a running node can take over; the rest holds from its next start on. */
const liveKeys: ReadonlySet<ConfigKey> = new Set([
  'downloads',
  'network',
  'limits.down',
  'limits.up',
  'limits.lan',
  'limits.schedule',
  'queue.fetching',
  'queue.sharing',
  'queue.active',
  'goals.ratio',
  'goals.time',
  'connections.all',
  'connections.each',
  'filter.lists',
  'release.publishers',
  'scan.clamd',
  'scan.command',
  'scan.timeout',
  'on-complete.command',
  'labels.move',
  'watch.folders',
]);

/** Whoever has the token may use the node, and not run programs of their choice on this machine. */
const handKeys: ReadonlySet<ConfigKey> = new Set(['scan.command', 'on-complete.command']);

export interface LiveConfigOptions {
  readonly disk: Disk;
  readonly places: Places;
  readonly loaded: LoadedConfig;
  /** Takes over what is live. */
  readonly apply: (config: Config) => void;
}

export class LiveConfig {
  readonly #options: LiveConfigOptions;
  #loaded: LoadedConfig;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: LiveConfigOptions) {
    this.#options = options;
    this.#loaded = options.loaded;
  }

  get config(): Config {
    return this.#loaded.config;
  }

  describe(): ConfigAnswer {
    const { config, origins } = this.#loaded;
    return {
      keys: configKeys.map((key) => {
        const { description, expects, ...rest } = configSchema.properties[key];
        const { enum: choices, pattern }: { readonly enum?: readonly string[]; readonly pattern?: string } =
          rest;
        const origin = origins.get(key);
        return {
          key,
          value: config[key],
          default: defaultOf(key, this.#options.places),
          origin: origin === undefined ? 'default' : origin.kind === 'flag' ? origin.flag : origin.file,
          description,
          expects,
          ...(choices && { choices: [...choices] }),
          ...(pattern !== undefined && { pattern }),
          isLive: liveKeys.has(key),
          ...((key === 'data' || handKeys.has(key) || origin?.kind === 'flag') && { isFixed: true }),
        };
      }),
    };
  }

  change(changes: ConfigChange): Promise<void> {
    const changed = this.#turn.then(() => this.#change(changes));
    this.#turn = changed.catch(() => {});
    return changed;
  }

  /** Reads the file again, which somebody has edited. Rejects, and changes nothing, where it is wrong. */
  reload(): Promise<void> {
    const reloaded = this.#turn.then(() => this.#load());
    this.#turn = reloaded.catch(() => {});
    return reloaded;
  }

  async #load(): Promise<void> {
    const { disk, places } = this.#options;
    const { path, origins, config } = this.#loaded;
    const flags = [...origins].flatMap(([key, { kind }]) => (kind === 'flag' ? [[key, config[key]]] : []));
    const isThere = (await readConfigText(disk, path)) !== undefined;
    const loaded = await loadConfig({
      disk,
      places: { ...places, configFile: path },
      flags: Object.fromEntries(flags),
      ...(isThere && { file: path }),
    });
    checkMeaning(loaded.config);
    this.#loaded = loaded;
    this.#options.apply(loaded.config);
  }

  async #change(changes: ConfigChange): Promise<void> {
    const { disk, places } = this.#options;
    const { path, origins, config } = this.#loaded;
    const given = new Map<ConfigKey, string | null>();
    for (const [key, value] of Object.entries(changes)) {
      if (!isConfigKey(key)) throw new NodeError('invalid', `There is no key ${key}.`, { value: key });
      if (value !== null && !fits(key, value))
        throw new NodeError('invalid', `${misfit(key, value)}.`, { value });
      // The file is the user's, and may be anywhere; the folder is what makes it this node's.
      if (key === 'data') throw new NodeError('invalid', 'The data folder is chosen before a node starts.');
      if (handKeys.has(key))
        throw new NodeError('invalid', `${key} names a program: it is changed in the config file by hand.`);
      if (origins.get(key)?.kind === 'flag')
        throw new NodeError('invalid', `${key} was given as a flag, which the file does not outweigh.`);
      given.set(key, value);
    }
    const next = { ...config };
    for (const [key, value] of given) set(next, key, value ?? defaultOf(key, places));
    checkMeaning(next);
    const before = (await readConfigText(disk, path)) ?? '';
    await writeText(disk, path, await editConfig(before, given));
    await this.#load();
  }
}

/** Schedules and watch folders are held against what they mean, too. */
function checkMeaning(config: Config): void {
  engineLimits(config);
  watchSettings(config['watch.folders']);
}

function set<Key extends ConfigKey>(
  config: { -readonly [K in ConfigKey]: Config[K] },
  key: Key,
  value: string,
) {
  if (fits(key, value)) config[key] = value;
}

/** A whole file takes the place of the old one, with the rights that that one had. */
async function writeText(disk: Disk, path: string, text: string): Promise<void> {
  await disk.makeFolder(dirname(path));
  const mode = await modeOf(disk, path);
  const file = await disk.open(`${path}.new`, { write: true, create: true, ...(mode && { mode }) });
  try {
    await file.truncate(0);
    await file.write([new TextEncoder().encode(text)], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(`${path}.new`, path);
  await disk.syncFolder(dirname(path));
}

async function modeOf(disk: Disk, path: string): Promise<number | undefined> {
  try {
    return (await disk.stat(path)).mode;
  } catch (error) {
    if (error instanceof WorldError && error.code === 'not-found') return undefined;
    throw error;
  }
}
