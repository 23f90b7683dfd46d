// Who may use a file when: those who write wait while it is moved, and those who read while its name changes.
// Invariant: a move begins when nobody writes, a change of name when nobody has the file open.

import type { Handle } from './open-files.ts';

export class SlotGate {
  readonly #handle: Handle;
  /** While its name changes nobody may open it. */
  #moving: Promise<void> | undefined;
  /** While it is moved nobody may write to it; those who want to wait. */
  #held: Promise<void> | undefined;
  #writers = 0;
  #onNoWriter: (() => void) | undefined;

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  /** Its name is changing: undefined when it is not. */
  get moving(): Promise<void> | undefined {
    return this.#moving;
  }

  /** Not while the file is moved, which waits for all writers before. */
  async asWriter<Value>(action: () => Promise<Value>): Promise<Value> {
    while (this.#held !== undefined) await this.#held;
    this.#writers++;
    try {
      return await action();
    } finally {
      this.#writers--;
      if (this.#writers === 0) this.#onNoWriter?.();
    }
  }

  /** Acts when all who write are done, and before those who come meanwhile. */
  async whileNobodyWrites(action: () => Promise<void>): Promise<void> {
    while (this.#held !== undefined) await this.#held;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    try {
      while (this.#writers > 0)
        await new Promise<void>((done) => {
          this.#onNoWriter = done;
        });
      await action();
    } finally {
      this.#held = undefined;
      resolve();
    }
  }

  /** Waits for those who have it open, then acts while nobody does. */
  async whileNobodyReads(action: () => Promise<void>): Promise<void> {
    while (this.#moving !== undefined) await this.#moving;
    const moving = this.#handle.close().then(action);
    this.#moving = moving.catch(() => {});
    try {
      await moving;
    } finally {
      this.#moving = undefined;
    }
  }
}
