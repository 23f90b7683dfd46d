// The catalogues of the indexes that the config names: asked all at once and merged by torrent, and told what the key of
// this node says. One that fails is named in the answer, and spoils nothing; where all fail, the first failure is the answer.

import type { FindAnswer, FindQuery, FoundTorrent, NewPublication, SaidAnswer } from '@shoal/api';
import { fromHex, type World } from '@shoal/base';
import {
  type CatalogueClient,
  contentOf,
  createCatalogueClient,
  DirectoryError,
  type Merged,
  mergedOrders,
  mergeFound,
  type PublicationContent,
  type ReportReason,
  type Saying,
  sayTo,
  signPublication,
  signRating,
  signReport,
  signWithdrawal,
} from '@shoal/directory';
import type { Identity } from '@shoal/identity';
import { magnetOf, parseMagnet, type Torrent } from '@shoal/metainfo';
import { NodeError } from '../errors.ts';
import { torrentOf } from '../transfers/torrent-files.ts';

export interface CataloguesOptions {
  readonly world: Pick<World, 'clock' | 'hashing' | 'http'>;
  readonly identity: Identity;
  readonly version: string;
  /** None in a network mode that asks no index. */
  readonly indexes: () => readonly string[];
}

type IndexFailure = FindAnswer['failures'][number];

export class Catalogues {
  readonly #o: CataloguesOptions;

  constructor(options: CataloguesOptions) {
    this.#o = options;
  }

  async find(query: FindQuery): Promise<FindAnswer> {
    const fields = Object.entries(query).map(([name, value]) => [name, String(value)] as const);
    const { answers, failures } = await this.#each((client) => client.search(fields));
    const usual = query.q === undefined || query.q.trim() === '' ? 'newest' : 'relevance';
    const merged = mergeFound(
      answers.map(({ url, value }) => ({ url, answer: value })),
      mergedOrders[query.sort ?? usual],
    );
    return {
      results: merged.map(describe),
      failures,
      corrected: Object.assign({}, ...answers.map(({ value }) => value.corrected)),
      total: Math.max(0, ...answers.map(({ value }) => value.total)),
    };
  }

  publish(what: NewPublication, torrent: Torrent | undefined): Promise<SaidAnswer> {
    const file = what.torrent === undefined ? torrent : this.#torrentIn(what.torrent);
    const said = contentOf(
      file === undefined
        ? { kind: 'magnet', magnet: parseMagnet(what.link ?? '') }
        : { kind: 'torrent', torrent: file },
    );
    const title = (what.title ?? said.title)?.trim();
    if (title === undefined || title === '')
      throw new NodeError('invalid', 'The link has no name: say as title what it is called.');
    const content: PublicationContent = {
      ...said,
      title,
      description: what.description?.trim() || undefined,
      tags: (what.tags ?? []).map((tag) => tag.toLowerCase()),
      category: what.category ?? 'other',
      language: what.language,
      licence: what.licence,
      size: what.size ?? said.size,
      supersedes: (what.supersedes ?? []).map(shortHash),
    };
    return this.#say((saying) => signPublication(this.#o.identity, content, saying));
  }

  #torrentIn(base64: string): Torrent {
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.length === 0) throw new NodeError('invalid', 'torrent is no base64.');
    return torrentOf(new Uint8Array(bytes), this.#o.world.hashing);
  }

  withdraw(infoHash: string): Promise<SaidAnswer> {
    const torrent = shortHash(infoHash);
    return this.#say((saying) => signWithdrawal(this.#o.identity, torrent, saying));
  }

  rate(infoHash: string, { stars, comment }: { readonly stars?: number; readonly comment?: string }) {
    const content = { torrent: shortHash(infoHash), stars, comment: comment?.trim() || undefined };
    return this.#say((saying) => signRating(this.#o.identity, content, saying));
  }

  report(
    infoHash: string,
    { reason, comment }: { readonly reason: ReportReason; readonly comment?: string },
  ) {
    const content = { torrent: shortHash(infoHash), reason, comment: comment?.trim() || undefined };
    return this.#say((saying) => signReport(this.#o.identity, content, saying));
  }

  async #say(sign: (saying: Saying) => Uint8Array): Promise<SaidAnswer> {
    const wallTimeMs = this.#o.world.clock.wallTimeMs();
    const { answers, failures } = await this.#each((client) => sayTo(client, sign, { wallTimeMs }));
    return {
      infoHash: answers[0]?.value.infoHash ?? '',
      key: this.#o.identity.id,
      revision: Math.max(0, ...answers.map(({ value }) => value.revision)),
      indexes: answers.map(({ url }) => url),
      failures,
    };
  }

  async #each<Value>(ask: (client: CatalogueClient) => Promise<Value>) {
    const { world, version, indexes } = this.#o;
    const urls = indexes();
    if (urls.length === 0)
      throw new NodeError(
        'no-index',
        'No index is known: name some with "indexes" in the config, and a network mode that asks them.',
      );
    const answers: { readonly url: string; readonly value: Value }[] = [];
    const failed: { readonly failure: IndexFailure; readonly error: unknown }[] = [];
    await Promise.all(
      urls.map(async (url) => {
        try {
          const client = createCatalogueClient(world, { url, userAgent: `Shoal/${version}` });
          answers.push({ url: client.url, value: await ask(client) });
        } catch (error) {
          failed.push({ failure: failureOf(url, error), error });
        }
      }),
    );
    if (answers.length === 0) throw failed[0]?.error;
    return { answers, failures: failed.map(({ failure }) => failure) };
  }
}

function failureOf(index: string, error: unknown): IndexFailure {
  const code = error instanceof DirectoryError ? (error.refusal ?? error.code) : 'failed';
  return { index, code, message: error instanceof Error ? error.message : String(error) };
}

/** As the catalogues name a torrent: the first 20 bytes. */
function shortHash(infoHash: string): Uint8Array {
  const bytes = fromHex(infoHash)?.subarray(0, 20);
  if (bytes === undefined) throw new NodeError('invalid', 'That is no info hash.', { value: infoHash });
  return bytes;
}

function describe(one: Merged): FoundTorrent {
  const { publication, addedMs } = one.entry;
  const { title, category, tags, trackers, description, language, licence, size, fileCount } = publication;
  const { v1, v2 } = publication.infoHashes;
  return {
    infoHash: one.infoHash,
    title,
    category,
    tags: [...tags],
    ...(description !== undefined && { description }),
    ...(language !== undefined && { language }),
    ...(licence !== undefined && { licence }),
    ...(size !== undefined && { size }),
    ...(fileCount !== undefined && { fileCount }),
    files: publication.files.map(({ path, length }) => ({ path, size: length })),
    magnet: magnetOf({ infoHashes: { ...(v1 && { v1 }), ...(v2 && { v2 }) }, name: title, trackers }),
    addedMs,
    seeds: one.seeds,
    leechers: one.leechers,
    ...(one.ratings > 0 && { stars: one.stars }),
    ratings: one.ratings,
    reports: one.reports,
    publishers: [...one.publishers],
    indexes: [...one.indexes],
  };
}
