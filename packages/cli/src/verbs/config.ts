// The config: what is in force and where each value came from, or what every key means.

import { type ExplainedKey, explainConfig, type Origin } from '@shoal/node/config';
import { effectiveConfig, placesHere } from '../config.ts';
import { flags } from '../flags.ts';
import type { Output } from '../output.ts';
import type { Verb } from '../verb.ts';

const config: Verb = (command, context) => {
  command
    .option('--explain', 'say what every key means, instead of what is in force')
    .addOption(flags.data)
    .addOption(flags.config)
    .addOption(flags.api)
    .addOption(flags.network)
    .addOption(flags.downLimit)
    .addOption(flags.upLimit)
    .addOption(flags.limitLan)
    .addOption(flags.bind)
    .addOption(flags.portMapping)
    .addOption(flags.filter)
    .action(async ({ explain, ...given }) => {
      const { output } = context;
      const keys = explainConfig(placesHere());
      if (explain) {
        showExplained(output, keys, given.config ?? placesHere().configFile);
        return;
      }
      const { config: values, origins } = await effectiveConfig(context, given);
      const width = Math.max(...keys.map(({ key }) => assignment(key, values[key]).length));
      for (const { key } of keys) {
        const origin = origins.get(key);
        const data = { key, value: values[key], origin: origin ?? { kind: 'default' } };
        output.result(data, `${assignment(key, values[key]).padEnd(width)}  # ${originText(origin)}`);
      }
    });
};

export default config;

function showExplained(output: Output, keys: readonly ExplainedKey[], file: string): void {
  if (!output.json) output.result({}, `# The config file is ${file}, in TOML. A flag overrides its key.\n`);
  for (const explained of keys) {
    const { key, type, explanation, expects, flag } = explained;
    const text = `# ${explanation}\n# ${type}: ${expects}; flag: ${flag}\n${assignment(key, explained.default)}\n`;
    output.result(explained, text);
  }
}

/** TOML's basic strings are escaped as those of JSON are. */
function assignment(key: string, value: string): string {
  return `${key} = ${JSON.stringify(value)}`;
}

function originText(origin: Origin | undefined): string {
  if (origin === undefined) return 'default';
  return origin.kind === 'flag' ? `flag ${origin.flag}` : `${origin.file}:${origin.line}`;
}
