// One running question: peers come in from anywhere, and go out in that order to the one who iterates.

import type { FoundPeer, Search } from '@shoal/base';
import { maxQueued } from './bounds.ts';

export class PeerSearch implements Search {
  readonly ended: Promise<void>;
  readonly #end: () => void;
  readonly #renew: () => void;
  #queue: FoundPeer[] = [];
  #wake: (() => void) | undefined;
  #isOver = false;

  constructor(options: { readonly renew: () => void }) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
    this.#renew = options.renew;
  }

  renew(): void {
    if (!this.#isOver) this.#renew();
  }

  push(peer: FoundPeer): void {
    if (this.#isOver || this.#queue.length >= maxQueued) return;
    this.#queue.push(peer);
    this.#wake?.();
  }

  /** No more peers come. */
  finish(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  /** Everybody who should hear of the end did. */
  end(): void {
    this.finish();
    this.#end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FoundPeer, void, void> {
    for (;;) {
      const batch = this.#queue;
      this.#queue = [];
      yield* batch;
      if (this.#queue.length > 0) continue;
      if (this.#isOver) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}

/** Calls once, also when it was aborted before. */
export function onAbort(signal: AbortSignal, callback: () => void): void {
  if (signal.aborted) queueMicrotask(callback);
  else signal.addEventListener('abort', callback, { once: true });
}

export function endpointText({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
