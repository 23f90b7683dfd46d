// The effective config of a verb that was given the flags for it.

import { homedir } from 'node:os';
import {
  type LoadConfigOptions,
  type LoadedConfig,
  loadConfig,
  type Places,
  usualPlaces,
} from '@shoal/node/config';
import type { Context } from './verb.ts';

export interface ConfigFlags {
  readonly config?: string;
  readonly data?: string;
  readonly api?: string;
  readonly network?: string;
  readonly downLimit?: string;
  readonly upLimit?: string;
  readonly limitLan?: true;
  readonly bind?: string;
  readonly portMapping?: string;
  readonly filter?: string;
}

type Flags = NonNullable<LoadConfigOptions['flags']>;

/** `more` are flags of one verb alone. */
export async function effectiveConfig(
  context: Context,
  given: ConfigFlags,
  more: Flags = {},
): Promise<LoadedConfig> {
  const { disk } = await context.world();
  const { config: file, data, api, network, downLimit, upLimit, limitLan, bind, portMapping, filter } = given;
  return await loadConfig({
    disk,
    places: placesHere(),
    file,
    flags: {
      data,
      api,
      network,
      bind,
      'port-mapping': portMapping,
      'filter.lists': filter,
      'limits.down': downLimit,
      'limits.up': upLimit,
      'limits.lan': limitLan && 'limited',
      'log.level': context.output.verbose ? 'debug' : undefined,
      ...more,
    },
  });
}

/** The same for verbs that talk to others: from here on, the context's world is bound and filtered as the config says. */
export async function boundConfig(
  context: Context,
  given: ConfigFlags,
  more: Flags = {},
): Promise<LoadedConfig> {
  const loaded = await effectiveConfig(context, given, more);
  await context.bind(loaded.config);
  return loaded;
}

export function placesHere(): Places {
  return usualPlaces({ platform: process.platform, environment: process.env, home: homedir() });
}
