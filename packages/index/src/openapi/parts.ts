// Pieces that operations are made of, and the schemas of what is answered in JSON.

import { categories } from '@shoal/directory';

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: object;
}

export interface Operation {
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
  readonly security?: readonly object[];
}

interface Told {
  /** Of the answer; JSON where nothing is said. */
  readonly type?: string;
  readonly schema?: keyof typeof schemas;
  readonly parameters?: readonly Parameter[];
  /** The type of what is sent. */
  readonly body?: string;
  readonly bodySchema?: keyof typeof schemas;
  readonly isOperators?: boolean;
  /** Statuses beside those that all may have. */
  readonly refusals?: readonly string[];
}

const json = 'application/json';

function reference(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

export function operation(summary: string, told: Told = {}): Operation {
  const { type = json, schema, parameters, body, bodySchema, isOperators = false, refusals = [] } = told;
  const refusal = { description: 'Refused', content: { [json]: { schema: reference('Error') } } };
  const statuses = ['400', '429', ...(isOperators ? ['401'] : []), ...refusals];
  const sent = bodySchema === undefined ? body : json;
  return {
    summary,
    ...(parameters && { parameters }),
    ...(sent !== undefined && {
      requestBody: {
        required: true,
        content: { [sent]: bodySchema === undefined ? {} : { schema: reference(bodySchema) } },
      },
    }),
    responses: {
      '200': {
        description: 'OK',
        content: { [type]: schema === undefined ? {} : { schema: reference(schema) } },
      },
      ...Object.fromEntries(statuses.map((status) => [status, refusal])),
    },
    ...(isOperators && { security: [{ operator: [] }] }),
  };
}

const text = { type: 'string' };
const number = { type: 'integer' };
const texts = { type: 'array', items: text };
const time = { type: 'string', format: 'date-time' };

function object(properties: object, required: readonly string[] = Object.keys(properties)): object {
  return { type: 'object', properties, required };
}

export const schemas = {
  Error: object({
    error: object({ code: { ...text, description: 'For programs; it stays.' }, message: text }),
  }),
  Entry: object(
    {
      infoHash: text,
      v1: text,
      v2: text,
      title: text,
      category: { enum: categories },
      description: text,
      tags: texts,
      language: text,
      licence: text,
      size: number,
      files: { type: 'array', items: object({ path: text, length: number }) },
      fileCount: number,
      supersedes: texts,
      magnet: text,
      publisher: text,
      published: time,
      added: time,
      revision: number,
      seeds: number,
      leechers: number,
      completed: number,
      seen: time,
      stars: { type: 'number' },
      ratings: number,
      reports: number,
      record: { ...text, description: 'With records=1, in place of what is in it.' },
    },
    ['infoHash'],
  ),
  Found: object({
    entries: { type: 'array', items: reference('Entry') },
    total: number,
    isComplete: { type: 'boolean' },
    corrected: { type: 'object', additionalProperties: text },
  }),
  Details: object({
    infoHash: text,
    publications: { type: 'array', items: reference('Entry') },
    supersededBy: texts,
    ratings: {
      type: 'array',
      items: object({ key: text, stars: number, comment: text, made: time }, ['key', 'made']),
    },
    reports: number,
  }),
  Changes: object(
    {
      revision: number,
      next: { ...number, description: 'After what to go on; not there at the end.' },
      blocks: {
        ...number,
        description: 'Another number after each change of what is blocked, where that is told.',
      },
      changes: { type: 'array', items: object({ revision: number, record: text }) },
    },
    ['revision', 'changes'],
  ),
  Block: object({ kind: { enum: ['hash', 'key', 'word'] }, value: text, reason: text, by: text }, [
    'kind',
    'value',
  ]),
};
