// The transfers of the node: what the engine runs, and what is remembered of it, kept one. Invariant: whatever was
// acknowledged is in the ledger; an info hash belongs to one transfer.

import { isAbsolute } from 'node:path';
import type { FileChoice, NewTransfer, TransferChange } from '@shoal/api';
import type { Disk, PeerAddress, World } from '@shoal/base';
import type { Torrent } from '@shoal/metainfo';
import type { TransferEvent, TransferOptions, TransferSource } from '@shoal/swarm';
import { announceAgainMs } from '../bounds.ts';
import { parsePeer, resolvePeers } from '../engine/addresses.ts';
import type { Engine } from '../engine/engine.ts';
import type { Finding } from '../engine/finding.ts';
import { NodeError } from '../errors.ts';
import type { Labels } from '../labels/labels.ts';
import type { Log } from '../log.ts';
import type { ReleaseGate } from '../release/gate.ts';
import { type Added, addingError, readNewTransfer } from './adding.ts';
import { Changing } from './changing.ts';
import { engineOptions, storedSource } from './engine-options.ts';
import { fileRunsOf } from './file-bytes.ts';
import { Inventory, type TransfersNews } from './inventory.ts';
import { Item } from './item.ts';
import { Ledger, type Remembered } from './ledger.ts';
import { Moving } from './moving.ts';
import { hexesOf, hexOf, newRecord, sizeOf } from './new-record.ts';
import { infoHashesOf, type TransferRecord } from './record.ts';
import { Releasing } from './releasing.ts';
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

interface Making {
  readonly path: string;
  readonly bytes: number;
  readonly total: number;
}

export class Transfers {
  readonly #parts: TransfersParts;
  readonly #inventory: Inventory;
  readonly #moving: Moving;
  readonly #changing: Changing;
  readonly #releasing: Releasing;
  /** Hashes of what is just being added. */
  readonly #adding = new Set<string>();
  /** What is being hashed. */
  readonly #making = new Set<Making>();
  readonly #closing = new AbortController();

  private constructor(parts: TransfersParts, ledger: Ledger) {
    const { world, log, labels, movesByLabel, gate } = parts;
    const { signal } = this.#closing;
    const inventory = new Inventory(ledger, { clock: world.clock, log });
    this.#parts = parts;
    this.#inventory = inventory;
    this.#moving = new Moving({ inventory, disk: world.disk, labels, movesByLabel, signal });
    const follow = (item: Item) => this.#follow(item, false);
    this.#changing = new Changing({ inventory, moving: this.#moving, follow });
    this.#releasing = new Releasing({ inventory, gate, signal });
  }

  static async open(parts: TransfersParts): Promise<Transfers> {
    const { world, engine, log } = parts;
    const { ledger, remembered, damaged } = await Ledger.open(world.disk, engine.data);
    if (damaged > 0) log.warn({ lines: damaged }, 'lines of transfers.log are damaged and were passed over');
    const transfers = new Transfers(parts, ledger);
    transfers.#load(remembered);
    return transfers;
  }

  get disk(): Disk {
    return this.#parts.world.disk;
  }

  /** In the order of the queue. */
  get all(): readonly Item[] {
    return this.#inventory.all;
  }

  get making(): readonly Making[] {
    return [...this.#making].filter(({ total }) => total > 0).map((one) => ({ ...one }));
  }

  listen(listener: (news: TransfersNews) => void): () => void {
    return this.#inventory.listen(listener);
  }

  /** By any of its info hashes, in hexadecimal. */
  find(id: string): Item | undefined {
    return this.#inventory.find(id);
  }

  /** Throws a NodeError `not-found`. */
  get(id: string): Item {
    const item = this.find(id);
    if (item === undefined)
      throw new NodeError('not-found', 'There is no such transfer here.', { value: id });
    return item;
  }

  async add(given: NewTransfer): Promise<Item> {
    this.#closing.signal.throwIfAborted();
    const { world, engine } = this.#parts;
    const folder = given.folder ?? this.#parts.labels.folderOf(given.labels ?? []) ?? this.#parts.downloads();
    if (!isAbsolute(folder))
      throw new NodeError('invalid', `folder has to be absolute, not ${folder}.`, { value: folder });
    const peers = (given.peers ?? []).map(parsePeer);
    const added = await this.#read(given);
    const { source } = added;
    const own = source.kind === 'magnet' ? source.magnet.peers : [];
    const addresses = await resolvePeers(world, [...peers, ...own]);
    const infoHashes = source.kind === 'torrent' ? source.torrent.infoHashes : source.magnet.infoHashes;
    const hashes = hexesOf(infoHashes);
    for (const hash of hashes)
      if (this.find(hash) !== undefined || this.#adding.has(hash))
        throw new NodeError('duplicate', 'This torrent is here already.', { value: hash });
    for (const hash of hashes) this.#adding.add(hash);
    try {
      const record = newRecord(given, added, {
        folder: added.folder ?? folder,
        wallTimeMs: world.clock.wallTimeMs(),
      });
      const state = await engine.stateFolder(infoHashes);
      if (source.kind === 'torrent') await keepTorrent(world.disk, state, source.torrent);
      const item = this.#start(record, source, {
        peers: addresses,
        ...(added.hashed && { hashed: added.hashed }),
      });
      try {
        await this.#inventory.write({ op: 'put', record });
      } catch (error) {
        await this.#forget(item);
        throw error;
      }
      this.#inventory.say({ kind: 'changed', item });
      return item;
    } finally {
      for (const hash of hashes) this.#adding.delete(hash);
    }
  }

  async #read(given: NewTransfer): Promise<Added> {
    const { world, engine, version } = this.#parts;
    const { signal } = this.#closing;
    const making = { path: given.path ?? '', bytes: 0, total: 0 };
    const onProgress = (bytes: number, total: number): void => void Object.assign(making, { bytes, total });
    if (given.path !== undefined) this.#making.add(making);
    try {
      return await readNewTransfer(given, { world, version, data: engine.data, signal, onProgress });
    } catch (error) {
      throw addingError(error);
    } finally {
      this.#making.delete(making);
    }
  }

  pause(item: Item): Promise<void> {
    return item.inTurn(async () => {
      const runs = fileRunsOf(item.transfer);
      const paused = item.transfer.pause();
      await this.#inventory.remember(item, { isPaused: true, ...runs });
      await paused;
    });
  }

  resume(item: Item): Promise<void> {
    return item.inTurn(async () => {
      this.#requireRunning(item);
      if (item.record.refused !== undefined) {
        void this.#releasing.reconsider(item, item.record.refused.path);
        return;
      }
      item.transfer.resume();
      await this.#inventory.remember(item, { isPaused: false });
    });
  }

  /** With `files`, removes what it fetched too, but for what is somebody's by now. */
  remove(item: Item, files: boolean): Promise<void> {
    return item.inTurn(async () => {
      if (!this.#inventory.has(item)) throw new NodeError('not-found', 'There is no such transfer here.');
      const { id } = item.record;
      await this.#inventory.write({ op: 'removing', id, files });
      await this.#forget(item);
      await this.#clear(item, files);
      await this.#inventory.write({ op: 'removed', id });
    });
  }

  change(item: Item, change: TransferChange): Promise<void> {
    return this.#changing.change(item, change);
  }

  retitle(item: Item, title: string): Promise<void> {
    return this.#changing.retitle(item, title);
  }

  choose(item: Item, torrent: Torrent, choice: FileChoice): Promise<void> {
    return this.#changing.choose(item, torrent, choice);
  }

  /** In tiers, in place of those that it had. */
  setTrackers(item: Item, trackers: TransferRecord['trackers']): Promise<void> {
    return this.#changing.setTrackers(item, trackers);
  }

  /** Looks at all its files again. Resolves when that has begun. */
  verify(item: Item): Promise<void> {
    return this.#moving.verify(item);
  }

  /** Resolves when it is recorded that it is to be there. */
  move(item: Item, folder: string, isThere: boolean): Promise<void> {
    return this.#moving.move(item, folder, isThere);
  }

  rename(item: Item, path: string, name: string): Promise<void> {
    return this.#moving.rename(item, path, name);
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
    await this.#inventory.close();
  }

  #load({ records, removing }: Remembered): void {
    const { engine, world } = this.#parts;
    const { data } = engine;
    for (const record of records) {
      try {
        this.#moving.goOn(this.#start(record, storedSource(record, world, data), { expectsFiles: true }));
      } catch (error) {
        this.#parts.log.error({ err: error, id: record.id }, 'a transfer could not be started');
      }
    }
    for (const { record, files } of removing) {
      const options = { ...engineOptions(record, data), isPaused: true };
      const transfer = engine.session.add(storedSource(record, world, data), options);
      const item = new Item(record, transfer, { data, clock: world.clock });
      void this.#clear(item, files)
        .then(() => this.#inventory.write({ op: 'removed', id: record.id }))
        .catch((error: unknown) => this.#parts.log.warn({ err: error }, 'a transfer is not all removed'));
    }
  }

  #start(
    record: TransferRecord,
    source: TransferSource,
    more: Pick<TransferOptions, 'peers' | 'hashed' | 'expectsFiles'>,
  ): Item {
    const { engine, world } = this.#parts;
    const transfer = engine.session.add(source, {
      ...engineOptions(record, engine.data),
      gate: (file) => this.#releasing.mayRelease(record.id, file),
      ...more,
    });
    const item = new Item(record, transfer, { data: engine.data, clock: world.clock });
    this.#inventory.put(item);
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
      this.#inventory.inBackground(item, () => this.#learned(item));
    if (event.kind === 'complete' && !(item.record.isComplete && item.record.completedMs !== undefined))
      this.#inventory.inBackground(item, () => this.#completed(item));
    // Its disk was away, and is back.
    if (event.kind === 'state' && (event.state === 'fetching' || event.state === 'sharing'))
      this.#moving.goOn(item);
    this.#inventory.say({ kind: isOfPeers(event) ? 'touched' : 'changed', item });
  }

  async #learned(item: Item): Promise<void> {
    const { torrent } = item.transfer;
    if (torrent === undefined || item.record.hasTorrent) return;
    const { v1, v2 } = hexOf(torrent.infoHashes);
    this.#inventory.name(item, [v1, v2]);
    const learned = {
      ...(v1 && { v1 }),
      ...(v2 && { v2 }),
      name: torrent.name,
      isPrivate: torrent.isPrivate,
      size: sizeOf(torrent),
    };
    // With v2 hashes alone, nothing can be verified before the piece layers have come.
    if (torrent.format === 'v2' && !torrent.hashes.isComplete) {
      await this.#inventory.remember(item, {
        name: learned.name,
        isPrivate: learned.isPrivate,
        size: learned.size,
      });
      return;
    }
    const trackers = item.record.trackers.map((tier) => [...tier]);
    await keepTorrent(this.#parts.world.disk, item.stateFolder, {
      ...torrent,
      trackers: [...torrent.trackers, ...trackers],
    });
    await this.#inventory.remember(item, { ...learned, hasTorrent: true });
    // It was given a label before anybody knew what it is.
    this.#moving.goOn(item);
  }

  async #completed(item: Item): Promise<void> {
    await this.#learned(item);
    const { bytes, total } = item.transfer.progress;
    const completedMs = item.record.completedMs ?? Math.round(this.#parts.world.clock.wallTimeMs());
    const isFirst = item.record.completedMs === undefined && item.transfer.history.downloadedBytes > 0;
    await this.#inventory.remember(item, { isComplete: true, completedMs, bytes, total });
    if (isFirst) this.#parts.fetched(item);
  }

  #requireRunning(item: Item): void {
    if (item.transfer.state === 'stopped')
      throw new NodeError('not-found', 'There is no such transfer here.');
  }

  /** Out of the lists, and nobody is told of it any more. */
  async #forget(item: Item): Promise<void> {
    this.#inventory.takeOut(item);
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
}

function isOfPeers({ kind }: TransferEvent): boolean {
  return kind === 'peer-joined' || kind === 'peer-left' || kind === 'dht-node';
}
