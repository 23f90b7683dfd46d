// What somebody changes of a transfer: limits, goals, labels, place, mode, trackers, and which files are wanted.

import type { FileChoice, TransferChange } from '@shoal/api';
import type { Torrent } from '@shoal/metainfo';
import { NodeError } from '../errors.ts';
import { changedTrackers } from './change-trackers.ts';
import { choiceOf, matchesPath, priorityOf, wishOf } from './choice.ts';
import { goalsOf, speedsOf } from './engine-options.ts';
import type { Inventory } from './inventory.ts';
import type { Item } from './item.ts';
import type { Moving } from './moving.ts';
import { modeOf } from './new-record.ts';
import type { Priority, TransferRecord } from './record.ts';

export interface ChangingParts {
  readonly inventory: Inventory;
  readonly moving: Moving;
  /** Asks those who are to be asked for peers. */
  readonly follow: (item: Item) => void;
}

export class Changing {
  readonly #p: ChangingParts;

  constructor(parts: ChangingParts) {
    this.#p = parts;
  }

  async change(item: Item, change: TransferChange): Promise<void> {
    const trackers = changedTrackers(item.record.trackers, change);
    const { inventory, moving } = this.#p;
    await item.inTurn(async () => {
      const { record, transfer } = item;
      const { place, isForced, labels, mode } = change;
      const limits = change.limits && {
        down: change.limits.down === undefined ? record.limits.down : change.limits.down,
        up: change.limits.up === undefined ? record.limits.up : change.limits.up,
      };
      const { goals } = change;
      if (limits) transfer.setLimits(speedsOf(limits));
      if (goals) transfer.setGoals(goalsOf(goals));
      if (isForced !== undefined) transfer.setForced(isForced);
      const newMode = mode === undefined ? undefined : modeOf(mode, record.size);
      if (newMode) await transfer.setMode(newMode);
      const placed = place === undefined ? [] : [inventory.place(item, place)];
      await inventory.remember(
        item,
        {
          ...(limits && { limits }),
          ...(goals && { goals }),
          ...(labels && { labels }),
          ...(isForced !== undefined && { isForced }),
          ...(newMode && { mode: newMode }),
        },
        placed,
      );
      if (labels !== undefined) await moving.followLabel(item, record.labels);
    });
    if (trackers !== undefined) await this.setTrackers(item, trackers);
  }

  /** Its files keep their names. */
  retitle(item: Item, title: string): Promise<void> {
    return item.inTurn(() => this.#p.inventory.remember(item, { title }));
  }

  choose(item: Item, torrent: Torrent, { priority, files, globs, onlyThese }: FileChoice): Promise<void> {
    return item.inTurn(async () => {
      const before = priorityOf(item.record.choice);
      const count = torrent.layout.files.length;
      const unknown = files?.find((file) => file >= count || torrent.layout.files[file]?.isPad !== false);
      if (unknown !== undefined)
        throw new NodeError('not-found', `There is no file ${unknown} in it.`, { value: unknown });
      const isNamed = new Set(files);
      const hasAll = files === undefined && globs === undefined;
      const priorities = torrent.layout.files.map(({ path: names, isPad }, file): Priority => {
        const path = names.join('/');
        if (isPad) return 'normal';
        if (hasAll || isNamed.has(file) || globs?.some((glob) => matchesPath(path, glob))) return priority;
        return onlyThese === true ? 'skip' : (before?.(path, file) ?? 'normal');
      });
      const choice = choiceOf(priorities);
      const chosen = priorityOf(choice);
      await item.transfer.select(chosen === undefined ? () => true : wishOf(chosen));
      await this.#p.inventory.remember(item, { choice });
    });
  }

  /** In tiers, in place of those that it had. Those who are left out are told that it is gone. */
  setTrackers(item: Item, trackers: TransferRecord['trackers']): Promise<void> {
    return item.inTurn(async () => {
      await this.#p.inventory.remember(item, { trackers });
      void item.followed?.stop();
      item.keepOnly(new Set(trackers.flat()));
      this.#p.follow(item);
    });
  }
}
