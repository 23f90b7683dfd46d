// One web server that has the content (BEP 19): what is asked of it, and when it is left alone.
// Invariants: a failure rests the server (all of it, or the one file), twice as long each time; who lies is never asked
// again. While it rests, or nothing is wanted, it has no run.

import { Bitfield, ipScope, type Random } from '@shoal/base';
import type { Torrent } from '@shoal/metainfo';
import { isLan } from '../limits/limiter.ts';
import type { SourceAllowance } from '../limits/source-allowance.ts';
import type { PeerPieces } from '../picker/peer-pieces.ts';
import { blockLength, type Run } from '../picker/picker.ts';
import { Rate } from '../rate.ts';
import type { WebSeedFacts, WebSeedState } from '../types.ts';
import { isAboutOneFile, type UsableAnswer, type WebFailure } from './answers.ts';
import * as bound from './bounds.ts';
import { type Field, Lane, type LaneHost } from './lane.ts';
import { type AnswerFacts, type RangeHandlers, RangeRequest, type WebParts } from './range-request.ts';
import type { Segment } from './run.ts';
import { fileUrls, webAddress } from './urls.ts';

export type WebSeedSource = 'torrent' | 'given';

export interface WebSeedParts extends WebParts {
  readonly random: Random;
  readonly nowMs: () => number;
  /** Something changed that somebody may want to know. */
  changed(seed: WebSeed): void;
  /** It has room for another run. */
  feedSoon(): void;
  /** Counts for the transfer. */
  received(bytes: number): void;
  /** Its share of the limits. */
  openAllowance(address: string): SourceAllowance;
}

export interface Work {
  readonly field: Field;
  readonly torrent: Torrent;
  readonly pieces: PeerPieces;
  /** Other connected sources, with which runs are shared out. */
  sources(): number;
  hasPeers(): boolean;
}

export class WebSeed implements LaneHost {
  readonly url: string;
  readonly source: WebSeedSource;
  readonly rate: Rate;
  readonly #parts: WebSeedParts;
  readonly #address: URL | undefined;
  readonly #lanes: Lane[] = [];
  /** Where a redirect led, by file: asked there directly next time. */
  readonly #moved = new Map<number, string>();
  #work: Work | undefined;
  #urlOf: (file: number) => string | undefined = () => undefined;
  #failure: WebFailure | undefined;
  #isBanned = false;
  #failures = 0;
  #restsUntilMs = 0;
  #filesRestUntilMs: number | undefined;
  #runBytes = bound.firstRunBytes;
  #hasAnswered = false;
  #knowsRanges = true;
  #requestBytes = Number.POSITIVE_INFINITY;
  #mostLanes = bound.mostLanes;
  #fewerLanesUntilMs = 0;
  #bytesAtFailure = 0;
  #badPieces = 0;
  #allowance: SourceAllowance;
  #allowanceFor = '';
  #isOnLan: boolean;

  constructor(parts: WebSeedParts, url: string, source: WebSeedSource) {
    this.#parts = parts;
    this.url = url;
    this.source = source;
    this.rate = new Rate(parts.nowMs());
    this.#address = webAddress(url);
    // Where a name leads is seen when it answers.
    const host = this.#address?.hostname.replace(/^\[|\]$/g, '') ?? '';
    this.#isOnLan = isLan(host);
    this.#allowance = this.#openAllowance(host);
    if (this.#address === undefined)
      this.#failure = { code: 'unsupported', message: 'only http: and https: are spoken' };
  }

  get field(): Field {
    return this.#assigned.field;
  }

  get pieces(): PeerPieces {
    return this.#assigned.pieces;
  }

  get slot(): number | undefined {
    return this.#work?.pieces.slot;
  }

  get isBusy(): boolean {
    return this.#lanes.some((lane) => lane.isBusy);
  }

  /** It may be asked for something, now or later. */
  get isUsable(): boolean {
    return !this.#isBanned && this.#address !== undefined;
  }

  get isResting(): boolean {
    return this.#restsUntilMs > this.#parts.nowMs();
  }

  get state(): WebSeedState {
    if (this.#isBanned) return 'banned';
    if (!this.isUsable) return 'unusable';
    if (this.isBusy) return 'fetching';
    const lacksFiles = this.#filesRestUntilMs !== undefined && this.#work?.pieces.wanted === 0;
    return this.isResting || lacksFiles ? 'resting' : 'idle';
  }

  get facts(): WebSeedFacts {
    const { state } = this;
    const showsReason = state !== 'idle' && (state !== 'fetching' || this.#filesRestUntilMs !== undefined);
    return {
      url: this.url,
      source: this.source,
      state,
      reason: showsReason ? this.#failure?.message : undefined,
      code: showsReason ? this.#failure?.code : undefined,
      connections: this.#lanes.filter((lane) => lane.isBusy).length,
      downloadBytesPerSecond: this.rate.bytesPerSecond,
      downloadedBytes: this.rate.total,
      badPieces: this.#badPieces,
    };
  }

  get #assigned(): Work {
    if (this.#work === undefined) throw new RangeError('a web seed without work was asked to work');
    return this.#work;
  }

  #openAllowance(address: string): SourceAllowance {
    this.#allowanceFor = address;
    const allowance = this.#parts.openAllowance(address);
    allowance.onOpen = () => {
      for (const lane of this.#lanes) lane.release();
      this.#parts.feedSoon();
    };
    return allowance;
  }

  get #isLimited(): boolean {
    return this.#allowance.mostAtOnce < Number.POSITIVE_INFINITY;
  }

  /** A limit became tighter: what is asked for would come all at once. */
  tightened(): void {
    if (this.#isLimited) this.stop();
  }

  begin(work: Work): void {
    this.#work = work;
    this.#allowance = this.#openAllowance(this.#allowanceFor);
    if (this.#address !== undefined) this.#urlOf = fileUrls(work.torrent, this.#address);
    if (this.isUsable) work.field.picker.peerHasAll(work.pieces);
  }

  /** Asks for more, as far as it can take it. */
  feed(): void {
    const { picker } = this.field;
    if (!this.isUsable || this.isResting || picker.wanted === 0) return;
    while (this.#freeLanes > 0 && this.#allowance.isOpen) {
      const pace = this.#knowsRanges && this.#assigned.hasPeers() ? 'any-run' : 'first-run';
      const run = picker.pickRun(this.pieces, this.#runBlocks, { pace });
      if (run === undefined) return;
      this.#start(run);
    }
  }

  /** All that was asked of it goes back. */
  stop(): void {
    for (const lane of this.#lanes) lane.stop();
  }

  ban(piece: number): void {
    this.#badPieces++;
    this.#isBanned = true;
    this.#failure = { code: 'lied', message: `it sent wrong data for piece ${piece}` };
    this.#leaveWork();
    this.#parts.changed(this);
  }

  rest(): void {
    if (this.#work === undefined) return;
    this.#leaveWork();
    this.#lanes.length = 0;
    this.#work = undefined;
  }

  /** The transfer is over, or it is banned. */
  leave(): void {
    if (this.#work !== undefined) this.#leaveWork();
  }

  #leaveWork(): void {
    const { field, pieces } = this.#assigned;
    this.stop();
    this.#allowance.close();
    field.picker.peerHasOnly(pieces, new Bitfield(field.picker.pieceCount));
  }

  tick(nowMs: number): void {
    this.rate.tick(nowMs);
    if (this.#work === undefined || !this.isUsable) return;
    if (this.#filesRestUntilMs !== undefined && nowMs >= this.#filesRestUntilMs) {
      this.#filesRestUntilMs = undefined;
      this.field.picker.peerHasAll(this.pieces);
    }
    if (nowMs >= this.#fewerLanesUntilMs) this.#mostLanes = bound.mostLanes;
    const laneRate = this.rate.bytesPerSecond / Math.max(1, this.#lanes.filter((lane) => lane.isBusy).length);
    for (const lane of this.#lanes) {
      if (!lane.isBusy) continue;
      if (lane.isPointless) lane.stop();
      else if (nowMs - lane.begunMs > bound.longestRunMs) {
        const blocks = Math.ceil((laneRate * bound.runMs) / 1000 / blockLength);
        lane.trim(Math.max(bound.leastBlocksKept, blocks));
      }
    }
    this.#parts.feedSoon();
  }

  get #freeLanes(): number {
    const { mostLanes, usualLanes, shortRequestBytes } = bound;
    let lanes = this.#requestBytes < shortRequestBytes ? mostLanes : usualLanes;
    // What the first answer is like decides the rest; whole files are not read twice at a time.
    if (!this.#hasAnswered || !this.#knowsRanges || this.#isLimited) lanes = 1;
    return Math.min(lanes, this.#mostLanes) - this.#lanes.filter((lane) => lane.isBusy).length;
  }

  /** Long enough to keep a connection busy, and no longer than what leaves the last bytes to all sources alike. */
  get #runBlocks(): number {
    const { field, sources } = this.#assigned;
    const left = (field.picker.wanted * field.layout.pieceLength) / (2 * Math.max(1, sources()));
    const usual = Math.max(bound.firstRunBytes, Math.min(this.#runBytes, left));
    const bytes = Math.min(usual, this.#allowance.mostAtOnce);
    return Math.max(1, Math.round(bytes / blockLength));
  }

  #start(run: Run): void {
    let lane = this.#lanes.find((one) => !one.isBusy);
    if (lane === undefined) {
      lane = new Lane(this);
      this.#lanes.push(lane);
    }
    const wasIdle = !this.isBusy;
    lane.begunMs = this.#parts.nowMs();
    lane.runBytes = run.count * blockLength;
    lane.start(run);
    if (wasIdle) this.#parts.changed(this);
  }

  // What lanes say.

  ask(segment: Segment, handlers: RangeHandlers): RangeRequest | WebFailure {
    const { file, offset, length } = segment;
    const url = this.#moved.get(file) ?? this.#urlOf(file);
    const { layout, picker } = this.field;
    if (url === undefined)
      return { code: 'refused', message: 'a file has a name that no web address can have' };
    this.#requestBytes =
      this.#requestBytes === Number.POSITIVE_INFINITY ? length : (3 * this.#requestBytes + length) / 4;
    return new RangeRequest(
      this.#parts,
      {
        url,
        start: offset,
        end: offset + length,
        fileLength: layout.files[file]?.length,
        // Where nothing else helps, as much as is still to come is read and dropped.
        longestSkip: this.#knowsRanges
          ? bound.longestSkip
          : Math.max(bound.longestSkip, picker.wanted * layout.pieceLength),
        isVerified: true,
        allowAddress: (address) => this.#mayReach(address),
      },
      handlers,
    );
  }

  /** A torrent may name servers on our network, but have us do nothing there: no address with a query. */
  #mayReach(address: string): boolean {
    return this.source === 'given' || this.#address?.search === '' || ipScope(address) === 'public';
  }

  begun(answer: UsableAnswer, about: AnswerFacts, file: number): undefined {
    const { url, remoteAddress } = about;
    if (isLan(remoteAddress) !== this.#isOnLan) {
      this.#isOnLan = !this.#isOnLan;
      this.#allowance.close();
      this.#allowance = this.#openAllowance(remoteAddress);
    }
    this.#allowance.came(about.headBytes);
    this.#hasAnswered = true;
    this.#knowsRanges = !answer.isWhole;
    if (url !== this.#urlOf(file) && this.#moved.size < bound.mostMoved) this.#moved.set(file, url);
    this.#parts.feedSoon();
  }

  received(bytes: number): void {
    this.rate.add(bytes);
    this.#parts.received(bytes);
    if (!this.#allowance.came(bytes)) for (const lane of this.#lanes) lane.holdBack();
  }

  more(from: number, file: number): Run | undefined {
    const { picker, layout } = this.field;
    if (!this.isUsable) return undefined;
    for (let at = from; at < layout.filePieces(file).end; at++) {
      const run = picker.pickRun(this.pieces, this.#runBlocks, { pace: 'first-run', at });
      if (run !== undefined) return run;
    }
    return undefined;
  }

  done(lane: Lane, failure: WebFailure | undefined, file: number): void {
    if (failure === undefined) this.#succeeded(lane);
    else this.#failed(failure, file);
    this.field.downloads.feedSoon();
    this.#parts.changed(this);
  }

  #succeeded(lane: Lane): void {
    const tookMs = Math.max(1, this.#parts.nowMs() - lane.begunMs);
    // Grows or shrinks to what keeps a connection busy for `runMs`, fourfold at most.
    const factor = Math.max(0.25, Math.min(4, bound.runMs / tookMs));
    this.#runBytes = Math.max(bound.firstRunBytes, Math.min(bound.longestRunBytes, this.#runBytes * factor));
    this.#failures = 0;
    this.#failure = undefined;
  }

  #failed(failure: WebFailure, file: number): void {
    const nowMs = this.#parts.nowMs();
    this.#failure = failure;
    // Where a redirect led may be what is wrong.
    this.#moved.delete(file);
    const others = this.#lanes.filter((lane) => lane.isBusy).length;
    if (failure.code === 'ignores-ranges' && this.#knowsRanges) this.#knowsRanges = false;
    else if (isAboutOneFile(failure)) this.#lackFile(file, nowMs);
    else if (others > 0) {
      // It serves the others: perhaps it takes no more connections than these.
      this.#mostLanes = others;
      this.#fewerLanesUntilMs = nowMs + bound.fewerLanesMs;
    } else {
      this.#mostLanes = bound.mostLanes;
      // A server that breaks off now and then is a good one still.
      if (this.rate.total - this.#bytesAtFailure >= bound.usefulBytes) this.#failures = 0;
      this.#bytesAtFailure = this.rate.total;
      const longest = this.source === 'given' ? bound.longestRestOfGivenMs : bound.longestRestMs;
      const usualMs = Math.min(longest, bound.firstRestMs * 2 ** this.#failures);
      const restMs = Math.max(usualMs, failure.retryAfterMs ?? 0);
      this.#restsUntilMs = nowMs + restMs * (1 + this.#parts.random.below(1001) / 4000);
      this.#failures++;
      this.#runBytes = bound.firstRunBytes;
    }
  }

  #lackFile(file: number, nowMs: number): void {
    const { picker, layout } = this.field;
    const { first, end } = layout.filePieces(file);
    for (let piece = first; piece < end; piece++) picker.peerLacks(this.pieces, piece);
    this.#filesRestUntilMs = nowMs + bound.missingFileMs;
  }
}
