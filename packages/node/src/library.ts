// A node inside another program: `createNode`, with the verbs of the command. It is the same node, with its data folder
// and its API on loopback; the verbs here are the API's, so that all that holds there holds here.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type AnswerOf,
  createClient,
  type NewTransfer,
  type NodeClient,
  type NodeEvent,
  type RequestOf,
  type TransferChange,
  type TransferFile,
  type TransferSummary,
} from '@shoal/api';
import { createNodeWorld } from '@shoal/base/node';
import { type LoadConfigOptions, loadConfig } from './config/load.ts';
import { usualPlaces } from './config/places.ts';
import { NodeError } from './errors.ts';
import { createLog } from './log.ts';
import { startNode } from './node.ts';
import { bindToConfig } from './reach/binding.ts';

export interface CreateNodeOptions {
  /** The folder for keys and state; one node at a time owns it. */
  readonly data: string;
  /** Keys of the config, as `shoal config --explain` lists them. No config file of the user's is read. */
  readonly config?: LoadConfigOptions['flags'];
  /** Takes one JSON object a line. Default: nobody hears. */
  readonly log?: (line: string) => void;
  /** Told to others as the client's version. */
  readonly version?: string;
}

export interface EmbeddedNode extends AsyncDisposable {
  readonly id: string;
  /** Where its API is, and the token for it: pages and other programs may be given them. */
  readonly url: string;
  readonly token: string;
  /** Where it accepts peers. */
  readonly peerPort: number;
  /** Every operation of the API. */
  readonly client: NodeClient;
  /** A magnet link, a torrent file (its bytes or its path), or the http: address of one. */
  get(
    what: string | Uint8Array,
    options?: Omit<NewTransfer, 'link' | 'url' | 'torrent' | 'path'>,
  ): Promise<EmbeddedTransfer>;
  /** Makes a torrent of a file or folder, and shares it where it is. */
  share(
    path: string,
    options?: Omit<NewTransfer, 'link' | 'url' | 'torrent' | 'path'>,
  ): Promise<EmbeddedTransfer>;
  /** By any of its info hashes; rejects with `not-found`. */
  transfer(id: string, signal?: AbortSignal): Promise<EmbeddedTransfer>;
  list(query?: RequestOf<'transfers'>['query'], signal?: AbortSignal): Promise<readonly TransferSummary[]>;
  /** What changes from now on, until the signal. */
  events(signal: AbortSignal): AsyncIterable<NodeEvent>;
  /** Saves everything and closes all; at most some seconds. */
  stop(): Promise<void>;
}

export interface EmbeddedTransfer {
  readonly id: string;
  show(signal?: AbortSignal): Promise<AnswerOf<'transfer'>>;
  files(signal?: AbortSignal): Promise<readonly TransferFile[]>;
  /** How it does now, and again each time that it changes; ends when it is removed. */
  progress(signal?: AbortSignal): AsyncGenerator<TransferSummary, void, void>;
  /** Until all that is wanted is here; rejects when it fails, is removed, or the signal is aborted. */
  whenComplete(signal?: AbortSignal): Promise<TransferSummary>;
  /** Bytes of a file in order, verified, whatever of it is here already: what is read is fetched first. */
  read(
    file: number,
    range?: { readonly start?: number; readonly end?: number },
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  change(change: TransferChange): Promise<void>;
  /** With `files`, what it fetched goes too. */
  remove(options?: { readonly files?: boolean }): Promise<void>;
}

export async function createNode(options: CreateNodeOptions): Promise<EmbeddedNode> {
  const data = resolve(options.data);
  const unbound = createNodeWorld();
  try {
    const { disk, clock } = unbound;
    const usual = usualPlaces({ platform: process.platform, environment: process.env, home: homedir() });
    const places = { ...usual, data, configFile: join(data, 'config.toml') };
    const flags = { api: '127.0.0.1:0', port: '0', ...options.config, data };
    const loaded = await loadConfig({ disk, places, flags });
    // The lists of addresses to block are the node's own, which reads them again when they change.
    const { bind, 'name-servers': nameServers } = loaded.config;
    const world = await bindToConfig(unbound, { bind, 'name-servers': nameServers });
    const { log: write = () => {}, version = '0.1.0' } = options;
    const log = createLog({ level: loaded.config['log.level'], clock, write });
    const node = await startNode({ world, loaded, places, version, log, pid: process.pid });
    const { id, url, token, peerPort } = node;
    const client = createClient({ url, fetch, token });
    let stopping: Promise<void> | undefined;
    const end = async () => {
      try {
        await node.stop();
      } finally {
        await world.close();
      }
    };
    const stop = () => {
      stopping ??= end();
      return stopping;
    };
    const add = async (body: NewTransfer) =>
      new ApiTransfer((await client.call('addTransfer', { body })).id, client, url);
    return {
      id,
      url,
      token,
      peerPort,
      client,
      get: async (what, given = {}) => add({ ...given, ...(await namedBy(what)) }),
      share: (path, given = {}) => add({ ...given, path: resolve(path) }),
      async transfer(asked, signal) {
        const { id } = await client.call('transfer', { params: { id: asked } }, signal);
        return new ApiTransfer(id, client, url);
      },
      list: async (query, signal) =>
        (await client.call('transfers', { ...(query && { query }) }, signal)).transfers,
      async *events(signal) {
        for await (const { event } of client.events(undefined, signal)) yield event;
      },
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await unbound.close();
    throw error;
  }
}

async function namedBy(what: string | Uint8Array): Promise<NewTransfer> {
  if (typeof what !== 'string') return { torrent: Buffer.from(what).toString('base64') };
  if (/^\s*magnet:/i.test(what)) return { link: what };
  if (/^https?:/i.test(what)) return { url: what };
  const { readFile } = await import('node:fs/promises');
  return { torrent: (await readFile(what)).toString('base64') };
}

class ApiTransfer implements EmbeddedTransfer {
  readonly id: string;
  readonly #client: NodeClient;
  readonly #url: string;

  constructor(id: string, client: NodeClient, url: string) {
    this.id = id;
    this.#client = client;
    this.#url = url;
  }

  get #named(): { readonly params: { readonly id: string } } {
    return { params: { id: this.id } };
  }

  show(signal?: AbortSignal): Promise<AnswerOf<'transfer'>> {
    return this.#client.call('transfer', this.#named, signal);
  }

  files(signal?: AbortSignal): Promise<readonly TransferFile[]> {
    return this.#client.call('files', this.#named, signal);
  }

  async *progress(signal?: AbortSignal): AsyncGenerator<TransferSummary, void, void> {
    const left = new AbortController();
    const until = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
    try {
      const { revision } = await this.#client.call('transfers', { query: { limit: 0 } }, until);
      yield await this.show(until);
      for await (const { event } of this.#client.events(revision, until)) {
        if (event.kind === 'reset') yield await this.show(until);
        if (event.kind === 'removed' && event.ids.includes(this.id)) return;
        if (event.kind !== 'transfers') continue;
        const changed = event.changed.find(({ id }) => id === this.id);
        if (changed !== undefined) yield changed;
      }
    } finally {
      left.abort();
    }
  }

  async whenComplete(signal?: AbortSignal): Promise<TransferSummary> {
    for await (const transfer of this.progress(signal)) {
      if (transfer.isComplete) return transfer;
      if (transfer.state === 'failed')
        throw new NodeError('not-running', transfer.error?.message ?? 'The transfer failed.');
    }
    throw new NodeError('not-found', 'The transfer was removed.', { value: this.id });
  }

  async *read(
    file: number,
    { start = 0, end }: { readonly start?: number; readonly end?: number } = {},
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, void> {
    if (end !== undefined && end <= start) return;
    const left = new AbortController();
    const until = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
    try {
      const address = new URL(`/api/transfers/${this.id}/files/${file}/content`, this.#url);
      const range = `bytes=${start}-${end === undefined ? '' : end - 1}`;
      const answer = await fetch(address, { headers: { range }, signal: until });
      if (answer.status === 416) return;
      if (!answer.ok || answer.body === null)
        throw new NodeError('not-running', `The file cannot be read (HTTP ${answer.status}).`);
      yield* answer.body;
    } finally {
      left.abort();
    }
  }

  async pause(): Promise<void> {
    await this.#client.call('pauseTransfer', this.#named);
  }

  async resume(): Promise<void> {
    await this.#client.call('resumeTransfer', this.#named);
  }

  async change(change: TransferChange): Promise<void> {
    await this.#client.call('changeTransfer', { ...this.#named, body: change });
  }

  async remove({ files = false }: { readonly files?: boolean } = {}): Promise<void> {
    await this.#client.call('removeTransfer', { ...this.#named, query: { files } });
  }
}
