// One range of a file that is being read: where the reader is, how fast it goes, and how far ahead of it to fetch.
// Invariant: the window ahead is bounded, and grows with what was consumed; a reader that stops holds it where it is.

import * as bound from '../bounds.ts';

export class Playhead {
  /** In bytes of the whole content. */
  position: number;
  readonly end: number;
  /** The reader waits for the next bytes. */
  isWaiting = false;
  lastAskedMs: number;
  /** Something came, or all is over: the reader looks again. */
  wake: () => void = () => {};
  readonly #pieceLength: number;
  readonly #startedAtMs: number;
  readonly #start: number;

  constructor(range: { readonly start: number; readonly end: number }, pieceLength: number, nowMs: number) {
    this.position = range.start;
    this.end = range.end;
    this.#start = range.start;
    this.#pieceLength = pieceLength;
    this.#startedAtMs = nowMs;
    this.lastAskedMs = nowMs;
  }

  get piece(): number {
    return Math.floor(this.position / this.#pieceLength);
  }

  #bytesPerSecond(nowMs: number): number {
    const seconds = Math.max(1, (nowMs - this.#startedAtMs) / 1000);
    return (this.position - this.#start) / seconds;
  }

  /** Bytes to have ready: some seconds of what is consumed, though not much more than was consumed so far. */
  #ahead(nowMs: number, share: number): number {
    const least = Math.max(bound.leastReadAhead, 2 * this.#pieceLength);
    const consumed = this.position - this.#start;
    const wished = Math.min(
      (this.#bytesPerSecond(nowMs) * bound.readAheadMs) / 1000,
      least + 2 * consumed,
      share,
    );
    return Math.max(least, wished);
  }

  /** The pieces ahead, in order, and how soon each is needed. */
  pieces(nowMs: number, share: number, each: (piece: number, inMs: number) => void): void {
    const until = Math.min(this.end, this.position + this.#ahead(nowMs, share));
    const rate = Math.max(bound.guessedReaderRate, this.#bytesPerSecond(nowMs));
    const pauseMs = this.isWaiting ? 0 : bound.pausedReaderMs;
    for (let piece = this.piece; piece * this.#pieceLength < until; piece++) {
      const distance = Math.max(0, piece * this.#pieceLength - this.position);
      each(piece, pauseMs + (distance * 1000) / rate);
    }
  }
}
