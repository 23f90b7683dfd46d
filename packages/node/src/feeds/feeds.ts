// The feeds that are followed: each is asked at its interval, and what fits its filter becomes transfers. Invariants: an item
// is taken once, whatever the feed calls it the next time its torrent comes; what was taken is on the disk before the next
// one is; a failure of any kind leaves what is known, and is told with a code.

import type { Feed, FeedChange, FeedItem, NewFeed, NewTransfer } from '@shoal/api';
import { RoomError, type Timer, type World } from '@shoal/base';
import { maxTorrentLength, parseMagnet } from '@shoal/metainfo';
import {
  feedsLookMs,
  longestFeed,
  mostFeeds,
  mostFeedsAtOnce,
  mostItemTries,
  mostTakenAtOnce,
} from '../bounds.ts';
import { NodeError } from '../errors.ts';
import type { Log } from '../log.ts';
import { torrentOf } from '../transfers/torrent-files.ts';
import type { Transfers } from '../transfers/transfers.ts';
import { episodeOf } from './episodes.ts';
import { ComeBackLater, type Fetched, fetchBytes } from './fetch.ts';
import { judgeItems, sizeMisfit } from './filter.ts';
import type { ParsedItem } from './parse.ts';
import { type FeedSettings, type FeedState, FeedStore, newState, settingsOf, trim } from './store.ts';
import { textOf } from './text.ts';

export interface FeedsParts {
  /** Bound and filtered as the node's. */
  readonly world: Pick<World, 'clock' | 'disk' | 'hashing' | 'http' | 'random'>;
  readonly data: string;
  readonly version: string;
  readonly log: Log;
  readonly transfers: Transfers;
}

export class Feeds {
  readonly #parts: FeedsParts;
  readonly #store: FeedStore;
  readonly #states: Map<string, FeedState>;
  readonly #items = new Map<string, readonly FeedItem[]>();
  readonly #asking = new Map<string, Promise<void>>();
  readonly #dueMs = new Map<string, number>();
  readonly #closing = new AbortController();
  #feeds: FeedSettings[] = [];
  #timer: Timer | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();

  private constructor(parts: FeedsParts, store: FeedStore, states: Map<string, FeedState>) {
    this.#parts = parts;
    this.#store = store;
    this.#states = states;
  }

  static async open(parts: FeedsParts): Promise<Feeds> {
    const store = new FeedStore(parts.world.disk, parts.data);
    const feeds = new Feeds(parts, store, await store.readStates());
    await feeds.reload();
    feeds.#again();
    return feeds;
  }

  list(): Feed[] {
    return this.#feeds.map((feed) => this.#describe(feed));
  }

  items(id: string): readonly FeedItem[] {
    this.#get(id);
    return this.#items.get(id) ?? [];
  }

  add(given: NewFeed): Promise<Feed> {
    return this.#inTurn(async () => {
      const feed = await settingsOf(this.#newId(), given);
      if (this.#feeds.some(({ url }) => url === feed.url))
        throw new NodeError('duplicate', 'This feed is followed already.', { value: feed.url });
      if (this.#feeds.length >= mostFeeds)
        throw new NodeError('too-large', `There are ${mostFeeds} feeds already.`);
      await this.#keep([...this.#feeds, feed]);
      return this.#describe(feed);
    });
  }

  change(id: string, { folder, ...change }: FeedChange): Promise<Feed> {
    return this.#inTurn(async () => {
      const { id: _, folder: before, ...settings } = this.#get(id);
      const next = folder === undefined ? before : (folder ?? undefined);
      const feed = await settingsOf(id, {
        ...settings,
        ...change,
        ...(next !== undefined && { folder: next }),
      });
      await this.#keep(this.#feeds.map((one) => (one.id === id ? feed : one)));
      // What it left out may fit now.
      const state = this.#states.get(id);
      if (state !== undefined) {
        delete state.etag;
        delete state.modified;
      }
      this.#dueMs.set(id, 0);
      return this.#describe(feed);
    });
  }

  remove(id: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#get(id);
      await this.#keep(this.#feeds.filter((feed) => feed.id !== id));
    });
  }

  /** Resolves when it has answered, or failed; which of both is told by what it resolves to. */
  async check(id: string): Promise<Feed> {
    await this.#ask(this.#get(id));
    return this.#describe(this.#get(id));
  }

  /** Takes over what somebody has written into feeds.json; throws a NodeError `config-invalid` where that is wrong. */
  async reload(): Promise<void> {
    await this.#inTurn(async () => {
      const read = await this.#store.readSettings();
      if (read !== undefined) this.#use(read);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new NodeError('stopping', 'The node is stopping.'));
    this.#timer?.cancel();
    await Promise.allSettled([...this.#asking.values(), this.#turn]);
    await this.#writing;
  }

  #inTurn<Value>(action: () => Promise<Value>): Promise<Value> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => {});
    return result;
  }

  #get(id: string): FeedSettings {
    const feed = this.#feeds.find((one) => one.id === id);
    if (feed === undefined) throw new NodeError('not-found', 'There is no such feed.', { value: id });
    return feed;
  }

  #newId(): string {
    const bytes = new Uint8Array(4);
    this.#parts.world.random.fill(bytes);
    const id = Buffer.from(bytes).toString('hex');
    return this.#feeds.some((feed) => feed.id === id) ? this.#newId() : id;
  }

  async #keep(feeds: readonly FeedSettings[]): Promise<void> {
    await this.#store.writeSettings(feeds);
    this.#use(feeds);
  }

  #use(feeds: readonly FeedSettings[]): void {
    this.#feeds = [...feeds];
    const ids = new Set(feeds.map(({ id }) => id));
    for (const known of [this.#states, this.#items, this.#dueMs])
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
  }

  #stateOf(id: string): FeedState {
    const state = this.#states.get(id) ?? newState();
    this.#states.set(id, state);
    return state;
  }

  #describe(feed: FeedSettings): Feed {
    const { taken, items, title, lastMs, error } = this.#states.get(feed.id) ?? newState();
    const dueMs = this.#dueOf(feed);
    const { clock } = this.#parts.world;
    return {
      ...feed,
      taken: taken.size,
      ...(items !== undefined && { items }),
      ...(title !== undefined && { title }),
      ...(lastMs !== undefined && { lastMs }),
      ...(feed.isOn && { nextMs: Math.round(clock.wallTimeMs() + Math.max(0, dueMs - clock.nowMs())) }),
      ...(error && { error }),
    };
  }

  /** Of the clock; a feed that was asked before a restart keeps its time. */
  #dueOf({ id, everySeconds }: FeedSettings): number {
    const { clock } = this.#parts.world;
    let dueMs = this.#dueMs.get(id);
    if (dueMs === undefined) {
      const { lastMs } = this.#states.get(id) ?? {};
      const agoMs =
        lastMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, clock.wallTimeMs() - lastMs);
      dueMs = clock.nowMs() + Math.max(0, everySeconds * 1000 - agoMs);
      this.#dueMs.set(id, dueMs);
    }
    return dueMs;
  }

  readonly #again = (): void => {
    if (this.#closing.signal.aborted) return;
    this.#timer = this.#parts.world.clock.setTimer(1000, () => {
      void this.#look().finally(this.#again);
    });
  };

  #lookedMs = Number.NEGATIVE_INFINITY;

  async #look(): Promise<void> {
    const { clock } = this.#parts.world;
    if (clock.nowMs() - this.#lookedMs >= feedsLookMs) {
      this.#lookedMs = clock.nowMs();
      await this.reload().catch((error: unknown) =>
        this.#parts.log.warn({ reason: messageOf(error) }, 'the feeds were not read again'),
      );
    }
    for (const feed of this.#feeds) {
      if (this.#asking.size >= mostFeedsAtOnce) return;
      if (feed.isOn && !this.#asking.has(feed.id) && this.#dueOf(feed) <= clock.nowMs()) void this.#ask(feed);
    }
  }

  #ask(feed: FeedSettings): Promise<void> {
    const { id } = feed;
    const running = this.#asking.get(id);
    if (running !== undefined) return running;
    const { clock } = this.#parts.world;
    const asking = this.#askOnce(feed)
      .then((afterMs) => {
        this.#dueMs.set(id, clock.nowMs() + Math.max(feed.everySeconds * 1000, afterMs));
      })
      .finally(() => this.#asking.delete(id));
    this.#asking.set(id, asking);
    return asking;
  }

  /** Never rejects; resolves to how long it wants to be left alone. */
  async #askOnce(feed: FeedSettings): Promise<number> {
    const { world, log } = this.#parts;
    const state = this.#stateOf(feed.id);
    state.lastMs = Math.round(world.clock.wallTimeMs());
    let afterMs = 0;
    try {
      await this.#take(feed, state);
      delete state.error;
    } catch (error) {
      if (this.#closing.signal.aborted) return 0;
      if (error instanceof ComeBackLater) afterMs = error.afterMs;
      const code = error instanceof RoomError ? error.code : 'failed';
      const isNew = state.error?.code !== code;
      state.error = { code, message: messageOf(error) };
      if (isNew) log.warn({ feed: feed.name, code, reason: messageOf(error) }, 'a feed failed');
    }
    await this.#save().catch((error: unknown) =>
      log.warn({ reason: messageOf(error) }, 'what feeds brought could not be recorded'),
    );
    return afterMs;
  }

  async #take(feed: FeedSettings, state: FeedState): Promise<void> {
    const { world, log } = this.#parts;
    const fetched = await fetchBytes(
      {
        url: feed.url,
        longest: longestFeed,
        mayBeLocal: true,
        signal: this.#closing.signal,
        headers: {
          ...(state.etag !== undefined && { 'if-none-match': state.etag }),
          ...(state.modified !== undefined && { 'if-modified-since': state.modified }),
        },
      },
      { ...world, version: this.#parts.version },
    );
    if (fetched.bytes === undefined) return;
    const text = textOf(fetched.bytes, fetched.headers['content-type']);
    // A node without feeds needs no parser of XML.
    const { parseFeed } = await import('./parse.ts');
    const { title, items } = await parseFeed(text, fetched.url, world.clock);
    if (title !== undefined) state.title = title;
    state.items = items.length;
    const reasons = judgeItems(items, feed.filter);
    const told: FeedItem[] = items.map((item, index) => ({
      ...describeItem(item),
      ...leftOut(reasons[index]),
    }));
    let [count, isWhole] = [0, true];
    // The oldest first: of an episode the first release is the one that is taken.
    for (const [index, item] of [...items.entries()].reverse()) {
      this.#closing.signal.throwIfAborted();
      if (reasons[index] !== undefined) continue;
      const before = state.taken.get(item.guid);
      if (before !== undefined) {
        told[index] = { ...describeItem(item), verdict: 'taken', ...(before !== '' && { transfer: before }) };
        continue;
      }
      if (count >= mostTakenAtOnce) {
        isWhole = false;
        continue;
      }
      const verdict = await this.#takeItem(feed, state, item, fetched);
      told[index] = { ...describeItem(item), ...verdict };
      if (verdict.verdict === 'failed') isWhole &&= (state.tries.get(item.guid) ?? 0) >= mostItemTries;
      if (verdict.verdict !== 'taken') continue;
      count++;
      trim(state);
      await this.#save();
      log.info({ feed: feed.name, title: item.title, id: verdict.transfer }, 'added from a feed');
    }
    this.#items.set(feed.id, told);
    // With something left to do, the same answer is wanted once more.
    const { etag, 'last-modified': modified } = fetched.headers;
    delete state.etag;
    delete state.modified;
    if (isWhole && etag !== undefined) state.etag = etag;
    if (isWhole && modified !== undefined) state.modified = modified;
  }

  async #takeItem(
    feed: FeedSettings,
    state: FeedState,
    item: ParsedItem,
    from: Fetched,
  ): Promise<Pick<FeedItem, 'verdict' | 'reason' | 'transfer'>> {
    const { guid } = item;
    const episode = feed.once === 'episode' ? episodeKeys(item) : [];
    if (episode.length > 0 && episode.every((key) => state.episodes.has(key)))
      return { verdict: 'left-out', reason: 'the episode was taken already' };
    const tries = state.tries.get(guid) ?? 0;
    if (tries >= mostItemTries) return { verdict: 'failed', reason: 'it failed too often' };
    const taken = (transfer: string): Pick<FeedItem, 'verdict' | 'transfer'> => {
      state.taken.set(guid, transfer);
      state.tries.delete(guid);
      for (const key of episode) state.episodes.add(key);
      return { verdict: 'taken', transfer };
    };
    const here = item.infoHash === undefined ? undefined : this.#parts.transfers.find(item.infoHash);
    if (here !== undefined) return taken(here.record.id);
    let failure: unknown = new NodeError('invalid', 'It names no torrent.');
    for (const link of item.links) {
      try {
        const what = await this.#torrentAt(link, feed, from);
        const misfit = what.size === undefined ? undefined : sizeMisfit(what.size, feed.filter);
        if (misfit !== undefined) return { verdict: 'left-out', reason: misfit };
        const { labels, folder, isPaused } = feed;
        const added = await this.#parts.transfers.add({
          ...what.given,
          ...(labels.length > 0 && { labels: [...labels] }),
          ...(folder !== undefined && { folder }),
          isPaused,
        });
        added.log.add({ kind: 'feed', message: `it came from the feed ${feed.name}` });
        return taken(added.record.id);
      } catch (error) {
        this.#closing.signal.throwIfAborted();
        if (error instanceof NodeError && error.code === 'duplicate')
          return taken(this.#parts.transfers.find(error.value ?? '')?.record.id ?? '');
        failure = error;
      }
    }
    state.tries.set(guid, tries + 1);
    return { verdict: 'failed', reason: messageOf(failure) };
  }

  async #torrentAt(
    link: string,
    feed: FeedSettings,
    from: Fetched,
  ): Promise<{ readonly given: NewTransfer; readonly size?: number }> {
    if (/^magnet:/i.test(link)) {
      parseMagnet(link);
      return { given: { link } };
    }
    const { world, version } = this.#parts;
    const ownHosts = [feed.url, from.url].map((url) => URL.parse(url)?.hostname);
    const { bytes = new Uint8Array() } = await fetchBytes(
      {
        url: link,
        longest: maxTorrentLength,
        mayBeLocal: from.isLocal && ownHosts.includes(URL.parse(link)?.hostname),
        signal: this.#closing.signal,
      },
      { ...world, version },
    );
    const { layout } = torrentOf(bytes, world.hashing);
    const size = layout.files.reduce((sum, { length, isPad }) => sum + (isPad ? 0 : length), 0);
    return { given: { torrent: Buffer.from(bytes).toString('base64') }, size };
  }

  /** One after the other, so that the last state stands there at the end. */
  #save(): Promise<void> {
    const saved = this.#writing.then(() => this.#store.writeStates(this.#states));
    this.#writing = saved.catch(() => {});
    return saved;
  }
}

function episodeKeys({ title, season, episode }: ParsedItem): string[] {
  const told = episodeOf(title);
  const number = season ?? told?.season;
  const [first, last] = episode === undefined ? (told?.episodes ?? []) : [episode, episode];
  if (told === undefined || number === undefined) return [];
  const end = told.isRepair ? ' proper' : '';
  if (first === undefined || last === undefined) return [`${told.show} ${number}${end}`];
  const count = Math.min(last - first + 1, 50);
  return Array.from({ length: count }, (_, index) => `${told.show} ${number}x${first + index}${end}`);
}

function describeItem({ title, guid, size, publishedMs }: ParsedItem): Omit<FeedItem, 'verdict'> {
  return {
    title,
    guid,
    ...(size !== undefined && { size }),
    ...(publishedMs !== undefined && { publishedMs }),
  };
}

function leftOut(reason: string | undefined): Pick<FeedItem, 'verdict' | 'reason'> {
  return reason === undefined ? { verdict: 'fits' } : { verdict: 'left-out', reason };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
