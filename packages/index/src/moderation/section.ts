// What an operator does about what others published: blocks, unblocks, and looks at who did what. Every route is for the
// operator alone; whose token is shown is asked before a body is read.

import type { BlockKind, Catalogue, TorrentDetails } from '../catalogue/catalogue.ts';
import { IndexError } from '../errors.ts';
import { errorResponse, type IndexRequest, jsonResponse, queryOf, type Route } from '../http/routes.ts';
import type { Section } from '../section.ts';
import { isOperator, requireOperator } from '../tracker/section.ts';
import type { Blocked } from './blocked.ts';

export interface ModerationOptions {
  readonly catalogue: Catalogue;
  readonly blocked: Blocked;
  readonly operatorToken: string | undefined;
}

/** A reason of some sentences. */
const longestBody = 4_096;
const usualPage = 100;
const mostOnPage = 1_000;
const kinds: readonly BlockKind[] = ['hash', 'key', 'word'];

export function moderationSection({ catalogue, blocked, operatorToken }: ModerationOptions): Section {
  function operators(route: Omit<Route, 'admits'>): Route {
    return {
      ...route,
      admits: (head) => isOperator(head, operatorToken),
      async handle(request) {
        requireOperator(request, operatorToken);
        return route.handle(request);
      },
    };
  }

  async function block({ body }: IndexRequest) {
    const { kind, value, reason = '', by } = readBlock(body);
    // A torrent with two names is blocked by both.
    const values = kind === 'hash' ? namesOf(value, await catalogue.details(value)) : [value];
    for (const one of values) await catalogue.block({ kind, value: one, reason }, by);
    await blocked.refresh();
    return jsonResponse({ blocked: values.map((one) => ({ kind, value: one, reason })) });
  }

  async function unblock(request: IndexRequest) {
    const { kind: named = '', value = '' } = request.params;
    const by = queryOf(request).get('by') ?? 'operator';
    const wasBlocked = await catalogue.unblock(kindOf(named), value, by);
    await blocked.refresh();
    if (!wasBlocked) return errorResponse(404, 'not-found', 'This is not blocked.');
    return jsonResponse({ unblocked: { kind: named, value } });
  }

  return {
    routes: [
      operators({
        method: 'GET',
        path: '/api/moderation/blocks',
        async handle() {
          const blocks = await catalogue.blocks();
          return jsonResponse({
            blocks: blocks.map(({ madeMs, ...one }) => ({ ...one, made: new Date(madeMs).toISOString() })),
          });
        },
      }),
      operators({ method: 'POST', path: '/api/moderation/blocks', maxBodyBytes: longestBody, handle: block }),
      operators({ method: 'DELETE', path: '/api/moderation/blocks/:kind/:value', handle: unblock }),
      operators({
        method: 'GET',
        path: '/api/moderation/audit',
        async handle(request) {
          const before = numberIn(request, 'before');
          const found = await catalogue.audit(before, numberIn(request, 'limit') ?? usualPage);
          return jsonResponse({
            entries: found.map(({ atMs, ...one }) => ({ ...one, at: new Date(atMs).toISOString() })),
          });
        },
      }),
      operators({
        method: 'GET',
        path: '/api/moderation/reports',
        async handle(request) {
          const infoHash = queryOf(request).get('torrent') ?? undefined;
          const found = await catalogue.reports(infoHash, numberIn(request, 'limit') ?? usualPage);
          return jsonResponse({
            reports: found.map(({ madeAtMs, ...one }) => ({
              ...one,
              made: new Date(madeAtMs).toISOString(),
            })),
          });
        },
      }),
    ],
    metrics: () => [
      {
        name: 'blocks',
        help: 'Hashes, keys and words that are blocked.',
        kind: 'gauge',
        values: [{ value: blocked.count }],
      },
    ],
    async close() {
      blocked.close();
    },
  };
}

function namesOf(value: string, details: TorrentDetails | undefined): string[] {
  const hashes = (details?.publications ?? []).flatMap(({ publication: { infoHashes } }) => [
    infoHashes.v1,
    infoHashes.v2?.subarray(0, 20),
  ]);
  const names = hashes.flatMap((hash) => (hash === undefined ? [] : [Buffer.from(hash).toString('hex')]));
  return [...new Set([value.trim().toLowerCase().slice(0, 64), ...names])].filter(
    (one, i) => i === 0 || one !== value.trim().toLowerCase().slice(0, 40),
  );
}

interface AskedBlock {
  readonly kind: BlockKind;
  readonly value: string;
  readonly reason: string | undefined;
  readonly by: string;
}

function readBlock(body: Uint8Array): AskedBlock {
  let fields: unknown;
  try {
    fields = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new IndexError('invalid', 'The body is no JSON.', { cause });
  }
  const text = (name: string): string | undefined => {
    const value: unknown = typeof fields === 'object' && fields !== null ? Reflect.get(fields, name) : '';
    if (value === undefined || typeof value === 'string') return value;
    throw new IndexError('invalid', `"${name}" is a text.`);
  };
  const value = text('value');
  if (value === undefined) throw new IndexError('invalid', '"value" is what is blocked.');
  return { kind: kindOf(text('kind') ?? ''), value, reason: text('reason'), by: text('by') ?? 'operator' };
}

function kindOf(text: string): BlockKind {
  const kind = kinds.find((one) => one === text);
  if (kind === undefined) throw new IndexError('invalid', 'What is blocked is a hash, a key or a word.');
  return kind;
}

function numberIn(request: IndexRequest, name: string): number | undefined {
  const text = queryOf(request).get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new IndexError('invalid', `${name} is a whole number.`);
  return name === 'limit' ? Math.min(Number(text), mostOnPage) : Number(text);
}
