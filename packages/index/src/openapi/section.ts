// The description of the API, for programs that are made from one.

import type { Hashing } from '@shoal/base';
import { conditional } from '../http/conditional.ts';
import type { Section } from '../section.ts';
import { document } from './document.ts';

export function openApiSection(hashing: Pick<Hashing, 'digest'>): Section {
  const body = `${JSON.stringify(document)}\n`;
  const headers = { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' };
  return {
    routes: [
      {
        method: 'GET',
        path: '/openapi.json',
        handle: (request) => conditional(request, { status: 200, headers, body }, hashing),
      },
    ],
  };
}
