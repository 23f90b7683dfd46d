// What one transfer has on its disk: the content opened and checked, then traded, its files released; selected anew at
// any time; waiting while the disk is full; shelved while nobody needs it, and opened again. Invariants: pieces are traded
// exactly while `trade` is there; a disk that is full pauses the transfer and nothing else; what is shelved holds no file,
// no memory for pieces, and nobody's place in a picker.

import type { InfoHashes, Torrent } from '@shoal/metainfo';
import { type Content, findsFiles, type Home, openContent, StorageError } from '@shoal/storage';
import { WireError } from '@shoal/wire';
import * as bound from './bounds.ts';
import type { Connections } from './connections.ts';
import { SwarmError } from './errors.ts';
import type { HashExchange } from './hash-exchange.ts';
import type { Peer } from './peer.ts';
import { Releases } from './releases.ts';
import type { SessionParts } from './session-parts.ts';
import { Waste } from './statistics.ts';
import type { Status } from './status.ts';
import { Streams } from './streams/streams.ts';
import { Trade } from './trade.ts';
import type { Transfer, TransferMode, TransferOptions, Wish } from './types.ts';
import { WantedBytes } from './wanted-bytes.ts';
import type { WebSeeds } from './web-seeds/web-seeds.ts';

export interface HoldingsOptions {
  readonly parts: SessionParts;
  readonly status: Status;
  readonly connections: Connections;
  readonly webSeeds: WebSeeds;
  readonly given: TransferOptions;
  /** What the content is known by in its journal: what the transfer was added with. */
  readonly infoHashes: InfoHashes;
  /** Reads the torrent again, where that is how it is kept. */
  readonly load: (() => Promise<{ readonly torrent: Torrent; readonly hashes: HashExchange }>) | undefined;
  /** Told to the gate. */
  readonly transfer: Transfer;
  /** There is something to do with each tick. */
  activate(): void;
  /** Whoever is known may be dialled now. */
  dialSoon(): void;
  /** We want something again, or nothing any more. */
  wishesChanged(): void;
  /** Pieces can be had; the first words to a peer that waited for that. */
  welcome(peer: Peer): void;
  opened(): void;
  /** All that is wanted is here and released. */
  completed(): void;
  failed(error: unknown): void;
}

export class Holdings {
  readonly #o: HoldingsOptions;
  readonly waste = new Waste();
  /** Of what is open, or being opened. */
  #aborter: AbortController | undefined;
  #source: { readonly torrent: Torrent; readonly hashes: HashExchange } | undefined;
  #content: Content | undefined;
  #trade: Trade | undefined;
  #streams: Streams | undefined;
  #releases: Releases | undefined;
  #wantedBytes: WantedBytes | undefined;
  #wish: (file: number) => Wish = () => true;
  readonly #isWanted = (file: number): boolean => this.#wish(file) !== false;
  #lastRoomMs = 0;
  #opening: Promise<void> = Promise.resolve();
  /** Of what was shelved before. */
  #closing: Promise<void> = Promise.resolve();
  /** Was chosen while nothing was open. */
  #selection: ((path: string, file: number) => Wish) | undefined;
  #lastWanted = { bytes: 0, total: 0 };
  /** Where the content was last; before it was opened, where it was given. */
  home: Home | undefined;
  /** It must not be let go of now. */
  isMoving = false;
  /** What was verified is there, or its disk is away: it is not fetched anew without a word. */
  #expectsFiles: boolean;
  #isRelocated = false;
  #mode: TransferMode;

  constructor(options: HoldingsOptions) {
    this.#o = options;
    this.#mode = options.given.mode ?? { kind: 'usual' };
    this.#expectsFiles = options.given.expectsFiles ?? false;
  }

  get content(): Content | undefined {
    return this.#content;
  }

  get trade(): Trade | undefined {
    return this.#trade;
  }

  /** Once pieces can be read. */
  get streams(): Streams | undefined {
    return this.#streams;
  }

  get mode(): TransferMode {
    return this.#mode;
  }

  /** Nothing is missing of the files that are selected. */
  get hasAllWanted(): boolean {
    return this.#trade?.wishes.left === 0;
  }

  /** Verified bytes of wanted files, and all of them. */
  get wanted(): { readonly bytes: number; readonly total: number } {
    const { bytes, total } = this.#wantedBytes ?? this.#lastWanted;
    return { bytes, total };
  }

  /** Peers that come now are let in, and wait for their first words. */
  get isOpening(): boolean {
    return this.#aborter !== undefined && this.#trade === undefined;
  }

  /** Nobody reads or fetches through it. */
  get isIdle(): boolean {
    return (
      this.#trade !== undefined &&
      this.#streams?.hasReaders === false &&
      this.#releases?.isSettled === true &&
      !this.isMoving
    );
  }

  /** The metadata came; not all hashes of pieces may be known yet. */
  learn(torrent: Torrent, hashes: HashExchange): void {
    this.#source = { torrent, hashes };
    const given = this.#mode.kind === 'share' ? () => false : this.#o.given.isWanted;
    const isWanted = this.#selection ?? given;
    if (isWanted !== undefined) this.#wish = (file) => isWanted(pathOf(torrent, file), file);
  }

  /** All hashes of pieces are known, or where to read them. */
  open(): void {
    if (this.#aborter !== undefined || (this.#source === undefined && this.#o.load === undefined)) return;
    const aborter = new AbortController();
    this.#aborter = aborter;
    this.#o.status.isOpening = true;
    this.#opening = this.#open(aborter.signal).catch(async (error: unknown) => {
      if (!aborter.signal.aborted) await this.#couldNotOpen(error);
    });
  }

  /** Somebody waits for it. */
  hurry(): void {
    this.#o.parts.openings.hurry(this);
    this.#o.parts.checks.hurry(this);
  }

  /** The torrent will be read again when it is opened. */
  forgetTorrent(): void {
    this.#lastWanted = this.wanted;
    this.#wantedBytes = undefined;
    this.#source = undefined;
  }

  /** A disk may be too full for the journal already: then nothing is known of the content, and it is opened again later. */
  async #couldNotOpen(error: unknown): Promise<void> {
    if (!(error instanceof StorageError) || error.code !== 'no-space' || this.#trade !== undefined) {
      this.#o.failed(error);
      return;
    }
    await this.#content?.close();
    this.#content = undefined;
    this.#aborter = undefined;
    this.#waitForRoom(error);
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { status, parts, load } = this.#o;
    // Who was shared before is shared still, if nothing has changed.
    if (status.state !== 'sharing') status.become('checking');
    await this.#closing.catch(() => {});
    if (signal.aborted) return;
    const { torrent, hashes, content } = await parts.openings.run(this, signal, async () => {
      const source = this.#source ?? (await load?.());
      if (source === undefined) throw new SwarmError('invalid', 'the torrent is not known');
      return { ...source, content: await this.#openContent(source.torrent, signal) };
    });
    if (signal.aborted) {
      await content.close();
      return;
    }
    this.#content = content;
    this.home = content.home;
    if (content.uncheckedCount > 0) {
      status.isOpening = false;
      status.become('checking');
      await parts.checks.run(this, signal, () => content.check({ signal }));
    } else await content.check({ signal });
    if (signal.aborted) return;
    this.#wantedBytes = new WantedBytes(torrent.layout, content.good, this.#isWanted);
    this.#releases = this.#createReleases(torrent, content);
    this.#startTrade(torrent, hashes, content);
    this.#releases.all();
    this.#settle();
    this.#o.opened();
  }

  #openContent(torrent: Torrent, signal: AbortSignal): Promise<Content> {
    const { infoHashes } = this.#o;
    const { journal, overwrite, hashed } = this.#o.given;
    const isRelocated = this.#isRelocated;
    this.#isRelocated = false;
    const { disk, hashing, clock, openFiles, lock, bootId } = this.#o.parts;
    return openContent(
      {
        disk,
        hashing,
        clock,
        openFiles,
        layout: torrent.layout,
        hashes: torrent.hashes,
        ...(this.home ?? homeGiven(this.#o.given, torrent)),
        isRelocated,
        expectsFiles: this.#expectsFiles && !isRelocated,
        identity: infoHashes.v2 ?? infoHashes.v1 ?? new Uint8Array(1),
        journal,
        isWanted: this.#isWanted,
        ...(lock === undefined ? {} : { lock }),
        ...(bootId === undefined ? {} : { bootId }),
        ...(overwrite === undefined ? {} : { overwrite }),
        ...(hashed === undefined ? {} : { hashed }),
      },
      signal,
    );
  }

  #createReleases(torrent: Torrent, content: Content): Releases {
    const { given, transfer, status } = this.#o;
    return new Releases({
      content,
      layout: torrent.layout,
      gate: (file) => {
        const path = () => content.fileState(file).path;
        const releasable = {
          transfer,
          index: file,
          get path() {
            return path();
          },
        };
        return given.gate?.(releasable) ?? Promise.resolve(true);
      },
      released: (file, path) => status.emit({ kind: 'released', file, path }),
      settled: () => {
        if (this.#content === content) this.#settle();
      },
      failed: (error) => {
        if (this.#content === content) this.#storageFailed(error);
      },
    });
  }

  #startTrade(torrent: Torrent, hashes: HashExchange, content: Content): void {
    const { status, connections, webSeeds } = this.#o;
    const { clock, hashing, random, memory, sendBuffers, nowMs } = this.#o.parts;
    const { peers } = connections;
    const trade = new Trade({
      clock,
      torrent,
      content,
      hashing,
      random,
      memory,
      sendBuffers,
      hashes,
      peers,
      nowMs,
      uploadedBytes: () => connections.upload.total,
      webSeeds,
      waste: this.waste,
      onHave: (piece) => this.#had(piece),
      onStorageError: (error) => {
        if (this.#trade === trade) this.#storageFailed(error);
      },
      onLiar: (address, peer, piece) => connections.banLiar(address, peer, piece),
    });
    trade.select(this.#wish);
    trade.setMode(this.#mode);
    this.#trade = trade;
    this.#expectsFiles = true;
    this.#streams = new Streams({
      clock,
      layout: torrent.layout,
      content,
      trade,
      peers,
      wantsMore: () => this.lookForPeers(),
    });
    status.isOpening = false;
    if (!this.hasAllWanted) status.isComplete = false;
    status.become(this.hasAllWanted ? 'sharing' : 'fetching');
    for (const peer of [...peers]) {
      try {
        if (peer.isHeld) {
          this.#o.welcome(peer);
          peer.release();
          continue;
        }
        trade.attach(peer);
        for (const piece of trade.picker.have.indices()) peer.outbox.have(piece);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        peer.leave({ code: 'breach', message: `${error.message} (${error.code})`, isBan: true });
      }
    }
    webSeeds.begin(torrent, trade);
    trade.downloads.feedSoon();
    this.#o.dialSoon();
  }

  #had(piece: number): void {
    this.#wantedBytes?.had(piece);
    this.#o.status.emit({ kind: 'piece', piece });
    this.#releases?.had(piece);
    this.#streams?.had(piece);
    if (this.hasAllWanted) this.#settle();
  }

  /** All wanted pieces are here, and all their files released: complete. */
  #settle(): void {
    const { status } = this.#o;
    if (!this.hasAllWanted) return;
    if (status.state === 'fetching' || status.state === 'disk-full') status.become('sharing');
    if (this.#mode.kind === 'share') return;
    if (status.isComplete || status.state !== 'sharing' || this.#releases?.isSettled !== true) return;
    status.isComplete = true;
    status.emit({ kind: 'complete' });
    this.#trade?.setMode(this.#mode);
    this.#o.wishesChanged();
    this.#o.completed();
  }

  /** A volunteer wants no files; whoever is one no longer, those that were wanted in the beginning. */
  async setMode(mode: TransferMode): Promise<void> {
    const wasShare = this.#mode.kind === 'share';
    this.#mode = mode;
    if (this.#source !== undefined && wasShare !== (mode.kind === 'share')) {
      this.#o.status.isComplete = false;
      await this.select(mode.kind === 'share' ? () => false : (this.#o.given.isWanted ?? (() => true)));
    }
    this.#trade?.setMode(mode);
  }

  async select(isWanted: (path: string, file: number) => Wish): Promise<void> {
    const { status } = this.#o;
    const torrent = this.#source?.torrent;
    this.#selection = isWanted;
    if (torrent === undefined && this.#o.load !== undefined) {
      // It is done when it is opened; at once, unless it is paused.
      if (status.takesPeers) this.open();
      return;
    }
    if (torrent === undefined) throw new SwarmError('invalid', 'the files are not known yet');
    this.#wish = (file) => isWanted(pathOf(torrent, file), file);
    for (const [file] of torrent.layout.files.entries())
      await this.#content?.setWanted(file, this.#isWanted(file));
    if (this.#content !== undefined)
      this.#wantedBytes = new WantedBytes(torrent.layout, this.#content.good, this.#isWanted);
    this.#trade?.select(this.#wish);
    if (this.#trade !== undefined && !this.hasAllWanted) {
      status.isComplete = false;
      if (status.state === 'sharing') status.become('fetching');
      this.lookForPeers();
    }
    this.#releases?.all();
    this.#settle();
  }

  /** Those that had nothing for us may have now. */
  lookForPeers(): void {
    this.#o.wishesChanged();
    this.#o.connections.roster.wake(this.#o.parts.nowMs());
    this.#o.dialSoon();
  }

  tick(nowMs: number): void {
    this.#trade?.tick(nowMs, this.#streams?.isInUse === true);
    this.#o.wishesChanged();
    if (this.#o.status.state === 'disk-full' && nowMs - this.#lastRoomMs > bound.fullDiskRetryMs)
      void this.#lookForRoom(nowMs);
  }

  #storageFailed(error: unknown): void {
    if (error instanceof StorageError && error.code === 'no-space') {
      if (this.#trade === undefined || this.#o.status.state === 'disk-full') return;
      this.pause();
      this.#waitForRoom(error);
    } else this.#o.failed(error);
  }

  #waitForRoom(error: StorageError): void {
    const { status, parts } = this.#o;
    status.error = error;
    this.#lastRoomMs = parts.nowMs();
    status.become('disk-full');
    this.#o.activate();
  }

  async #lookForRoom(nowMs: number): Promise<void> {
    const { status } = this.#o;
    this.#lastRoomMs = nowMs;
    if (this.#content === undefined) {
      status.error = undefined;
      this.open();
      return;
    }
    const room = await this.#content.freeBytes().catch(() => 0);
    const trade = this.#trade;
    const { bytes, total } = this.wanted;
    if (status.state !== 'disk-full' || trade === undefined) return;
    if (room < Math.min(bound.roomToGoOn, total - bytes + bound.roomForRecords)) return;
    status.error = undefined;
    trade.downloads.isPaused = false;
    status.become('fetching');
    trade.downloads.feedSoon();
    this.#releases?.all();
    this.#settle();
  }

  /** With the content, which is opened for this alone while nobody trades with it. */
  async withContent<Value>(action: (content: Content, torrent: Torrent) => Promise<Value>): Promise<Value> {
    // An opening that failed leaves nothing to wait for: only another one is waited for again.
    for (let last: Promise<void> | undefined; this.isOpening && last !== this.#opening; ) {
      last = this.#opening;
      await last;
    }
    if (this.#content !== undefined && this.#source !== undefined)
      return action(this.#content, this.#source.torrent);
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#closing;
    this.#closing = before.catch(() => {}).then(() => promise);
    try {
      await before.catch(() => {});
      const source = this.#source ?? (await this.#o.load?.());
      if (source === undefined) throw new SwarmError('invalid', 'the torrent is not known');
      const content = await this.#openContent(source.torrent, new AbortController().signal);
      try {
        await content.check();
        const value = await action(content, source.torrent);
        this.home = content.home;
        return value;
      } finally {
        await content.close();
      }
    } finally {
      resolve();
    }
  }

  /** Somebody knows that files are gone, and wants it to go on. */
  acceptLoss(): void {
    this.#expectsFiles = false;
  }

  /** After a failure: some of its files are there, or the folder for them. */
  async isReachable(): Promise<boolean> {
    const { disk, hashing } = this.#o.parts;
    const { home, torrent } = await this.where();
    if (await findsFiles({ disk, hashing, layout: torrent.layout }, home)) return true;
    const { bytes, total } = this.wanted;
    if (total === 0 || bytes > 0) return false;
    await disk.stat(
      home.ownsFolder === true ? home.folder.slice(0, home.folder.lastIndexOf('/')) : home.folder,
    );
    return true;
  }

  /** Without looking at the disk: it may be wrong there. */
  async where(): Promise<{ readonly home: Home; readonly torrent: Torrent }> {
    const { torrent } = this.#source ?? (await this.#o.load?.()) ?? {};
    if (torrent === undefined) throw new SwarmError('invalid', 'the torrent is not known');
    return { home: this.home ?? homeGiven(this.#o.given, torrent), torrent };
  }

  /** The content is there, whatever the journal says: for the next opening. */
  relocateTo(home: Home): void {
    this.home = home;
    this.#isRelocated = true;
  }

  /** The file is about to go from the disk: nothing of it is offered any more. */
  forget(file: number, { layout }: Torrent): void {
    this.#releases?.forget(file);
    const { first, end } = layout.filePieces(file);
    for (let piece = first; piece < end; piece++) {
      // What its neighbours need is kept.
      const isOwn = layout
        .pieceRanges(piece)
        .every((range) => range.file === file || layout.files[range.file]?.isPad === true);
      if (isOwn && this.#trade?.picker.state(piece) === 'have') this.#trade.picker.lost(piece);
    }
  }

  /** Nothing more is asked of anybody. */
  pause(): void {
    if (this.#trade !== undefined) this.#trade.downloads.isPaused = true;
    this.#o.webSeeds.pause();
  }

  /**
   * Lets go of files, pieces and all that is known of them but numbers, after the peers have left. Resolves when all that
   * was verified is on the disk and recorded.
   */
  shelve(reason: string): Promise<void> {
    if (this.#aborter === undefined) return this.#closing;
    this.#aborter.abort();
    this.#aborter = undefined;
    this.#o.status.isOpening = false;
    this.#streams?.endAll(new SwarmError('closed', reason));
    this.#o.webSeeds.rest();
    const [before, opening, trade, content] = [this.#closing, this.#opening, this.#trade, this.#content];
    this.#streams = undefined;
    this.#trade = undefined;
    this.#releases = undefined;
    this.#content = undefined;
    const close = async () => {
      await before.catch(() => {});
      await opening;
      await trade?.assembler.close();
      await content?.close();
    };
    this.#closing = close();
    return this.#closing;
  }
}

/** Unless it was moved since. */
function homeGiven({ home, folder, unfinished }: TransferOptions, torrent: Torrent): Home {
  if (home !== undefined) return home;
  const inside = (top: string) => (torrent.folder === undefined ? top : `${top}/${torrent.folder}`);
  return {
    folder: inside(folder),
    ownsFolder: torrent.folder !== undefined,
    ...(unfinished === undefined ? {} : { unfinished: inside(unfinished) }),
  };
}

/** As options and events name a file: with `/` between its names. */
function pathOf(torrent: Torrent, file: number): string {
  return (torrent.layout.files[file]?.path ?? []).join('/');
}
