// Serves a folder over HTTP or HTTPS: files with ranges, listings, and uploads by those who may write.
// Invariant: every request is answered or hung up on; what fails is told in one line, and nothing of the disk is in it.

import { realpath } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { NodeError } from '../errors.ts';
import * as bound from './bounds.ts';
import { Checksums } from './checksums.ts';
import { listFolder, listingPage } from './listing.ts';
import { findPlace, findRoom, isPortable, namesOf, type Place } from './paths.ts';
import { sendFile } from './send.ts';
import { Uplink } from './uplink.ts';
import { receive, sweepParts, uploadedLength } from './upload.ts';
import { everybodyReads, type Users } from './users.ts';

export interface FileServerOptions {
  readonly folder: string;
  readonly address: string;
  /** 0 picks one. */
  readonly port: number;
  readonly users?: Users;
  /** PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** For all files that are sent, together. Default: none. */
  readonly upBytesPerSecond?: number;
  /** Told of each answer. */
  readonly answered?: (answer: Answered) => void;
}

export interface Answered {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly from: string;
}

export interface FileServer {
  readonly url: string;
  readonly port: number;
  /** Ends what is under way after a moment. */
  close(): Promise<void>;
}

const graceMs = 2000;

/** Rejects with a NodeError. */
export async function serveFolder(options: FileServerOptions): Promise<FileServer> {
  const root = await realpath(options.folder).catch((cause: Error) => {
    throw new NodeError('not-found', `${options.folder} cannot be served: ${cause.message}.`, { cause });
  });
  const handler = new Handler(root, options);
  const settings = {
    maxHeaderSize: bound.longestHead,
    headersTimeout: bound.headTimeoutMs,
    // A large upload may take as long as it takes, as long as something comes.
    requestTimeout: 0,
    keepAliveTimeout: 10_000,
    highWaterMark: bound.readLength,
  };
  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void handler.answer(request, response);
  let server: Server;
  try {
    server =
      options.tls === undefined
        ? createServer(settings, listener)
        : createTlsServer({ ...settings, cert: options.tls.certificate, key: options.tls.key }, listener);
  } catch (cause) {
    throw new NodeError('config-invalid', `The certificate or key cannot be used: ${wordsOf(cause)}.`, {
      cause,
    });
  }
  // Whoever asks before it sends hears a no before it has sent anything.
  server.on('checkContinue', listener);
  server.maxConnections = bound.mostConnections;
  server.setTimeout(bound.idleTimeoutMs);
  const port = await listen(server, options);
  const host = options.address.includes(':') ? `[${options.address}]` : options.address;
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${host}:${port}/`,
    port,
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function listen(server: Server, { address, port }: FileServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE';
      const why = isTaken ? 'another program has it' : cause.message;
      reject(
        new NodeError(
          isTaken ? 'port-in-use' : 'cannot-listen',
          `Cannot listen on ${address}, port ${port}: ${why}.\nChoose another one with --port N.`,
          { cause },
        ),
      );
    });
    server.listen({ host: address, port }, () => {
      const bound: AddressInfo | string | null = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}

class Handler {
  readonly #root: string;
  readonly #options: FileServerOptions;
  readonly #users: Users;
  readonly #checksums = new Checksums();
  readonly #uplink: Uplink;
  /** Folders that were looked through for uploads nobody goes on with. */
  readonly #swept = new Set<string>();

  constructor(root: string, options: FileServerOptions) {
    this.#root = root;
    this.#options = options;
    this.#users = options.users ?? everybodyReads;
    this.#uplink = new Uplink(options.upBytesPerSecond ?? Number.POSITIVE_INFINITY);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '/' } = request;
    response.on('close', () =>
      this.#options.answered?.({
        method,
        path: url.slice(0, 1000),
        status: response.statusCode,
        from: request.socket.remoteAddress ?? '',
      }),
    );
    response.on('error', () => {});
    try {
      const mark = url.indexOf('?');
      const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
      await this.#dispatch(request, response, namesOf(mark === -1 ? url : url.slice(0, mark)), query);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else if (
        error instanceof Error &&
        'code' in error &&
        (error.code === 'ENOSPC' || error.code === 'EDQUOT')
      )
        refuse(response, 507, 'There is no room for it.');
      else refuse(response, 500, 'This server could not do that.');
    }
  }

  async #dispatch(
    request: IncomingMessage,
    response: ServerResponse,
    asked: ReturnType<typeof namesOf>,
    query: URLSearchParams,
  ): Promise<void> {
    const right = await this.#users.rightOf(request.headers.authorization);
    if (right === 'busy') {
      response.setHeader('retry-after', 1);
      return refuse(response, 429, 'Too many have said who they are: ask again in a moment.');
    }
    if (right === undefined) {
      response.setHeader('www-authenticate', 'Basic realm="Shoal", charset="UTF-8"');
      return refuse(response, 401, 'Say who you are.');
    }
    if (asked === undefined) return refuse(response, 404, 'There is nothing of that name.');
    const { method } = request;
    if (method === 'PUT') {
      if (right !== 'write') return refuse(response, 403, 'You may read here, and not write.');
      return await this.#put(request, response, asked);
    }
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('allow', right === 'write' ? 'GET, HEAD, PUT' : 'GET, HEAD');
      return refuse(response, 405, 'That is not done here.');
    }
    if (query.has('upload') && right === 'write') {
      const room = await findRoom(this.#root, asked.names);
      if (room === undefined) return refuse(response, 404, 'There is no such folder.');
      response.writeHead(204, { 'upload-offset': await uploadedLength(room) }).end();
      return;
    }
    const place = await findPlace(this.#root, asked.names);
    if (place === undefined || (place.kind === 'file' && asked.isFolder))
      return refuse(response, 404, 'There is nothing of that name.');
    if (place.kind === 'folder') return await this.#folder(request, response, asked, place, query);
    if (/\bsha-256\b/.test(`${request.headers['want-repr-digest'] ?? ''}`)) {
      const sum = Buffer.from(await this.#checksums.of(place), 'hex').toString('base64');
      response.setHeader('repr-digest', `sha-256=:${sum}:`);
    }
    await sendFile(request, response, place, this.#uplink);
  }

  async #folder(
    request: IncomingMessage,
    response: ServerResponse,
    { names, isFolder }: NonNullable<ReturnType<typeof namesOf>>,
    place: Place,
    query: URLSearchParams,
  ): Promise<void> {
    if (!isFolder) {
      const to = `/${names.map(encodeURIComponent).join('/')}/`;
      response.writeHead(301, { location: to, 'content-length': 0 }).end();
      return;
    }
    const wantsJson = query.has('json') || /\bapplication\/json\b/.test(request.headers.accept ?? '');
    const checksum = query.has('checksums') ? (file: Place) => this.#checksums.of(file) : undefined;
    if (!wantsJson && checksum === undefined) {
      const page = await findPlace(this.#root, [...names, 'index.html']);
      if (page?.kind === 'file') return await sendFile(request, response, page, this.#uplink);
    }
    const listing = await listFolder(this.#root, names, place, checksum);
    const body = wantsJson ? `${JSON.stringify(listing)}\n` : listingPage(names, listing);
    response.writeHead(200, {
      'content-type': wantsJson ? 'application/json' : 'text/html; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      vary: 'accept',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async #put(
    request: IncomingMessage,
    response: ServerResponse,
    { names, isFolder }: NonNullable<ReturnType<typeof namesOf>>,
  ): Promise<void> {
    if (!names.every(isPortable))
      return refuse(response, 400, 'Not every system can have files of that name.');
    const room = isFolder ? undefined : await findRoom(this.#root, names);
    if (room === undefined)
      return refuse(response, 409, 'There is no such folder, or a folder has that name.');
    const {
      'content-encoding': encoding = 'identity',
      'if-match': match,
      'if-none-match': noMatch,
    } = request.headers;
    if (encoding !== 'identity') return refuse(response, 415, 'Files are taken as they are, and not packed.');
    const there = await findPlace(this.#root, names);
    if ((noMatch === '*' && there !== undefined) || (match !== undefined && !isNamed(there, match)))
      return refuse(response, 412, 'What is there is not what you said.');
    const folder = dirname(room);
    if (!this.#swept.has(folder)) {
      this.#swept.add(folder);
      await sweepParts(folder);
    }
    if (request.headers.expect !== undefined) response.writeContinue();
    const answer = await receive(request, room);
    if (answer.kind === 'refused') return refuse(response, answer.status, answer.why);
    if (answer.kind !== 'done') {
      response.setHeader('upload-offset', answer.at);
      if (answer.kind === 'gap') return refuse(response, 409, `It goes on at byte ${answer.at}.`);
      response.writeHead(202, { 'content-length': 0 }).end();
      return;
    }
    const { sha256, length } = answer;
    const body = `${JSON.stringify({ length, sha256 })}\n`;
    response.writeHead(answer.isNew ? 201 : 200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'repr-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
    });
    response.end(body);
  }
}

/** Whether If-Match names this state of a file. */
function isNamed(place: Place | undefined, match: string): boolean {
  return place !== undefined && match.split(',').some((one) => ['*', place.tag].includes(one.trim()));
}

function refuse(response: ServerResponse, status: number, why: string): void {
  const body = `${why}\n`;
  const { req: request } = response;
  // It has asked first, and may send its body or not: who knows what comes next over this connection.
  const asksFirst = request.headers.expect !== undefined;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...(asksFirst && { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  if (!asksFirst && !request.complete) readUnwanted(request);
}

/** A client that is cut off while it sends does not hear the answer: what it sends is read, and dropped, up to a point. */
function readUnwanted(request: IncomingMessage): void {
  let bytes = 0;
  const end = () => request.destroy();
  const timer = setTimeout(end, bound.unwantedMs);
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bound.mostUnwantedBytes) end();
  });
  request.on('close', () => clearTimeout(timer));
  request.on('error', () => {});
  request.resume();
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
