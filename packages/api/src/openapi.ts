// The OpenAPI 3.1 document of the API, made from the table of operations.

import { errorAnswer } from './node.ts';
import type { Operation } from './operation.ts';
import { type OperationName, operations } from './operations.ts';

export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  const names = Object.keys(operations).filter((name): name is OperationName => name in operations);
  for (const name of names) {
    const operation: Operation = operations[name];
    paths[operation.path] ??= {};
    const methods = paths[operation.path];
    if (methods !== undefined) methods[operation.method.toLowerCase()] = describe(name, operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Shoal node',
      version,
      description: 'What a running Shoal node can be asked. Whatever is not a GET takes its token.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    components: {
      schemas: { Error: errorAnswer },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'what DATA/api-token holds' },
      },
    },
    paths,
  };
}

interface ObjectSchema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, object>>;
}

function describe(name: string, operation: Operation): object {
  const { method, summary, body, answer, answerType = 'application/json' } = operation;
  const status = operation.status ?? (answer === undefined && operation.answerType === undefined ? 204 : 200);
  const hasContent = status !== 204;
  return {
    operationId: name,
    summary,
    ...(method === 'GET' ? {} : { security: [{ token: [] }] }),
    parameters: [...parameters('path', operation.params), ...parameters('query', operation.query)],
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: {
      [status]: {
        description: summary,
        ...(hasContent && { content: { [answerType]: answer === undefined ? {} : { schema: answer } } }),
      },
      default: {
        description: 'Why not',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

function parameters(place: 'path' | 'query', schema: ObjectSchema | undefined): object[] {
  return Object.entries(schema?.properties ?? {}).map(([name, { ...property }]) => ({
    name,
    in: place,
    required: schema?.required?.includes(name) ?? false,
    schema: property,
  }));
}
