// The catalogue over HTTP: what is said of it in JSON, and where signed records are taken. Invariant: who asks or sends too
// often costs itself; what is refused has a code that stays.

import { type Clock, TokenBucket } from '@shoal/base';
import { DirectoryError, encodeFound, encodeFoundEntry, longestPublication } from '@shoal/directory';
import { IdentityError } from '@shoal/identity';
import { IndexError, statusOfCode } from '../errors.ts';
import { RemoteOf } from '../http/remote.ts';
import {
  errorResponse,
  type IndexRequest,
  type IndexResponse,
  jsonResponse,
  queryOf,
  type Route,
} from '../http/routes.ts';
import { networkOf } from '../network.ts';
import { maxNetworksLimited, signaturesPerSecond } from '../registry/bounds.ts';
import { Limiter } from '../registry/limiter.ts';
import { refuse } from '../registry/refusals.ts';
import type { Metric, Section } from '../section.ts';
import { maxChanges, publishingRate, searchingRate } from './bounds.ts';
import type { Catalogue, Taken } from './catalogue.ts';
import { type CountedSwarms, sampleHealth } from './health.ts';
import { readSearch } from './search-query.ts';

export interface CatalogueSectionOptions {
  readonly clock: Clock;
  readonly catalogue: Catalogue;
  /** Lifts the limits of rate. */
  readonly unlimited?: boolean;
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  readonly proxies?: readonly string[];
  /** What the tracker counts. */
  readonly tracker?: CountedSwarms | undefined;
  /** Whether others may see what is blocked, to block it, too. */
  readonly sharesBlocks?: boolean;
  readonly failed?: (error: unknown) => void;
}

const takenStatus: Readonly<Record<string, number>> = {
  blocked: 403,
  forbidden: 403,
  'not-found': 404,
  'too-many': 429,
};

export function catalogueSection(options: CatalogueSectionOptions): Section {
  const { clock, catalogue, unlimited = false, sharesBlocks = false } = options;
  const remoteOf = new RemoteOf(options.proxies ?? []);
  const questions = new Limiter(clock, searchingRate, maxNetworksLimited);
  const publishing = new Limiter(clock, publishingRate, maxNetworksLimited);
  const signatures = new TokenBucket(clock, { ratePerSecond: signaturesPerSecond, burstMs: 1_000 });
  const counts = { searches: 0, taken: 0, refused: 0 };
  const stop =
    options.tracker && sampleHealth(clock, catalogue, options.tracker, (error) => options.failed?.(error));
  let torrents = 0;

  function limited(
    limiter: Limiter,
    handle: (request: IndexRequest) => Promise<IndexResponse>,
  ): Route['handle'] {
    return async (request) => {
      const waitMs = unlimited ? 0 : limiter.take(networkOf(remoteOf.address(request)));
      if (waitMs > 0) return refuse('too-many', 'Your network asks too often.', { retryInMs: waitMs });
      return handle(request).catch(refuseWhatWasSent);
    };
  }

  async function search(request: IndexRequest): Promise<IndexResponse> {
    const query = queryOf(request);
    counts.searches++;
    const answer = await catalogue.search(readSearch(query, clock.wallTimeMs()));
    return json(encodeFound(answer, { records: query.get('records') === '1' }));
  }

  async function details(request: IndexRequest): Promise<IndexResponse> {
    const found = await catalogue.details(request.params.infoHash ?? '');
    if (found === undefined) return errorResponse(404, 'not-found', 'No such torrent is published here.');
    const records = queryOf(request).get('records') === '1';
    return jsonResponse({
      ...found,
      publications: found.publications.map((entry) => encodeFoundEntry(entry, { records })),
      ratings: found.ratings.map(({ madeAtMs, ...rating }) => ({
        ...rating,
        made: new Date(madeAtMs).toISOString(),
      })),
    });
  }

  async function take(request: IndexRequest): Promise<IndexResponse> {
    if (!unlimited && !signatures.take(1))
      return refuse('busy', 'Too many publish at the moment.', { retryInMs: 1_000 });
    const taken = await catalogue.take(request.body.slice()).catch((error: unknown) => {
      counts.refused++;
      throw error;
    });
    if (taken.kind === 'taken') counts.taken++;
    else if (taken.kind !== 'known') counts.refused++;
    return answerTo(taken);
  }

  async function changes(request: IndexRequest): Promise<IndexResponse> {
    const query = queryOf(request);
    const after = Number(query.get('after') ?? 0);
    const most = Number(query.get('limit') ?? maxChanges);
    if (!Number.isSafeInteger(after) || after < 0 || !Number.isSafeInteger(most) || most < 1)
      return errorResponse(400, 'invalid', 'after and limit are whole numbers.');
    const { revision, blocksVersion } = await catalogue.totals();
    const { changes, next } = await catalogue.changes(after, most);
    return jsonResponse({
      revision,
      next,
      ...(sharesBlocks && { blocks: blocksVersion }),
      changes: changes.map((one) => ({
        revision: one.revision,
        record: Buffer.from(one.record).toString('base64'),
      })),
    });
  }

  async function blocks(): Promise<IndexResponse> {
    if (!sharesBlocks)
      return errorResponse(404, 'not-found', 'This index does not tell others what it blocks.');
    const all = await catalogue.blocks();
    return jsonResponse({ blocks: all.map(({ kind, value, reason }) => ({ kind, value, reason })) });
  }

  return {
    routes: [
      { method: 'GET', path: '/api/search', handle: limited(questions, search) },
      {
        method: 'GET',
        path: '/api/suggest',
        handle: limited(questions, async (request) =>
          jsonResponse({ suggestions: await catalogue.suggest(queryOf(request).get('q') ?? '') }),
        ),
      },
      { method: 'GET', path: '/api/content/:infoHash', handle: limited(questions, details) },
      {
        method: 'GET',
        path: '/api/catalogue',
        handle: limited(questions, async () => jsonResponse(await catalogue.totals())),
      },
      { method: 'GET', path: '/api/catalogue/changes', handle: limited(questions, changes) },
      { method: 'GET', path: '/api/catalogue/blocks', handle: limited(questions, blocks) },
      {
        method: 'POST',
        path: '/api/catalogue',
        maxBodyBytes: longestPublication,
        handle: limited(publishing, take),
      },
    ],
    async close() {
      await stop?.();
    },
    metrics(): readonly Metric[] {
      void catalogue.totals().then(
        (totals) => {
          ({ torrents } = totals);
        },
        () => {},
      );
      const counter = (name: string, help: string, value: number): Metric => ({
        name,
        help,
        kind: 'counter',
        values: [{ value }],
      });
      return [
        {
          name: 'catalogue_torrents',
          help: 'Publications that are found.',
          kind: 'gauge',
          values: [{ value: torrents }],
        },
        counter('searches_total', 'Searches over the API.', counts.searches),
        counter('publications_taken_total', 'Signed records that were taken.', counts.taken),
        counter('publications_refused_total', 'Signed records that were refused.', counts.refused),
      ];
    },
  };
}

function answerTo(taken: Taken): IndexResponse {
  switch (taken.kind) {
    case 'taken':
    case 'known':
      return jsonResponse({
        infoHash: taken.infoHash,
        revision: taken.revision,
        isNew: taken.kind === 'taken',
      });
    case 'old':
      return refuse(
        'old-sequence',
        `A record with the sequence ${taken.sequence} stands: sign with a higher one.`,
        {
          sequence: taken.sequence,
        },
      );
    case 'refused':
      return errorResponse(takenStatus[taken.code] ?? 400, taken.code, taken.message);
  }
}

/** Errors about what was sent; all others are ours, and thrown again. */
function refuseWhatWasSent(error: unknown): IndexResponse {
  if (error instanceof IdentityError)
    return errorResponse(error.code === 'bad-signature' ? 403 : 400, error.code, error.message);
  if (error instanceof DirectoryError) return errorResponse(400, error.code, error.message);
  if (error instanceof IndexError && error.code === 'unavailable')
    return refuse('unavailable', error.message, { retryInMs: 5_000 });
  if (error instanceof IndexError) return errorResponse(statusOfCode[error.code], error.code, error.message);
  throw error;
}

function json(body: string): IndexResponse {
  return { status: 200, headers: { 'Content-Type': 'application/json' }, body };
}
