// What the index lists, for everybody to see, and for its operator to change.

import { RoomError } from '@shoal/base';
import { IndexError } from '../errors.ts';
import {
  errorResponse,
  type IndexRequest,
  type IndexResponse,
  jsonResponse,
  type Route,
} from '../http/routes.ts';
import { isOperator, requireOperator } from '../tracker/section.ts';
import { longestListing } from './bounds.ts';
import type { Listing } from './listing.ts';

/** Contents in one answer. */
const mostInAnswer = 1_000;

export interface ListedState {
  readonly size: number | undefined;
  /** For programs: "kept", "fetching", "waiting", "full", "failed", "not-kept". */
  readonly state: string;
  /** For people. */
  readonly words: string;
}

export function listingRoutes(
  listing: Listing,
  options: {
    readonly operatorToken: string | undefined;
    readonly stateOf: (infoHash: string) => ListedState;
  },
): Route[] {
  const { operatorToken, stateOf } = options;

  async function add(request: IndexRequest): Promise<IndexResponse> {
    requireOperator(request, operatorToken);
    try {
      const { infoHash, name, magnet } = await listing.add(request.body.slice());
      return jsonResponse({ infoHash, name, magnet, ...stateOf(infoHash) });
    } catch (error) {
      if (error instanceof IndexError || !(error instanceof RoomError) || typeof error.code !== 'string')
        throw error;
      return errorResponse(400, 'invalid', error.message);
    }
  }

  async function remove(request: IndexRequest): Promise<IndexResponse> {
    requireOperator(request, operatorToken);
    const hash = request.params.infoHash?.toLowerCase().slice(0, 40) ?? '';
    if (!(await listing.remove(hash))) return errorResponse(404, 'not-found', 'This is not listed.');
    return jsonResponse({ removed: hash });
  }

  function list(): IndexResponse {
    const content = [...listing.all()]
      .slice(0, mostInAnswer)
      .map(({ infoHash, name, magnet }) => ({ infoHash, name, magnet, ...stateOf(infoHash) }));
    return jsonResponse({ total: listing.size, content });
  }

  return [
    { method: 'GET', path: '/api/content', handle: list },
    {
      method: 'POST',
      path: '/api/content',
      maxBodyBytes: longestListing,
      admits: (head) => isOperator(head, operatorToken),
      handle: add,
    },
    { method: 'DELETE', path: '/api/content/:infoHash', handle: remove },
  ];
}
