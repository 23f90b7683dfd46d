// Blocks sent to peers, in chunks: one vectored read that leaves room for the message headers, one write.
// Invariants: only blocks of pieces that were verified are read; a chunk's buffer is used by one peer at a time, from
// the read until the channel released it; a choked peer gets nothing that was not on its way already.

import type { Content } from '@shoal/storage';
import { pieceHeaderLength, writePieceHeader } from '@shoal/wire';
import * as bound from './bounds.ts';
import type { Peer } from './peer.ts';
import { blockLength } from './picker/picker.ts';

/**
 * A peer whose chunks leave within this time gets longer ones, and one that they take longer to shorter ones, so that a
 * slow one never has much on its way. They are eight times as long from size to size.
 */
const quickMs = 50;
const slowMs = 400;
const slotLength = pieceHeaderLength + blockLength;

/** A buffer with room for a chunk, and views of where its full-length blocks go. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly places: readonly Uint8Array[];
}

/** Buffers that nobody uses now, the one that was used last on top. */
export class Spare<Buffer> {
  readonly #spare: Buffer[] = [];
  /** The fewest that lay here since the last `trim`. */
  #least = 0;

  take(): Buffer | undefined {
    const buffer = this.#spare.pop();
    this.#least = Math.min(this.#least, this.#spare.length);
    return buffer;
  }

  give(buffer: Buffer): void {
    this.#spare.push(buffer);
  }

  /** Lets go of those that were never needed since the last time. */
  trim(): void {
    this.#spare.splice(0, this.#least);
    this.#least = this.#spare.length;
  }
}

/** Buffers of one size. */
export class Chunks {
  readonly blocks: number;
  readonly most: number;
  readonly #spare: Spare<Chunk>;
  readonly #waiting: (() => void)[] = [];
  inUse = 0;

  constructor(blocks: number, most: number, spare: Spare<Chunk>) {
    this.blocks = blocks;
    this.most = most;
    this.#spare = spare;
  }

  take(): Chunk | undefined {
    if (this.inUse >= this.most) return undefined;
    this.inUse++;
    return this.#spare.take() ?? this.#make();
  }

  #make(): Chunk {
    const bytes = new Uint8Array(this.blocks * slotLength);
    const places = Array.from({ length: this.blocks }, (_, i) =>
      bytes.subarray(i * slotLength + pieceHeaderLength, (i + 1) * slotLength),
    );
    return { bytes, places };
  }

  give(chunk: Chunk): void {
    this.inUse--;
    this.#spare.give(chunk);
    this.#waiting.shift()?.();
  }

  /** Calls once, when a chunk has been given back; in the order of asking. */
  whenFree(callback: () => void): void {
    this.#waiting.push(callback);
  }
}

/** From the shortest to the longest: for slow peers, for most, and for those that take a MiB in no time. */
export type SendBuffers = readonly [Chunks, Chunks, Chunks];

export function createSendBuffers(spare: readonly [Spare<Chunk>, Spare<Chunk>, Spare<Chunk>]): SendBuffers {
  return [
    new Chunks(1, bound.singleChunks, spare[0]),
    new Chunks(bound.blocksPerShortChunk, bound.shortChunks, spare[1]),
    new Chunks(bound.blocksPerLongChunk, bound.longChunks, spare[2]),
  ];
}

export interface UploadsOptions {
  readonly content: Content;
  readonly buffers: SendBuffers;
  readonly has: (piece: number) => boolean;
  /** Beyond it there are zeros: the gap behind a v2 file that ends within a piece. */
  readonly lengthOfPiece: (piece: number) => number;
  readonly nowMs: () => number;
  onReadError(error: unknown, piece: number): void;
}

export class Uploads {
  readonly #o: UploadsOptions;
  readonly #waiting = new WeakSet<Peer>();

  constructor(options: UploadsOptions) {
    this.#o = options;
  }

  requested(peer: Peer, piece: number, begin: number, length: number): void {
    const isServed = this.#o.has(piece) && (peer.isUnchoked || peer.grantedFast.has(piece));
    if (isServed && peer.uploads.add(piece, begin, length)) {
      if (peer.uploads.count === 1) queueMicrotask(() => this.pump(peer));
      return;
    }
    if (peer.fast) peer.outbox.reject(piece, begin, length);
    peer.refusals++;
    if (peer.refusals > bound.mostRefusals)
      peer.leave({ code: 'flood', message: 'it keeps asking for what it is refused', isBan: true });
  }

  cancelled(peer: Peer, piece: number, begin: number, length: number): void {
    // BEP 6: each request has an answer, and a cancelled one that was not sent gets a reject.
    if (peer.uploads.cancel(piece, begin, length) && peer.fast) peer.outbox.reject(piece, begin, length);
  }

  choked(peer: Peer): void {
    const reject = (piece: number, begin: number, length: number) => {
      if (peer.fast) peer.outbox.reject(piece, begin, length);
    };
    peer.uploads.clear(reject);
    peer.channel.dropHeld((piece, begin, length) => {
      peer.toIt.add(-length);
      reject(piece, begin, length);
    });
  }

  /** Sends as much as is asked for and the channel takes. */
  pump(peer: Peer): void {
    const most =
      peer.channel.isHeldUp && peer.channel.blocksAtOnce < bound.blocksPerShortChunk
        ? 1
        : peer.isQuick
          ? bound.chunksPerPeer
          : bound.chunksPerSlowPeer;
    while (peer.uploads.count > 0 && peer.chunksUnderWay < most && !peer.hasLeft) {
      const chunks = this.#bufferFor(peer);
      const chunk = chunks.take();
      if (chunk === undefined) {
        if (this.#waiting.has(peer)) return;
        this.#waiting.add(peer);
        chunks.whenFree(() => {
          this.#waiting.delete(peer);
          this.pump(peer);
        });
        return;
      }
      peer.chunksUnderWay++;
      void this.#send(peer, chunks, chunk);
    }
  }

  /** No larger than what is asked for. */
  #bufferFor({ uploads, chunkSize }: Peer): Chunks {
    const { buffers } = this.#o;
    if (chunkSize === 0 || uploads.count <= buffers[0].blocks) return buffers[0];
    return chunkSize === 1 || uploads.count <= buffers[1].blocks ? buffers[1] : buffers[2];
  }

  async #send(peer: Peer, chunks: Chunks, chunk: Chunk): Promise<void> {
    const { content, nowMs } = this.#o;
    const { uploads } = peer;
    const firstPiece = uploads.piece;
    const reads: Promise<boolean>[] = [];
    const runs: number[] = [];
    let used = 0;
    let payload = 0;
    let count = 0;
    let isGood = true;
    try {
      const most = peer.channel.isHeldUp ? Math.min(chunks.blocks, peer.channel.blocksAtOnce) : chunks.blocks;
      // Blocks that follow each other in the content are read together.
      while (count < most && uploads.count > 0) {
        const { piece, begin } = uploads;
        const places: Uint8Array[] = [];
        let end = begin;
        while (count < most && uploads.count > 0 && uploads.piece === piece && uploads.begin === end) {
          const { length } = uploads;
          if (used + pieceHeaderLength + length > chunk.bytes.length) break;
          writePieceHeader(chunk.bytes, used, piece, end, length);
          used += pieceHeaderLength;
          const isFull = length === blockLength && used === count * slotLength + pieceHeaderLength;
          const place = isFull ? chunk.places[count] : undefined;
          const there = Math.max(0, Math.min(length, this.#o.lengthOfPiece(piece) - end));
          if (there < length) chunk.bytes.fill(0, used + there, used + length);
          if (there > 0)
            places.push((there === length ? place : undefined) ?? chunk.bytes.subarray(used, used + there));
          used += length;
          end += length;
          payload += length;
          count++;
          uploads.shift();
        }
        if (end === begin) break;
        if (places.length === 0) continue;
        runs.push(piece);
        reads.push(content.read(piece, begin, places));
      }
      const results = await Promise.all(reads);
      const bad = results.indexOf(false);
      if (bad >= 0) {
        isGood = false;
        this.#o.onReadError(new Error('bytes are missing on the disk'), runs[bad] ?? firstPiece);
      }
    } catch (error) {
      isGood = false;
      this.#o.onReadError(error, firstPiece);
    }
    if (!isGood || peer.hasLeft) {
      this.#done(peer, chunks, chunk);
      return;
    }
    const sentAtMs = nowMs();
    peer.toIt.add(payload);
    peer.lastSaidMs = sentAtMs;
    peer.refusals = 0;
    peer.outbox.flush();
    if (!peer.channel.isHeldUp) peer.writingSinceMs ??= sentAtMs;
    peer.channel.writeBlocks(chunk.bytes.subarray(0, used), () => {
      const tookMs = nowMs() - sentAtMs;
      peer.isQuick = tookMs < quickMs;
      const isFull = count === chunks.blocks && chunks === this.#o.buffers[peer.chunkSize];
      if (peer.isQuick && isFull) peer.chunkSize = peer.chunkSize === 0 ? 1 : 2;
      else if (tookMs > slowMs) peer.chunkSize = peer.chunkSize === 2 ? 1 : 0;
      peer.writingSinceMs = peer.chunksUnderWay > 1 && !peer.channel.isHeldUp ? nowMs() : undefined;
      this.#done(peer, chunks, chunk);
    });
  }

  #done(peer: Peer, chunks: Chunks, chunk: Chunk): void {
    peer.chunksUnderWay--;
    chunks.give(chunk);
    this.pump(peer);
  }
}
