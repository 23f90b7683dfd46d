// A running fingerprint of everything that happened: two runs are the same when their digests are. With contents
// on, every byte that travelled counts as well.

import { createHash } from 'node:crypto';

export interface TraceEvent {
  readonly timeMs: number;
  /** What happened: `datagram`, `segment`, `timer`, `disk-write`, … */
  readonly what: string;
  /** The host it happened to. */
  readonly host: string;
  readonly detail: number;
}

export interface TraceOptions {
  /** Take the bytes of datagrams and streams into the digest, not only their lengths. Costs about 0.5 ns a byte. */
  readonly contents?: boolean;
  /** Sees every event: compare two runs to find where they part. */
  readonly listener?: (event: TraceEvent) => void;
}

export class Trace {
  #a = 0x9e3779b9;
  #b = 0x85ebca6b;
  #count = 0;
  readonly #contents: ReturnType<typeof createHash> | undefined;
  readonly #listener: ((event: TraceEvent) => void) | undefined;
  readonly #codes = new Map<string, number>();

  constructor(options: TraceOptions = {}) {
    this.#contents = options.contents === true ? createHash('sha1') : undefined;
    this.#listener = options.listener;
  }

  get count(): number {
    return this.#count;
  }

  add(
    timeMs: number,
    what: string,
    host: { readonly index: number; readonly name: string },
    detail: number,
  ): void {
    this.#count++;
    const ticks = timeMs * 65536;
    let a = this.#a;
    let b = this.#b;
    a = Math.imul(a ^ ticks, 0x9e3779b1);
    b = Math.imul(b ^ (ticks / 0x1_0000_0000) ^ (a >>> 15), 0x85ebca77);
    a = Math.imul(a ^ this.#codeOf(what) ^ (b >>> 13), 0xc2b2ae3d);
    b = Math.imul(b ^ host.index ^ (a >>> 16), 0x27d4eb2f);
    a = Math.imul(a ^ detail ^ (b >>> 14), 0x165667b1);
    this.#a = a;
    this.#b = b;
    this.#listener?.({ timeMs, what, host: host.name, detail });
  }

  bytes(bytes: Uint8Array): void {
    this.#contents?.update(bytes);
  }

  /** Changes with every event. */
  digest(): string {
    const words = [this.#a, this.#b].map((word) => (word >>> 0).toString(16).padStart(8, '0'));
    const contents = this.#contents?.copy().digest('hex') ?? '';
    return `${words.join('')}${contents}-${this.#count}`;
  }

  #codeOf(what: string): number {
    let code = this.#codes.get(what);
    if (code === undefined) {
      code = 0;
      for (let i = 0; i < what.length; i++) code = Math.imul(code ^ what.charCodeAt(i), 0x01000193);
      this.#codes.set(what, code);
    }
    return code;
  }
}
