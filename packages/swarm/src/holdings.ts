// What one transfer holds open: its content checked, then traded, its files released; shelved while nobody needs it, and
// opened again. Where it is opened from is in whereabouts.ts, what is wanted of it in selection.ts, a disk without room in
// full-disk.ts. Invariants: pieces are traded exactly while `trade` is there; a disk that is full pauses the transfer and
// nothing else; what is shelved holds no file, no memory for pieces, and nobody's place in a picker.

import type { InfoHashes, Torrent } from '@shoal/metainfo';
import { type Content, StorageError } from '@shoal/storage';
import { WireError } from '@shoal/wire';
import type { Connections } from './connections.ts';
import { SwarmError } from './errors.ts';
import { FullDisk } from './full-disk.ts';
import type { Peer } from './peer.ts';
import { Releases } from './releases.ts';
import { type Choice, Selection } from './selection.ts';
import type { SessionParts } from './session-parts.ts';
import { Waste } from './statistics.ts';
import type { Status } from './status.ts';
import { Streams } from './streams/streams.ts';
import { Trade } from './trade.ts';
import type { Transfer, TransferMode, TransferOptions } from './types.ts';
import type { WebSeeds } from './web-seeds/web-seeds.ts';
import { type Known, Whereabouts } from './whereabouts.ts';

export interface HoldingsOptions {
  readonly parts: SessionParts;
  readonly status: Status;
  readonly connections: Connections;
  readonly webSeeds: WebSeeds;
  readonly given: TransferOptions;
  /** What the content is known by in its journal: what the transfer was added with. */
  readonly infoHashes: InfoHashes;
  /** Reads the torrent again, where that is how it is kept. */
  readonly load: (() => Promise<Known>) | undefined;
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
  readonly whereabouts: Whereabouts;
  readonly #selection: Selection;
  readonly #fullDisk: FullDisk;
  /** Of what is open, or being opened. */
  #aborter: AbortController | undefined;
  #content: Content | undefined;
  #trade: Trade | undefined;
  #streams: Streams | undefined;
  #releases: Releases | undefined;
  #opening: Promise<void> = Promise.resolve();
  /** Of what was shelved before. */
  #closing: Promise<void> = Promise.resolve();
  /** It must not be let go of now. */
  isMoving = false;
  constructor(options: HoldingsOptions) {
    this.#o = options;
    const { parts, given, status } = options;
    this.whereabouts = new Whereabouts(options);
    this.#selection = new Selection(given);
    this.#fullDisk = new FullDisk({
      status,
      nowMs: parts.nowMs,
      content: () => this.#content,
      missingBytes: () => this.wanted.total - this.wanted.bytes,
      begun: () => options.activate(),
      openAgain: () => this.open(),
      goOn: () => this.#goOn(),
    });
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
    return this.#selection.mode;
  }

  /** Nothing is missing of the files that are selected. */
  get hasAllWanted(): boolean {
    return this.#trade?.wishes.left === 0;
  }

  /** Neither for good, nor for somebody who watches. */
  get wantsNothing(): boolean {
    return this.#trade?.picker.wanted === 0 && this.#streams?.isInUse !== true;
  }

  /** Verified bytes of wanted files, and all of them. */
  get wanted(): { readonly bytes: number; readonly total: number } {
    return this.#selection.bytes;
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
  learn(known: Known): void {
    this.whereabouts.known = known;
    this.#selection.apply(known.torrent);
  }

  /** All hashes of pieces are known, or where to read them. */
  open(): void {
    if (this.#aborter !== undefined || (this.whereabouts.known === undefined && !this.whereabouts.canBeRead))
      return;
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
    this.#selection.forget();
    this.whereabouts.known = undefined;
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
    this.#fullDisk.wait(error);
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { status, parts } = this.#o;
    // Who was shared before is shared still, if nothing has changed.
    if (status.state !== 'sharing') status.become('checking');
    await this.#closing.catch(() => {});
    if (signal.aborted) return;
    const { known, content } = await parts.openings.run(this, signal, () => this.#openContent(signal));
    if (signal.aborted) {
      await content.close();
      return;
    }
    this.#content = content;
    this.whereabouts.home = content.home;
    if (content.uncheckedCount > 0) {
      status.isOpening = false;
      status.become('checking');
      await parts.checks.run(this, signal, () => content.check({ signal }));
    } else await content.check({ signal });
    if (signal.aborted) return;
    this.#selection.count(known.torrent.layout, content.good);
    this.#releases = this.#createReleases(known.torrent, content);
    this.#startTrade(known, content);
    this.#releases.all();
    this.#settle();
    this.#o.opened();
  }

  async #openContent(signal: AbortSignal): Promise<{ readonly known: Known; readonly content: Content }> {
    const known = await this.whereabouts.read();
    return { known, content: await this.whereabouts.open(known.torrent, this.#selection.isWanted, signal) };
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

  #startTrade({ torrent, hashes }: Known, content: Content): void {
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
    trade.select(this.#selection.wish);
    trade.setMode(this.mode);
    this.#trade = trade;
    this.whereabouts.expectFiles();
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
    this.#selection.had(piece);
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
    if (this.mode.kind === 'share') return;
    if (status.isComplete || status.state !== 'sharing' || this.#releases?.isSettled !== true) return;
    status.isComplete = true;
    status.emit({ kind: 'complete' });
    this.#trade?.setMode(this.mode);
    this.#o.wishesChanged();
    this.#o.completed();
  }

  async setMode(mode: TransferMode): Promise<void> {
    const wasShare = this.mode.kind === 'share';
    this.#selection.mode = mode;
    if (this.whereabouts.known !== undefined && wasShare !== (mode.kind === 'share')) {
      this.#o.status.isComplete = false;
      await this.select(this.#selection.initial);
    }
    this.#trade?.setMode(mode);
  }

  async select(choice: Choice): Promise<void> {
    const { status } = this.#o;
    const { torrent, canBeRead } = this.whereabouts;
    const selection = this.#selection;
    selection.choose(choice);
    if (torrent === undefined && canBeRead) {
      // It is done when it is opened; at once, unless it is paused.
      if (status.takesPeers) this.open();
      return;
    }
    if (torrent === undefined) throw new SwarmError('invalid', 'the files are not known yet');
    selection.apply(torrent);
    for (const [file] of torrent.layout.files.entries())
      await this.#content?.setWanted(file, selection.isWanted(file));
    if (this.#content !== undefined) selection.count(torrent.layout, this.#content.good);
    this.#trade?.select(selection.wish);
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
    this.#fullDisk.tick(nowMs);
  }

  #storageFailed(error: unknown): void {
    if (error instanceof StorageError && error.code === 'no-space') {
      if (this.#trade === undefined || this.#fullDisk.isFull) return;
      this.pause();
      this.#fullDisk.wait(error);
    } else this.#o.failed(error);
  }

  #goOn(): void {
    const trade = this.#trade;
    if (trade === undefined) return;
    trade.downloads.isPaused = false;
    this.#o.status.become('fetching');
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
    const { torrent } = this.whereabouts;
    if (this.#content !== undefined && torrent !== undefined) return action(this.#content, torrent);
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#closing;
    this.#closing = before.catch(() => {}).then(() => promise);
    try {
      await before.catch(() => {});
      const { known, content } = await this.#openContent(new AbortController().signal);
      try {
        await content.check();
        const value = await action(content, known.torrent);
        this.whereabouts.home = content.home;
        return value;
      } finally {
        await content.close();
      }
    } finally {
      resolve();
    }
  }

  /** After a failure: its files are where they were. */
  isReachable(): Promise<boolean> {
    return this.whereabouts.isReachable(() => this.wanted.total > 0 && this.wanted.bytes === 0);
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
