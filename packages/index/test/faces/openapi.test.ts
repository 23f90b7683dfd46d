// The description of the API and the API itself say the same.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { publication } from '../catalogue/publishing.ts';
import { serve } from './serving.ts';

const source = fileURLToPath(new URL('../../src/', import.meta.url));

/** All paths that stand as routes in the source. */
function routePaths(): Set<string> {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const paths = files
    .filter((name) => !/^(openapi\/document|pages\/results)/.test(name))
    .flatMap((name) => [...readFileSync(source + name, 'utf8').matchAll(/(?:path: |ask\()'(\/[^']*)'/g)])
    .map(([, path = '']) => path.replaceAll(/[:*](\w+)/g, '{$1}'));
  return new Set(paths);
}

interface Described {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { parameters?: { name: string; in: string }[] }>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

interface Schema {
  readonly properties: Record<string, unknown>;
  readonly required: string[];
}

test('every route is described, and nothing else is', async (context) => {
  const served = await serve(context);
  const response = await served.get('/openapi.json');
  assert.equal(response.headers.get('content-type'), 'application/json');
  const document: Described = JSON.parse(await response.text());
  assert.equal(document.openapi, '3.1.0');
  assert.deepEqual(Object.keys(document.paths).sort(), [...routePaths()].sort());
  for (const [path, operations] of Object.entries(document.paths))
    for (const { parameters = [] } of Object.values(operations)) {
      const named = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
      assert.deepEqual(named.sort(), [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort(), path);
    }
  const text = JSON.stringify(document);
  for (const [, name = ''] of text.matchAll(/#\/components\/schemas\/(\w+)/g))
    assert.ok(document.components.schemas[name]);
});

test('answers have the fields that are described', async (context) => {
  const served = await serve(context);
  await served.catalogue.take(
    publication(1, 'Whale', { size: 5, description: 'x', language: 'de', licence: 'MIT' }),
  );
  const { components }: Described = JSON.parse(await served.text('/openapi.json'));
  const check = (name: string, value: object): void => {
    const { properties = {}, required = [] } = components.schemas[name] ?? {};
    for (const key of Object.keys(value)) assert.ok(key in properties, `${name}: ${key}`);
    for (const key of required) assert.ok(key in value, `${name}: ${key}`);
  };
  const found = JSON.parse(await served.text('/api/search?q=whale&records=1'));
  check('Found', found);
  check('Entry', found.entries[0]);
  check('Entry', JSON.parse(await served.text('/api/search?q=whale')).entries[0]);
  check('Details', JSON.parse(await served.text(`/api/content/${found.entries[0].infoHash}`)));
  check('Changes', JSON.parse(await served.text('/api/catalogue/changes')));
  check('Error', JSON.parse(await served.text('/api/search?seeds=x')));
});
