// Whether a value fits its key, and what to say when it does not.

import { join } from 'node:path';
import type { Places } from './places.ts';
import { type Config, type ConfigKey, configSchema } from './schema.ts';

export const configKeys = Object.keys(configSchema.properties).filter(isConfigKey);

export function isConfigKey(name: string): name is ConfigKey {
  return Object.hasOwn(configSchema.properties, name);
}

/** Every key at its default, some of which are folders of this user. */
export function defaultConfig(places: Places): Config {
  const values = configKeys.map((key) => [key, defaultOf(key, places)] as const);
  // One for each key of the schema, all of which are text; the tests hold each against its schema.
  return Object.fromEntries(values) as Config;
}

export function defaultOf(key: ConfigKey, places: Places): string {
  const schema: { readonly type: 'string'; readonly default?: string } = configSchema.properties[key];
  return schema.default ?? (key === 'downloads' ? join(places.home, 'Downloads') : places.data);
}

/** The keywords that the schema uses; a key that needs another one teaches it here (the tests hold it against TypeBox). */
interface ValueSchema {
  readonly type: 'string';
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

export function fits<Key extends ConfigKey>(key: Key, value: unknown): value is Config[Key] {
  const schema: ValueSchema = configSchema.properties[key];
  return (
    typeof value === 'string' &&
    (schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(value)) &&
    (schema.enum === undefined || schema.enum.includes(value))
  );
}

/** `"x" is not …, as text for the end of a message. */
export function misfit(key: ConfigKey, value: unknown): string {
  const shown = JSON.stringify(typeof value === 'bigint' ? Number(value) : value) ?? String(value);
  const cut = shown.length > 60 ? `${shown.slice(0, 59)}…` : shown;
  return `${key} is ${cut}, but should be ${configSchema.properties[key].expects}`;
}

/** The known key that a misspelt one is nearest to, when it is near at all. */
export function nearestKey(name: string): ConfigKey | undefined {
  const asked = name.toLowerCase();
  const ranked = configKeys
    .map((key) => {
      const last = key.slice(key.lastIndexOf('.') + 1);
      const starts = asked.startsWith(key) || key.startsWith(asked) ? 1 : Number.POSITIVE_INFINITY;
      return { key, edits: Math.min(distance(asked, key), distance(asked, last), starts) };
    })
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= Math.max(2, asked.length / 3) ? best.key : undefined;
}

/** Edits between two words, a swap of neighbours being one (optimal string alignment). */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1;
      let best = Math.min(at(row, j - 1) + 1, at(last, j) + 1, at(last, j - 1) + cost);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        best = Math.min(best, at(before, j - 2) + 1);
      }
      row.push(best);
    }
    before = last;
    last = row;
  }
  return at(last, to.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
