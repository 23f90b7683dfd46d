// Serves the pages as packages/web builds them: files with hashes in their names, kept in memory from the first
// request on, so that a build that comes while the node runs takes nothing away under an open page. Names come from
// the list that was read, never from a request's path.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Where the build of packages/web is. */
export const builtPages = fileURLToPath(new URL('../../../web/dist/', import.meta.url));

/**
 * Scripts and styles are the build's own files, and nothing comes from another server. Names and texts of strangers
 * are shown by these pages, so even a hole in them must have nothing to run; blob: is for pictures of a page's own.
 */
export const pagesSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "media-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  woff2: 'font/woff2',
};

const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

type Files = ReadonlyMap<string, Uint8Array>;

export interface PagesOptions {
  readonly folder: string;
  /** The page where nothing is built. */
  readonly fallback: (reply: FastifyReply) => unknown;
}

export function registerPages(app: FastifyInstance, { folder, fallback }: PagesOptions): void {
  let read: Promise<Files> | undefined;
  const files = (): Promise<Files> => {
    read ??= readFiles(folder).catch((error: unknown) => {
      // A build that takes the place of another is whole at the next request.
      read = undefined;
      throw error;
    });
    return read;
  };

  app.get('/', async (request, reply) => {
    const known = await files();
    if (!known.has('index.html')) {
      read = undefined;
      return fallback(reply);
    }
    reply.header('content-security-policy', pagesSecurityPolicy).header('cache-control', 'no-cache');
    return send(request, reply, known, 'index.html');
  });
  app.get<{ Params: { name: string } }>('/assets/:name', async (request, reply) => {
    const name = `assets/${request.params.name}`;
    const known = await files();
    if (!known.has(name)) return reply.callNotFound();
    reply.header('cache-control', 'public, max-age=31536000, immutable');
    return send(request, reply, known, name);
  });
}

function send(request: FastifyRequest, reply: FastifyReply, files: Files, name: string): FastifyReply {
  const accepted = request.headers['accept-encoding'] ?? '';
  reply.type(types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream');
  for (const [encoding, ending] of encodings) {
    const compressed = files.get(name + ending);
    if (compressed === undefined) continue;
    reply.header('vary', 'accept-encoding');
    if (!new RegExp(`\\b${encoding}\\b(?!;\\s*q=0(?:\\.0*)?(?:,|\\s|$))`).test(accepted)) continue;
    return reply.header('content-encoding', encoding).send(compressed);
  }
  return reply.send(files.get(name));
}

async function readFiles(folder: string): Promise<Files> {
  const files = new Map<string, Uint8Array>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(join(folder, '/').length).replaceAll('\\', '/'), await readFile(path));
  }
  return files;
}
