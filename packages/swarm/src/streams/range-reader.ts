// Reads one file of a running transfer, whatever of it is here already: any number of ranges, one after the other or at once.
// Invariant: nothing is fetched or read before the first `next`, nor beyond what was asked for; `return` and an aborted
// signal end a range at once, even one that waits.

import { SwarmError } from '../errors.ts';
import type { ByteRange, RangeReader } from '../types.ts';
import { Playhead } from './playhead.ts';
import type { Streams } from './streams.ts';

/** One `next` gives at most this much. */
const longestChunk = 256 * 1024;

class FileRangeReader implements RangeReader {
  readonly file: number;
  readonly path: string;
  readonly size: number;
  readonly #streams: Streams;
  readonly #offset: number;
  readonly #ranges = new Set<OpenRange>();
  #isClosed = false;

  constructor(streams: Streams, file: number) {
    const { path = [], length = 0, offset = 0 } = streams.layout.files[file] ?? {};
    this.#streams = streams;
    this.file = file;
    this.path = path.join('/');
    this.size = length;
    this.#offset = offset;
    streams.opened(this);
  }

  read(range: ByteRange = {}, signal?: AbortSignal): AsyncIterableIterator<Uint8Array> {
    const { start = 0, end = Number.MAX_SAFE_INTEGER } = range;
    if (this.#isClosed) throw new SwarmError('closed', 'the reader was closed');
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
      throw new SwarmError('invalid', `there are no bytes from ${start} to ${end}`);
    const offset = this.#offset;
    const open = new OpenRange(
      this.#streams,
      { start: offset + Math.min(start, this.size), end: offset + Math.min(end, this.size) },
      signal,
      () => this.#ranges.delete(open),
    );
    this.#ranges.add(open);
    return open;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.read();
  }

  close(): void {
    this.#isClosed = true;
    for (const range of this.#ranges) range.end();
    this.#streams.closed(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** By index or path; padding is no file. */
export function openReader(streams: Streams, file: number | string): RangeReader {
  const { files } = streams.layout;
  const index = typeof file === 'number' ? file : files.findIndex(({ path }) => path.join('/') === file);
  if (files[index]?.isPad !== false)
    throw new SwarmError('invalid', 'there is no such file', { value: file });
  return new FileRangeReader(streams, index);
}

const nothing: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined };

class OpenRange implements AsyncIterableIterator<Uint8Array> {
  readonly #streams: Streams;
  readonly #range: { readonly start: number; readonly end: number };
  readonly #signal: AbortSignal | undefined;
  readonly #ended: () => void;
  #head: Playhead | undefined;
  #isOver = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    streams: Streams,
    range: { readonly start: number; readonly end: number },
    signal: AbortSignal | undefined,
    ended: () => void,
  ) {
    this.#streams = streams;
    this.#range = range;
    this.#signal = signal;
    this.#ended = ended;
    signal?.addEventListener('abort', this.end, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Several at once are answered in turn. */
  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const result = this.#last.then(() => this.#next());
    this.#last = result.catch(() => {});
    return result;
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.end();
    return Promise.resolve(nothing);
  }

  readonly end = (): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#signal?.removeEventListener('abort', this.end);
    if (this.#head !== undefined) this.#streams.close(this.#head);
    this.#ended();
  };

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#signal?.throwIfAborted();
    if (this.#isOver) return nothing;
    try {
      const bytes = await this.#bytes();
      if (bytes !== undefined) return { done: false, value: bytes };
    } catch (error) {
      this.end();
      throw error;
    }
    this.#signal?.throwIfAborted();
    this.end();
    return nothing;
  }

  /** Undefined when the range is over. */
  async #bytes(): Promise<Uint8Array | undefined> {
    const streams = this.#streams;
    this.#head ??= new Playhead(this.#range, streams.layout.pieceLength, streams.nowMs);
    const head = this.#head;
    head.lastAskedMs = streams.nowMs;
    let most = longestChunk;
    while (head.position < head.end && !this.#isOver) {
      if (streams.end !== undefined) throw streams.end;
      if (!streams.isGood(head.piece)) {
        await this.#untilGood(head);
        continue;
      }
      const bytes = new Uint8Array(this.#goodLength(head, most));
      const { pieceLength } = streams.layout;
      const { piece } = head;
      if (await streams.content.read(piece, head.position - piece * pieceLength, [bytes])) {
        head.position += bytes.length;
        streams.moved(head);
        return bytes;
      }
      // It may be a later piece that is not there: then this one still comes.
      if (most > pieceLength) most = pieceLength - (head.position % pieceLength);
      else streams.unreadable(piece);
    }
    return undefined;
  }

  async #untilGood(head: Playhead): Promise<void> {
    const streams = this.#streams;
    head.isWaiting = true;
    streams.moved(head);
    await new Promise<void>((resolve) => {
      head.wake = resolve;
    });
    head.isWaiting = false;
  }

  /** Bytes from the head on that are good, in a row. */
  #goodLength(head: Playhead, most: number): number {
    const { pieceLength } = this.#streams.layout;
    const limit = Math.min(head.end, head.position + most);
    let end = (head.piece + 1) * pieceLength;
    while (end < limit && this.#streams.isGood(end / pieceLength)) end += pieceLength;
    return Math.min(limit, end) - head.position;
  }
}
