// Requests against the schemas of the API. Ajv is loaded with the first request that has something to check, and each
// schema compiled when it is first needed: a node that starts pays for neither.

import type { ValidateFunction } from 'ajv/dist/2020.js';
import { NodeError } from '../errors.ts';

type Part = 'params' | 'query' | 'body';
type Compile = (schema: object) => ValidateFunction;

let loaded: Promise<Readonly<Record<'text' | 'json', Compile>>> | undefined;
const compiled = new Map<object, ValidateFunction>();

async function load(): Promise<Readonly<Record<'text' | 'json', Compile>>> {
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const options = { allErrors: false, strict: false };
  const json = new Ajv2020(options);
  // What stands in an address is text: `true` and `3` are meant.
  const text = new Ajv2020({ ...options, coerceTypes: true });
  return { json: (schema) => json.compile(schema), text: (schema) => text.compile(schema) };
}

/** Resolves to `value`, with text read as what the schema says; rejects with a NodeError `invalid`. */
export async function validate(schema: object, part: Part, value: unknown): Promise<unknown> {
  let check = compiled.get(schema);
  if (check === undefined) {
    loaded ??= load();
    check = (await loaded)[part === 'body' ? 'json' : 'text'](schema);
    compiled.set(schema, check);
  }
  if (check(value)) return value;
  const [error] = check.errors ?? [];
  const where = `${part}${error?.instancePath ?? ''}`;
  const property = error?.params.additionalProperty ?? error?.params.missingProperty;
  const which = typeof property === 'string' ? ` (${property.slice(0, 100)})` : '';
  throw new NodeError('invalid', `${where} ${error?.message ?? 'is not what it should be'}${which}.`);
}
