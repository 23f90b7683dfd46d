// The transfers of the node: what the engine runs, and what is remembered of it, kept one. Invariant: whatever was
// acknowledged is in the ledger; an info hash belongs to one transfer.

import { basename, dirname, isAbsolute, join } from 'node:path';
import type { FileChoice, NewTransfer, TransferChange } from '@shoal/api';
import { type Disk, type PeerAddress, type Timer, toHex, type World } from '@shoal/base';
import type { InfoHashes, Torrent } from '@shoal/metainfo';
import type { Home } from '@shoal/storage';
import type {
  Goals,
  ReleasableFile,
  SpeedLimits,
  TransferEvent,
  TransferOptions,
  TransferSource,
  TransferState,
} from '@shoal/swarm';
import { announceAgainMs, historyIntervalMs } from '../bounds.ts';
import { parsePeer, resolvePeers, trackersOf } from '../engine/addresses.ts';
import type { Engine } from '../engine/engine.ts';
import type { Finding } from '../engine/finding.ts';
import { NodeError } from '../errors.ts';
import type { Labels } from '../labels/labels.ts';
import type { Log } from '../log.ts';
import { fileGone, type ReleaseGate } from '../release/gate.ts';
import { addingError, readNewTransfer } from './adding.ts';
import { changedTrackers } from './change-trackers.ts';
import { choiceOf, matchesPath, priorityOf, wishOf } from './choice.ts';
import { fileBytesOf, refusalText } from './describe.ts';
import { Item } from './item.ts';
import { Ledger, type LedgerChange, type Remembered } from './ledger.ts';
import { infoHashesOf, type Priority, type TransferRecord } from './record.ts';
import { keepTorrent, readTorrent, removeState } from './torrent-files.ts';

export interface TransfersParts {
  readonly world: World;
  readonly engine: Engine;
  readonly finding: Finding;
  readonly version: string;
  readonly log: Log;
  /** Where files go when nobody says where. */
  readonly downloads: () => string;
  readonly labels: Labels;
  /** Whether what is given a label with a folder moves there. */
  readonly movesByLabel: () => boolean;
  readonly gate: ReleaseGate;
  /** Was fetched to the end, for the first time. */
  readonly fetched: (item: Item) => void;
}

export type TransfersNews =
  | { readonly kind: 'changed'; readonly item: Item }
  /** In its numbers alone. */
  | { readonly kind: 'touched'; readonly item: Item }
  /** To another place of the queue. */
  | { readonly kind: 'moved'; readonly item: Item }
  | { readonly kind: 'removed'; readonly item: Item };

export class Transfers {
  readonly #parts: TransfersParts;
  readonly #ledger: Ledger;
  /** In the order of the queue. */
  readonly #items: Item[] = [];
  readonly #byHash = new Map<string, Item>();
  /** Hashes of what is just being added. */
  readonly #adding = new Set<string>();
  readonly #listeners = new Set<(news: TransfersNews) => void>();
  readonly #closing = new AbortController();
  #historyTimer: Timer | undefined;

  private constructor(parts: TransfersParts, ledger: Ledger) {
    this.#parts = parts;
    this.#ledger = ledger;
  }

  static async open(parts: TransfersParts): Promise<Transfers> {
    const { world, engine, log } = parts;
    const { ledger, remembered, damaged } = await Ledger.open(world.disk, engine.data);
    if (damaged > 0) log.warn({ lines: damaged }, 'lines of transfers.log are damaged and were passed over');
    const transfers = new Transfers(parts, ledger);
    transfers.#load(remembered);
    transfers.#historyTimer = world.clock.setTimer(historyIntervalMs, transfers.#rememberAll);
    return transfers;
  }

  get disk(): Disk {
    return this.#parts.world.disk;
  }

  get all(): readonly Item[] {
    return this.#items;
  }

  listen(listener: (news: TransfersNews) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** By any of its info hashes, in hexadecimal. */
  find(id: string): Item | undefined {
    return this.#byHash.get(id);
  }

  /** Throws a NodeError `not-found`. */
  get(id: string): Item {
    const item = this.#byHash.get(id);
    if (item === undefined)
      throw new NodeError('not-found', 'There is no such transfer here.', { value: id });
    return item;
  }

  async add(given: NewTransfer): Promise<Item> {
    this.#closing.signal.throwIfAborted();
    const { world, engine, version } = this.#parts;
    const { signal } = this.#closing;
    const folder = given.folder ?? this.#parts.labels.folderOf(given.labels ?? []) ?? this.#parts.downloads();
    if (!isAbsolute(folder))
      throw new NodeError('invalid', `folder has to be absolute, not ${folder}.`, { value: folder });
    const peers = (given.peers ?? []).map(parsePeer);
    const added = await readNewTransfer(given, { world, version, data: engine.data, signal }).catch(
      (error: unknown) => {
        throw addingError(error);
      },
    );
    const { source } = added;
    const own = source.kind === 'magnet' ? source.magnet.peers : [];
    const addresses = await resolvePeers(world, [...peers, ...own]);
    const infoHashes = source.kind === 'torrent' ? source.torrent.infoHashes : source.magnet.infoHashes;
    const hashes = hexesOf(infoHashes);
    for (const hash of hashes)
      if (this.#byHash.has(hash) || this.#adding.has(hash))
        throw new NodeError('duplicate', 'This torrent is here already.', { value: hash });
    for (const hash of hashes) this.#adding.add(hash);
    try {
      const record = this.#recordOf(given, added, added.folder ?? folder);
      const state = await engine.stateFolder(infoHashes);
      if (source.kind === 'torrent') await keepTorrent(world.disk, state, source.torrent);
      const item = this.#start(record, source, {
        peers: addresses,
        ...(added.hashed && { hashed: added.hashed }),
      });
      try {
        await this.#ledger.write({ op: 'put', record });
      } catch (error) {
        await this.#forget(item);
        throw error;
      }
      this.#say({ kind: 'changed', item });
      return item;
    } finally {
      for (const hash of hashes) this.#adding.delete(hash);
    }
  }

  pause(item: Item): Promise<void> {
    return item.inTurn(async () => {
      await this.#keepFileBytes(item);
      const paused = item.transfer.pause();
      await this.#remember(item, { isPaused: true });
      await paused;
    });
  }

  resume(item: Item): Promise<void> {
    return item.inTurn(async () => {
      this.#requireRunning(item);
      if (item.record.refused !== undefined) return void this.#reconsider(item, item.record.refused.path);
      item.transfer.resume();
      await this.#remember(item, { isPaused: false });
    });
  }

  /** What was refused is looked at before anybody can have a byte of it. */
  async #reconsider(item: Item, path: string): Promise<void> {
    if (item.held !== undefined) return;
    this.#hold(item, `${basename(path)} is looked at again`);
    const verdict = await this.#parts.gate.askOnce(path, this.#closing.signal);
    item.held = undefined;
    if (verdict.kind === 'refused') this.#refuse(item, path, verdict.reason);
    // Where it is no more, it is fetched and looked at again, or was moved, and is looked at there.
    else if (verdict.kind === 'held' && verdict.reason !== fileGone)
      this.#told(item, 'scan', new Error(verdict.reason));
    else
      this.#inBackground(item, async () => {
        const { refused: _, ...record } = item.record;
        item.record = record;
        await this.#remember(item, { isPaused: false });
        item.transfer.resume();
      });
  }

  async #mayRelease(id: string, file: ReleasableFile): Promise<boolean> {
    const item = this.find(id);
    if (item === undefined) return false;
    const ended = new AbortController();
    const forget = file.transfer.subscribe((event) => {
      if (event.kind === 'state' && letsGo.has(event.state)) ended.abort();
    });
    const signal = AbortSignal.any([ended.signal, this.#closing.signal]);
    const held = (reason: string) =>
      this.#hold(item, `${basename(file.path)} waits for the scanner: ${reason}`);
    const verdict = await this.#parts.gate.ask(() => file.path, held, signal);
    item.held = undefined;
    if (verdict.kind === 'refused' && !signal.aborted) {
      const paused = item.transfer.pause();
      this.#refuse(item, file.path, verdict.reason);
      await paused;
    }
    // The engine, which asks once, calls a transfer complete with the last answer of any kind: a no waits until it stands still.
    if (verdict.kind !== 'clean' && !ended.signal.aborted)
      await new Promise((resolve) => ended.signal.addEventListener('abort', resolve));
    forget();
    return verdict.kind === 'clean';
  }

  #hold(item: Item, reason: string): void {
    if (item.held === reason) return;
    item.held = reason;
    this.#told(item, 'scan', new Error(reason));
  }

  #refuse(item: Item, path: string, reason: string): void {
    const refused = { path, reason };
    this.#told(item, 'refused', new Error(refusalText(refused)));
    this.#inBackground(item, () => this.#remember(item, { refused, isPaused: true }));
  }

  /** With `files`, removes what it fetched too, but for what is somebody's by now. */
  remove(item: Item, files: boolean): Promise<void> {
    return item.inTurn(async () => {
      if (this.find(item.record.id) !== item)
        throw new NodeError('not-found', 'There is no such transfer here.');
      const { id } = item.record;
      await this.#ledger.write({ op: 'removing', id, files });
      await this.#forget(item);
      await this.#clear(item, files);
      await this.#ledger.write({ op: 'removed', id });
    });
  }

  async change(item: Item, change: TransferChange): Promise<void> {
    const trackers = changedTrackers(item.record.trackers, change);
    await item.inTurn(async () => {
      const { record, transfer } = item;
      const { place, isForced, labels, mode } = change;
      const limits = change.limits && {
        down: change.limits.down === undefined ? record.limits.down : change.limits.down,
        up: change.limits.up === undefined ? record.limits.up : change.limits.up,
      };
      const { goals } = change;
      if (limits) transfer.setLimits(speedsOf(limits));
      if (goals) transfer.setGoals(goalsOf(goals));
      if (isForced !== undefined) transfer.setForced(isForced);
      const newMode = mode === undefined ? undefined : modeOf(mode, record.size);
      if (newMode) await transfer.setMode(newMode);
      if (place !== undefined) this.#place(item, place);
      await this.#remember(
        item,
        {
          ...(limits && { limits }),
          ...(goals && { goals }),
          ...(labels && { labels }),
          ...(isForced !== undefined && { isForced }),
          ...(newMode && { mode: newMode }),
        },
        place === undefined ? [] : [{ op: 'place', id: record.id, place: this.#items.indexOf(item) }],
      );
      if (labels !== undefined) await this.#followLabel(item, record.labels);
    });
    if (trackers !== undefined) await this.setTrackers(item, trackers);
  }

  /** Where a label has a folder that the ones before did not lead to. */
  async #followLabel(item: Item, before: readonly string[]): Promise<void> {
    const { labels, movesByLabel } = this.#parts;
    const folder = labels.folderOf(item.record.labels);
    if (folder === undefined || folder === labels.folderOf(before) || !movesByLabel()) return;
    if (folder === item.record.folder || item.transfer.moving?.state === 'moving') return;
    await this.#remember(item, { movingTo: folder });
    if (this.#isKnown(item)) this.#goOnMoving(item, folder);
  }

  /** Looks at all its files again. Resolves when that has begun. */
  verify(item: Item): Promise<void> {
    return item.inTurn(async () => {
      this.#requireFiles(item);
      const { transfer } = item;
      // Everything that is recorded of its files is dropped.
      const folder = transfer.home === undefined ? item.record.folder : aboveOf(transfer.home);
      void transfer.relocate(folder).catch((error: unknown) => this.#told(item, 'verify', error));
    });
  }

  /** Resolves when it is recorded that it is to be there. */
  move(item: Item, folder: string, isThere: boolean): Promise<void> {
    return item.inTurn(async () => {
      if (!isAbsolute(folder))
        throw new NodeError('invalid', `folder has to be absolute, not ${folder}.`, { value: folder });
      this.#requireFiles(item);
      if (item.transfer.moving?.state === 'moving')
        throw new NodeError('busy', `It is being moved to ${item.transfer.moving.folder} already.`);
      if (isThere) {
        await this.#parts.world.disk.stat(folder);
        void item.transfer.relocate(folder).then(
          () => this.#inBackground(item, () => this.#remember(item, { folder })),
          (error: unknown) => this.#told(item, 'move-failed', error),
        );
        return;
      }
      await this.#remember(item, { movingTo: folder });
      this.#goOnMoving(item, folder);
    });
  }

  #goOnMoving(item: Item, folder: string): void {
    const { transfer } = item;
    const ended = (change: Partial<TransferRecord>) =>
      this.#inBackground(item, async () => {
        const { movingTo: _, ...record } = item.record;
        item.record = record;
        await this.#remember(item, change);
      });
    transfer.move({ folder }).then(
      (left) => {
        if (left.length > 0)
          this.#told(item, 'move-left', new Error(`These stay in the old place: ${left.join(', ')}`));
        ended({ folder });
      },
      (error: unknown) => {
        this.#told(item, 'move-failed', error);
        // What was broken off by the end of the node goes on at its next start; what cannot be is given up.
        if (!this.#closing.signal.aborted && transfer.moving === undefined) ended({});
      },
    );
  }

  rename(item: Item, path: string, name: string): Promise<void> {
    return item.inTurn(async () => {
      this.#requireFiles(item);
      await item.transfer.rename(path, name);
      this.#say({ kind: 'changed', item });
    });
  }

  /** Its files keep their names. */
  retitle(item: Item, title: string): Promise<void> {
    return item.inTurn(() => this.#remember(item, { title }));
  }

  choose(item: Item, torrent: Torrent, { priority, files, globs, onlyThese }: FileChoice): Promise<void> {
    return item.inTurn(async () => {
      const before = priorityOf(item.record.choice);
      const count = torrent.layout.files.length;
      const unknown = files?.find((file) => file >= count || torrent.layout.files[file]?.isPad !== false);
      if (unknown !== undefined)
        throw new NodeError('not-found', `There is no file ${unknown} in it.`, { value: unknown });
      const isNamed = new Set(files);
      const hasAll = files === undefined && globs === undefined;
      const priorities = torrent.layout.files.map(({ path: names, isPad }, file): Priority => {
        const path = names.join('/');
        if (isPad) return 'normal';
        if (hasAll || isNamed.has(file) || globs?.some((glob) => matchesPath(path, glob))) return priority;
        return onlyThese === true ? 'skip' : (before?.(path, file) ?? 'normal');
      });
      const choice = choiceOf(priorities);
      const chosen = priorityOf(choice);
      await item.transfer.select(chosen === undefined ? () => true : wishOf(chosen));
      await this.#remember(item, { choice });
    });
  }

  /** In tiers, in place of those that it had. Those who are left out are told that it is gone. */
  setTrackers(item: Item, trackers: TransferRecord['trackers']): Promise<void> {
    return item.inTurn(async () => {
      await this.#remember(item, { trackers });
      void item.followed?.stop();
      item.keepOnly(new Set(trackers.flat()));
      this.#follow(item, false);
    });
  }

  /** Asks trackers and all others anew. */
  announce(item: Item): void {
    const nowMs = this.#parts.world.clock.nowMs();
    // Trackers ban those who ask all the time.
    if (nowMs - item.announcedMs < announceAgainMs) return;
    item.announcedMs = nowMs;
    item.followed?.quest?.renew();
  }

  addPeers(item: Item, addresses: readonly PeerAddress[]): void {
    for (const address of addresses) item.transfer.addPeer(address, 'given');
  }

  /** Undefined before the metadata has come. */
  async torrentOf(item: Item): Promise<Torrent | undefined> {
    const { torrent } = item.transfer;
    if (torrent !== undefined || !item.record.hasTorrent) return torrent;
    return await readTorrent(this.#parts.world, item.stateFolder, infoHashesOf(item.record));
  }

  async close(): Promise<void> {
    this.#closing.abort(new NodeError('stopping', 'The node is stopping.'));
    this.#historyTimer?.cancel();
    await Promise.all(this.#items.map((item) => item.inTurn(async () => {})));
    const records = this.#items.flatMap((item) => this.#news(item) ?? []);
    await this.#ledger.write(...records.map((record) => ({ op: 'put', record }) as const));
    await this.#ledger.close();
  }

  #load({ records, removing }: Remembered): void {
    const { engine } = this.#parts;
    for (const record of records) {
      try {
        const item = this.#start(record, this.#storedSource(record), { expectsFiles: true });
        if (record.movingTo !== undefined && record.hasTorrent) this.#goOnMoving(item, record.movingTo);
      } catch (error) {
        this.#parts.log.error({ err: error, id: record.id }, 'a transfer could not be started');
      }
    }
    for (const { record, files } of removing) {
      const options = this.#optionsOf(record);
      const transfer = engine.session.add(this.#storedSource(record), { ...options, isPaused: true });
      const item = new Item(record, transfer, { data: engine.data, clock: this.#parts.world.clock });
      void this.#clear(item, files)
        .then(() => this.#ledger.write({ op: 'removed', id: record.id }))
        .catch((error: unknown) => this.#parts.log.warn({ err: error }, 'a transfer is not all removed'));
    }
  }

  #storedSource(record: TransferRecord): TransferSource {
    const { world, engine } = this.#parts;
    const infoHashes = infoHashesOf(record);
    const { name, isPrivate, webSeeds } = record;
    if (record.hasTorrent) {
      const folder = join(engine.data, 'transfers', record.state);
      return {
        kind: 'stored',
        infoHashes,
        name,
        isPrivate,
        load: () => readTorrent(world, folder, infoHashes),
      };
    }
    const trackers = record.trackers.flat();
    return { kind: 'magnet', magnet: { infoHashes, name, trackers, webSeeds, peers: [] } };
  }

  #optionsOf(record: TransferRecord): TransferOptions {
    const priority = priorityOf(record.choice);
    return {
      folder: record.folder,
      journal: join(this.#parts.engine.data, 'transfers', record.state, 'journal'),
      overwrite: record.overwrite,
      mode: record.mode,
      isPaused: record.isPaused,
      isForced: record.isForced,
      goals: goalsOf(record.goals),
      history: record.history,
      limits: speedsOf(record.limits),
      webSeeds: record.webSeeds,
      gate: (file) => this.#mayRelease(record.id, file),
      ...(priority && { isWanted: wishOf(priority) }),
    };
  }

  #recordOf(
    given: NewTransfer,
    { source, link }: Awaited<ReturnType<typeof readNewTransfer>>,
    folder: string,
  ): TransferRecord {
    const { clock } = this.#parts.world;
    const described = source.kind === 'torrent' ? source.torrent : source.magnet;
    const { infoHashes } = described;
    const { v1, v2 } = hexOf(infoHashes);
    const ranges = source.kind === 'magnet' ? source.magnet.selectOnly : undefined;
    const size = source.kind === 'torrent' ? sizeOf(source.torrent) : 0;
    return {
      id: v1 ?? v2 ?? '',
      ...(v1 && { v1 }),
      ...(v2 && { v2 }),
      state: v2 ?? v1 ?? '',
      name: given.name ?? described.name ?? '',
      isPrivate: source.kind === 'torrent' && source.torrent.isPrivate,
      folder,
      addedMs: Math.round(clock.wallTimeMs()),
      hasTorrent: source.kind === 'torrent',
      ...(link !== undefined && { link }),
      trackers: [
        ...trackersOf(source),
        ...(given.path === undefined ? (given.trackers ?? []).map((url) => [url]) : []),
      ],
      webSeeds: [...(given.webSeeds ?? []), ...(source.kind === 'magnet' ? source.magnet.webSeeds : [])],
      labels: given.labels ?? [],
      limits: { down: given.limits?.down ?? null, up: given.limits?.up ?? null },
      goals: given.goals ?? {},
      isPaused: given.isPaused ?? false,
      isForced: given.isForced ?? false,
      overwrite: given.overwrite ?? false,
      mode: modeOf(given.mode, size),
      choice: {
        ...(given.select && { globs: given.select }),
        ...(ranges && { ranges: ranges.map(({ first, last }) => [first, last] as const) }),
      },
      size,
      bytes: 0,
      total: 0,
      isComplete: false,
      history: { downloadedBytes: 0, uploadedBytes: 0, sharedMs: 0 },
    };
  }

  #start(
    record: TransferRecord,
    source: TransferSource,
    more: Pick<TransferOptions, 'peers' | 'hashed' | 'expectsFiles'>,
  ): Item {
    const { engine, world } = this.#parts;
    const transfer = engine.session.add(source, { ...this.#optionsOf(record), ...more });
    const item = new Item(record, transfer, { data: engine.data, clock: world.clock });
    this.#items.push(item);
    for (const hash of [record.v1, record.v2]) if (hash !== undefined) this.#byHash.set(hash, item);
    transfer.subscribe((event) => this.#heard(item, event));
    this.#follow(item, (more.peers ?? []).length > 0);
    return item;
  }

  #follow(item: Item, hasPeers: boolean): void {
    const { trackers, isPrivate } = item.record;
    item.asked(trackers.flat());
    item.followed = this.#parts.finding.follow(item.transfer, {
      trackers,
      isPrivate,
      hasPeers,
      keepsSharing: true,
      failed: (by, message) => item.failed(by, message),
      found: (by) => item.found(by),
      report: (by, report) => item.reported(by, report),
    });
  }

  #heard(item: Item, event: TransferEvent): void {
    if (event.kind === 'piece') return;
    item.happened(event);
    if (event.kind === 'metadata' && !item.record.hasTorrent)
      this.#inBackground(item, () => this.#learned(item));
    if (event.kind === 'complete' && !(item.record.isComplete && item.record.completedMs !== undefined))
      this.#inBackground(item, () => this.#completed(item));
    this.#say({ kind: isOfPeers(event) ? 'touched' : 'changed', item });
  }

  /** What nobody waits for; what it could not write is written with the next change. */
  #inBackground(item: Item, action: () => Promise<void>): void {
    void item.inTurn(action).catch((error: unknown) => {
      this.#parts.log.warn({ err: error, id: item.record.id }, 'what happened could not be recorded');
    });
  }

  async #learned(item: Item): Promise<void> {
    const { torrent } = item.transfer;
    if (torrent === undefined || item.record.hasTorrent) return;
    const { v1, v2 } = hexOf(torrent.infoHashes);
    for (const hash of [v1, v2]) if (hash && !this.#byHash.has(hash)) this.#byHash.set(hash, item);
    const learned = {
      ...(v1 && { v1 }),
      ...(v2 && { v2 }),
      name: torrent.name,
      isPrivate: torrent.isPrivate,
      size: sizeOf(torrent),
    };
    // With v2 hashes alone, nothing can be verified before the piece layers have come.
    if (torrent.format === 'v2' && !torrent.hashes.isComplete) {
      await this.#remember(item, { name: learned.name, isPrivate: learned.isPrivate, size: learned.size });
      return;
    }
    const trackers = item.record.trackers.map((tier) => [...tier]);
    await keepTorrent(this.#parts.world.disk, item.stateFolder, {
      ...torrent,
      trackers: [...torrent.trackers, ...trackers],
    });
    await this.#remember(item, { ...learned, hasTorrent: true });
    // It was given a label before anybody knew what it is.
    if (item.record.movingTo !== undefined && item.transfer.moving === undefined)
      this.#goOnMoving(item, item.record.movingTo);
  }

  async #completed(item: Item): Promise<void> {
    await this.#learned(item);
    const { bytes, total } = item.transfer.progress;
    const completedMs = item.record.completedMs ?? Math.round(this.#parts.world.clock.wallTimeMs());
    const isFirst = item.record.completedMs === undefined && item.transfer.history.downloadedBytes > 0;
    await this.#remember(item, { isComplete: true, completedMs, bytes, total });
    if (isFirst) this.#parts.fetched(item);
  }

  async #remember(
    item: Item,
    change: Partial<TransferRecord>,
    more: readonly LedgerChange[] = [],
  ): Promise<void> {
    // What was removed meanwhile stays so.
    if (this.find(item.record.id) !== item)
      throw new NodeError('not-found', 'There is no such transfer here.');
    const before = item.record;
    item.record = { ...before, ...change };
    try {
      await this.#ledger.write({ op: 'put', record: item.record }, ...more);
    } catch (error) {
      item.record = before;
      throw error;
    }
    this.#say({ kind: 'changed', item });
  }

  /** The record with what was fetched, sent and verified since; undefined when that is what it says. */
  #news(item: Item): TransferRecord | undefined {
    const { record, transfer } = item;
    const { bytes, total } = transfer.progress.total > 0 ? transfer.progress : record;
    const { downloadedBytes, uploadedBytes, sharedMs } = transfer.history;
    const { history } = record;
    const isComplete = transfer.progress.total > 0 ? transfer.isComplete : record.isComplete;
    const isSame =
      history.downloadedBytes === downloadedBytes &&
      history.uploadedBytes === uploadedBytes &&
      Math.abs(sharedMs - history.sharedMs) < 10 * historyIntervalMs &&
      record.bytes === bytes &&
      record.total === total &&
      record.isComplete === isComplete;
    if (isSame) return undefined;
    const fresh = { downloadedBytes, uploadedBytes, sharedMs: Math.round(sharedMs) };
    item.record = { ...record, bytes, total, isComplete, history: fresh };
    return item.record;
  }

  readonly #rememberAll = (): void => {
    const records = this.#items.flatMap((item) => this.#news(item) ?? []);
    this.#ledger
      .write(...records.map((record) => ({ op: 'put', record }) as const))
      .catch((error: unknown) => this.#parts.log.warn({ err: error }, 'amounts could not be recorded'));
    this.#historyTimer = this.#parts.world.clock.setTimer(historyIntervalMs, this.#rememberAll);
  };

  async #keepFileBytes(item: Item): Promise<void> {
    const { torrent } = item.transfer;
    if (torrent !== undefined) item.fileBytes = fileBytesOf(item.transfer, torrent);
  }

  #place(item: Item, place: number): void {
    const from = this.#items.indexOf(item);
    const to = Math.min(place, this.#items.length - 1);
    this.#items.splice(from, 1);
    this.#items.splice(to, 0, item);
    item.transfer.moveTo(to);
    for (const moved of this.#items.slice(Math.min(from, to), Math.max(from, to) + 1))
      this.#say({ kind: 'moved', item: moved });
  }

  #isKnown(item: Item): boolean {
    return item.record.hasTorrent || item.transfer.torrent !== undefined;
  }

  #requireFiles(item: Item): void {
    if (!this.#isKnown(item))
      throw new NodeError('no-metadata', 'Its files are not known before its metadata has come.');
  }

  #told(item: Item, kind: string, error: unknown): void {
    item.log.add({ kind, message: error instanceof Error ? error.message : String(error) });
    this.#say({ kind: 'changed', item });
  }

  #requireRunning(item: Item): void {
    if (item.transfer.state === 'stopped')
      throw new NodeError('not-found', 'There is no such transfer here.');
  }

  /** Out of the lists, and nobody is told of it any more. */
  async #forget(item: Item): Promise<void> {
    const { v1, v2 } = item.record;
    for (const hash of [v1, v2])
      if (hash !== undefined && this.#byHash.get(hash) === item) this.#byHash.delete(hash);
    const at = this.#items.indexOf(item);
    if (at >= 0) this.#items.splice(at, 1);
    this.#say({ kind: 'removed', item });
    // Trackers that do not answer are not waited for.
    void item.followed?.stop();
    await item.transfer.stop();
  }

  async #clear(item: Item, files: boolean): Promise<void> {
    const { transfer, record } = item;
    if (files && record.hasTorrent) {
      const left = await transfer.destroy();
      if (left.length > 0) this.#parts.log.warn({ left }, 'files were left: they are somebody else’s by now');
    } else await transfer.stop();
    await removeState(this.#parts.world.disk, item.stateFolder);
  }

  #say(news: TransfersNews): void {
    for (const listener of this.#listeners) listener(news);
  }
}

/** Its files are let go of, or looked at anew: the gate is asked again for what is complete then. */
const letsGo: ReadonlySet<TransferState> = new Set(['paused', 'queued', 'failed', 'stopped', 'checking']);

function isOfPeers({ kind }: TransferEvent): boolean {
  return kind === 'peer-joined' || kind === 'peer-left' || kind === 'dht-node';
}

function hexOf({ v1, v2 }: InfoHashes): { readonly v1?: string; readonly v2?: string } {
  return { ...(v1 && { v1: toHex(v1) }), ...(v2 && { v2: toHex(v2) }) };
}

function hexesOf(infoHashes: InfoHashes): string[] {
  const { v1, v2 } = hexOf(infoHashes);
  return [v1, v2].filter((hash) => hash !== undefined);
}

function sizeOf({ layout }: Torrent): number {
  return layout.files.reduce((sum, { length, isPad }) => sum + (isPad ? 0 : length), 0);
}

function goalsOf({ ratio, seconds }: TransferRecord['goals']): Goals {
  return {
    ...(ratio !== undefined && { ratio }),
    ...(seconds !== undefined && { sharedMs: seconds * 1000 }),
  };
}

function speedsOf({ down, up }: TransferRecord['limits']): SpeedLimits {
  return {
    ...(down !== null && { downBytesPerSecond: down }),
    ...(up !== null && { upBytesPerSecond: up }),
  };
}

/** The folder that it was put into: the content's own is inside. */
function aboveOf({ folder, ownsFolder }: Home): string {
  return ownsFolder === true ? dirname(folder) : folder;
}

/** A volunteer holds a tenth of it, or 1 GiB before it is known. */
function modeOf(mode: NewTransfer['mode'], size: number): TransferRecord['mode'] {
  if (mode === undefined || mode === 'usual') return { kind: 'usual' };
  return mode === 'share'
    ? { kind: 'share', mostBytes: size === 0 ? 2 ** 30 : Math.ceil(size / 10) }
    : { kind: mode };
}
