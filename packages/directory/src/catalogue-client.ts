// The catalogue of one index by its URL: signed records are sent there, and searches are asked. What it finds counts as
// far as its publishers signed it; health and ratings are the index's word.

import { fromUtf8 } from '@shoal/base';
import { type AskParts, ask } from './ask.ts';
import { parseFound, type ReadFound } from './catalogue-answers.ts';
import { foundAtOnce, longestFound } from './catalogue-bounds.ts';
import { DirectoryError } from './errors.ts';
import { parseIndexUrl } from './index-client.ts';

export interface Accepted {
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  readonly revision: number;
}

export interface CatalogueClient {
  /** In the form that the URL parser has, ending with a slash. */
  readonly url: string;
  /**
   * Sends a signed record of any kind. Rejects with a DirectoryError, whose `sequence` says what stands where another one
   * is `old-sequence`.
   */
  say(record: Uint8Array, signal?: AbortSignal): Promise<Accepted>;
  /** The fields of a search as the index takes them in its URL. */
  search(fields: Iterable<readonly [name: string, value: string]>, signal?: AbortSignal): Promise<ReadFound>;
}

export function createCatalogueClient(
  parts: AskParts,
  options: { readonly url: string; readonly userAgent?: string },
): CatalogueClient {
  const base = parseIndexUrl(options.url);
  const headers = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': options.userAgent ?? 'Shoal',
  };
  return {
    url: base.href,
    async say(record, signal) {
      const { bytes } = await ask(parts, {
        url: new URL('api/catalogue', base).href,
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/octet-stream' },
        body: record,
        ...(signal && { signal }),
      });
      return parseAccepted(bytes);
    },
    async search(fields, signal) {
      const url = new URL('api/search', base);
      for (const [name, value] of fields) url.searchParams.append(name, value);
      url.searchParams.set('records', '1');
      if (!url.searchParams.has('limit')) url.searchParams.set('limit', String(foundAtOnce));
      const { bytes } = await ask(parts, { url: url.href, headers, ...(signal && { signal }) }, longestFound);
      return parseFound(bytes);
    },
  };
}

function parseAccepted(bytes: Uint8Array): Accepted {
  try {
    const { infoHash, revision } = JSON.parse(fromUtf8(bytes) ?? '');
    if (typeof infoHash === 'string' && /^[0-9a-f]{40}$/.test(infoHash) && Number.isSafeInteger(revision))
      return { infoHash, revision };
  } catch {
    // Told below.
  }
  throw new DirectoryError('malformed', 'The index did not say that it took the record.');
}
