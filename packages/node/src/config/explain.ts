// Every key of the config, told from the schema.

import type { Places } from './places.ts';
import { type ConfigKey, configSchema } from './schema.ts';
import { configKeys, defaultOf } from './values.ts';

export interface ExplainedKey {
  readonly key: ConfigKey;
  readonly type: string;
  readonly default: string;
  readonly explanation: string;
  readonly expects: string;
  readonly flag: string;
}

export function explainConfig(places: Places): ExplainedKey[] {
  return configKeys.map((key) => {
    const { type, description, expects, flag } = configSchema.properties[key];
    return { key, type, default: defaultOf(key, places), explanation: description, expects, flag };
  });
}
