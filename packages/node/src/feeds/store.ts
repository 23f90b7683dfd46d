// What is remembered of feeds: DATA/feeds.json says which are followed and how, and may be edited by hand while the node
// runs; DATA/feeds-state.json says what was taken. Invariant: both are whole whenever the power goes.

import { join } from 'node:path';
import { type Feed, type NewFeed, operations } from '@shoal/api';
import { type Disk, WorldError } from '@shoal/base';
import {
  longestFeedsFile,
  longestFeedsState,
  mostFeeds,
  mostRemembered,
  usualFeedSeconds,
} from '../bounds.ts';
import { NodeError } from '../errors.ts';
import { readWhole, writeWhole } from '../folder/files.ts';
import { validate } from '../server/validate.ts';
import { requirePattern } from './filter.ts';

export type FeedSettings = Omit<Feed, 'taken' | 'items' | 'title' | 'lastMs' | 'nextMs' | 'error'>;

/** Of one feed. */
export interface FeedState {
  /** Of the items that became transfers, or were here: the name of each, and the transfer. */
  readonly taken: Map<string, string>;
  /** Episodes, as `show 2x5`, with `proper` behind it for a later one that repairs it. */
  readonly episodes: Set<string>;
  /** How often an item could not be had. */
  readonly tries: Map<string, number>;
  title?: string;
  items?: number;
  lastMs?: number;
  etag?: string;
  modified?: string;
  error?: { readonly code: string; readonly message: string };
}

const settingsFile = 'feeds.json';
const stateFile = 'feeds-state.json';

export class FeedStore {
  readonly #disk: Disk;
  readonly #data: string;
  /** Of feeds.json, as it was read or written at last. */
  #stamp: string | undefined;

  constructor(disk: Disk, data: string) {
    this.#disk = disk;
    this.#data = data;
  }

  /** Undefined where it is as it was; throws a NodeError `config-invalid` for what cannot be meant. */
  async readSettings(): Promise<FeedSettings[] | undefined> {
    const stamp = await this.#look();
    if (stamp === this.#stamp) return undefined;
    this.#stamp = stamp;
    const text = await readWhole(this.#disk, this.#data, settingsFile, longestFeedsFile);
    if (text === undefined) return [];
    const wrong = (why: string) =>
      new NodeError('config-invalid', `${join(this.#data, settingsFile)}: ${why}`);
    let values: unknown;
    try {
      values = JSON.parse(text);
    } catch (cause) {
      throw wrong(cause instanceof Error ? cause.message : 'no JSON');
    }
    if (!Array.isArray(values) || values.length > mostFeeds)
      throw wrong(`it is no list of at most ${mostFeeds} feeds.`);
    const found: FeedSettings[] = [];
    for (const [index, value] of values.entries()) {
      const { id, ...rest }: { readonly id?: unknown } = Object(value);
      if (typeof id !== 'string' || !/^[0-9a-f]{8}$/.test(id) || found.some((one) => one.id === id))
        throw wrong(`feed ${index + 1} has no id of its own (8 hexadecimal digits).`);
      try {
        found.push(await settingsOf(id, rest));
      } catch (error) {
        throw wrong(`feed ${index + 1}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return found;
  }

  async writeSettings(feeds: readonly FeedSettings[]): Promise<void> {
    await writeWhole(this.#disk, this.#data, settingsFile, `${JSON.stringify(feeds, null, 1)}\n`);
    this.#stamp = await this.#look();
  }

  async readStates(): Promise<Map<string, FeedState>> {
    const text = await readWhole(this.#disk, this.#data, stateFile, longestFeedsState);
    const states = new Map<string, FeedState>();
    for (const [id, value] of Object.entries(objectOf(parsed(text))))
      states.set(id, stateOf(objectOf(value)));
    return states;
  }

  async writeStates(states: ReadonlyMap<string, FeedState>): Promise<void> {
    const plain = [...states].map(([id, state]) => {
      const { taken, episodes, tries, ...rest } = state;
      return [id, { ...rest, taken: [...taken], episodes: [...episodes], tries: [...tries] }] as const;
    });
    await writeWhole(this.#disk, this.#data, stateFile, `${JSON.stringify(Object.fromEntries(plain))}\n`);
  }

  async #look(): Promise<string> {
    try {
      const { id, length, modifiedMs } = await this.#disk.stat(join(this.#data, settingsFile));
      return `${id} ${length} ${modifiedMs}`;
    } catch (error) {
      if (error instanceof WorldError && error.code === 'not-found') return '';
      throw error;
    }
  }
}

/** Throws a NodeError `invalid`. */
export async function settingsOf(id: string, given: unknown): Promise<FeedSettings> {
  // Checked against the schema, of which this is the type.
  const valid = (await validate(operations.addFeed.body, 'body', given)) as NewFeed;
  if (!URL.canParse(valid.url))
    throw new NodeError('invalid', `${valid.url} is no address.`, { value: valid.url });
  const { filter = {} } = valid;
  if (filter.pattern !== undefined) requirePattern(filter.pattern);
  return {
    name: new URL(valid.url).host,
    everySeconds: usualFeedSeconds,
    isOn: true,
    labels: [],
    isPaused: false,
    once: 'torrent',
    ...valid,
    filter,
    id,
  };
}

export function newState(): FeedState {
  return { taken: new Map(), episodes: new Set(), tries: new Map() };
}

/** The oldest are forgotten. */
export function trim({ taken, episodes, tries }: FeedState): void {
  for (const all of [taken, episodes, tries])
    for (const key of all.keys()) {
      if (all.size <= mostRemembered) break;
      all.delete(key);
    }
}

function stateOf(value: Readonly<Record<string, unknown>>): FeedState {
  const state = newState();
  const { title, items, lastMs, etag, modified } = value;
  for (const [guid, id] of pairsIn(value.taken)) state.taken.set(guid, String(id));
  for (const episode of Array.isArray(value.episodes) ? value.episodes : [])
    state.episodes.add(String(episode));
  for (const [guid, count] of pairsIn(value.tries)) state.tries.set(guid, Number(count));
  const { code, message } = objectOf(value.error);
  if (typeof code === 'string' && typeof message === 'string') state.error = { code, message };
  if (typeof title === 'string') state.title = title;
  if (typeof items === 'number') state.items = items;
  if (typeof lastMs === 'number') state.lastMs = lastMs;
  if (typeof etag === 'string') state.etag = etag;
  if (typeof modified === 'string') state.modified = modified;
  return state;
}

function pairsIn(value: unknown): [string, unknown][] {
  return (Array.isArray(value) ? value : []).flatMap((pair: unknown): [string, unknown][] =>
    Array.isArray(pair) && typeof pair[0] === 'string' ? [[pair[0], pair[1]]] : [],
  );
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
