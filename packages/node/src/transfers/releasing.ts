// Complete files before the release gate: what waits, what it refused, and what is looked at again.
// Invariant: what was refused is not shared before the gate has said yes.

import { basename } from 'node:path';
import type { InfoHashes } from '@shoal/metainfo';
import type { ReleasableFile, TransferState } from '@shoal/swarm';
import { fileGone, type ReleaseGate } from '../release/gate.ts';
import { refusalText } from './describe.ts';
import type { Inventory } from './inventory.ts';
import type { Item } from './item.ts';

export interface ReleasingParts {
  readonly inventory: Inventory;
  readonly gate: ReleaseGate;
  /** The node is stopping. */
  readonly signal: AbortSignal;
}

/** Its files are let go of, or looked at anew: the gate is asked again for what is complete then. */
const letsGo: ReadonlySet<TransferState> = new Set(['paused', 'queued', 'failed', 'stopped', 'checking']);

export class Releasing {
  readonly #p: ReleasingParts;

  constructor(parts: ReleasingParts) {
    this.#p = parts;
  }

  /** What was refused is looked at before anybody can have a byte of it. */
  async reconsider(item: Item, path: string): Promise<void> {
    const { inventory } = this.#p;
    if (item.held !== undefined) return;
    this.#hold(item, `${basename(path)} is looked at again`);
    const verdict = await this.#p.gate.askOnce({ path, hashes: hashesOf(item) }, this.#p.signal);
    item.held = undefined;
    if (verdict.kind === 'refused') this.#refuse(item, path, verdict.reason);
    // Where it is no more, it is fetched and looked at again, or was moved, and is looked at there.
    else if (verdict.kind === 'held' && verdict !== fileGone)
      this.#p.inventory.tell(item, 'scan', new Error(`${basename(path)} waits ${verdict.reason}`));
    else
      inventory.inBackground(item, async () => {
        await inventory.remember(item, ({ refused: _, ...record }) => ({ ...record, isPaused: false }));
        item.transfer.resume();
      });
  }

  async mayRelease(id: string, file: ReleasableFile): Promise<boolean> {
    const item = this.#p.inventory.find(id);
    if (item === undefined) return false;
    const ended = new AbortController();
    const forget = file.transfer.subscribe((event) => {
      if (event.kind === 'state' && letsGo.has(event.state)) ended.abort();
    });
    const signal = AbortSignal.any([ended.signal, this.#p.signal]);
    const held = (reason: string) => this.#hold(item, `${basename(file.path)} waits ${reason}`);
    const verdict = await this.#p.gate.ask(() => ({ path: file.path, hashes: hashesOf(item) }), held, signal);
    item.held = undefined;
    if (verdict.kind === 'refused' && !signal.aborted) {
      const paused = item.transfer.pause();
      this.#refuse(item, file.path, verdict.reason);
      await paused;
    }
    // The engine, which asks once, calls a transfer complete with the last answer of any kind: a no waits until it stands still.
    if (verdict.kind !== 'clean' && !ended.signal.aborted)
      await new Promise((resolve) => ended.signal.addEventListener('abort', resolve));
    forget();
    return verdict.kind === 'clean';
  }

  #hold(item: Item, reason: string): void {
    if (item.held === reason) return;
    item.held = reason;
    this.#p.inventory.tell(item, 'scan', new Error(reason));
  }

  #refuse(item: Item, path: string, reason: string): void {
    const refused = { path, reason };
    this.#p.inventory.tell(item, 'refused', new Error(refusalText(refused)));
    const { inventory } = this.#p;
    inventory.inBackground(item, () => inventory.remember(item, { refused, isPaused: true }));
  }
}

/** All of them, once the metadata is here: a link may have named one half of a hybrid. */
function hashesOf({ transfer }: Item): InfoHashes {
  return transfer.torrent?.infoHashes ?? transfer.infoHashes;
}
