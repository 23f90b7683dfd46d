// Where the files of a transfer are: moved, found elsewhere, looked at again, renamed. Invariant: a move that was
// acknowledged is in the record until it has come to its end, or cannot; one at a time of each transfer.

import { dirname, isAbsolute } from 'node:path';
import type { Disk } from '@shoal/base';
import { type Home, StorageError, type StorageErrorCode } from '@shoal/storage';
import { NodeError } from '../errors.ts';
import type { Labels } from '../labels/labels.ts';
import type { Inventory } from './inventory.ts';
import type { Item } from './item.ts';
import type { TransferRecord } from './record.ts';

export interface MovingParts {
  readonly inventory: Inventory;
  readonly disk: Disk;
  readonly labels: Labels;
  /** Whether what is given a label with a folder moves there. */
  readonly movesByLabel: () => boolean;
  /** The node is stopping. */
  readonly signal: AbortSignal;
}

/** A disk that is away gives these. What waits for it goes on when the transfer does. */
const mayPass: ReadonlySet<StorageErrorCode> = new Set(['missing', 'io', 'read-only']);

export class Moving {
  readonly #p: MovingParts;
  readonly #going = new Set<Item>();

  constructor(parts: MovingParts) {
    this.#p = parts;
  }

  /** Resolves when it is recorded that it is to be there. */
  move(item: Item, folder: string, isThere: boolean): Promise<void> {
    return item.inTurn(async () => {
      const { inventory, disk } = this.#p;
      if (!isAbsolute(folder))
        throw new NodeError('invalid', `folder has to be absolute, not ${folder}.`, { value: folder });
      requireFiles(item);
      if (this.#isGoing(item))
        throw new NodeError('busy', `It is being moved to ${item.record.movingTo ?? folder} already.`);
      if (isThere) {
        await disk.stat(folder);
        void item.transfer.relocate(folder).then(
          () => inventory.inBackground(item, () => inventory.remember(item, { folder })),
          (error: unknown) => inventory.tell(item, 'move-failed', error),
        );
        return;
      }
      await inventory.remember(item, { movingTo: folder });
      this.goOn(item);
    });
  }

  /** Where a label has a folder that the ones before did not lead to. To be called in the item's turn. */
  async followLabel(item: Item, before: readonly string[]): Promise<void> {
    const { inventory, labels, movesByLabel } = this.#p;
    const folder = labels.folderOf(item.record.labels);
    if (folder === undefined || folder === labels.folderOf(before) || !movesByLabel()) return;
    if (folder === item.record.folder || this.#isGoing(item)) return;
    await inventory.remember(item, { movingTo: folder });
    this.goOn(item);
  }

  /** With what the record says is to be done, as soon as it is known what files there are. */
  goOn(item: Item): void {
    const { record, transfer } = item;
    const folder = record.movingTo;
    if (folder === undefined || !isKnown(item) || this.#isGoing(item)) return;
    this.#going.add(item);
    transfer.move({ folder }).then(
      (left) => {
        if (left.length > 0)
          this.#p.inventory.tell(
            item,
            'move-left',
            new Error(`These stay in the old place: ${left.join(', ')}`),
          );
        this.#ended(item, { folder });
      },
      (error: unknown) => {
        this.#p.inventory.tell(item, 'move-failed', error);
        const isAway = error instanceof StorageError && mayPass.has(error.code);
        // What was broken off by the end of the node goes on at its next start; what cannot be is given up.
        if (this.#p.signal.aborted || transfer.moving !== undefined || isAway) this.#going.delete(item);
        else this.#ended(item, {});
      },
    );
  }

  /** Looks at all its files again. Resolves when that has begun. */
  verify(item: Item): Promise<void> {
    return item.inTurn(async () => {
      requireFiles(item);
      const { transfer } = item;
      // Everything that is recorded of its files is dropped.
      const folder = transfer.home === undefined ? item.record.folder : aboveOf(transfer.home);
      void transfer.relocate(folder).catch((error: unknown) => this.#p.inventory.tell(item, 'verify', error));
    });
  }

  rename(item: Item, path: string, name: string): Promise<void> {
    return item.inTurn(async () => {
      requireFiles(item);
      await item.transfer.rename(path, name);
      this.#p.inventory.say({ kind: 'changed', item });
    });
  }

  #isGoing(item: Item): boolean {
    return this.#going.has(item) || item.transfer.moving?.state === 'moving';
  }

  /** The next one may begin when it is recorded that this one is over. */
  #ended(item: Item, change: Partial<TransferRecord>): void {
    const { inventory } = this.#p;
    inventory.inBackground(item, async () => {
      this.#going.delete(item);
      await inventory.remember(item, ({ movingTo: _, ...record }) => ({ ...record, ...change }));
    });
  }
}

function isKnown({ record, transfer }: Item): boolean {
  return record.hasTorrent || transfer.torrent !== undefined;
}

function requireFiles(item: Item): void {
  if (!isKnown(item))
    throw new NodeError('no-metadata', 'Its files are not known before its metadata has come.');
}

/** The folder that it was put into: the content's own is inside. */
function aboveOf({ folder, ownsFolder }: Home): string {
  return ownsFolder === true ? dirname(folder) : folder;
}
