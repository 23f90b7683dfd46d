// The labels that somebody gave a folder, or made before anything had them: DATA/labels.json. Invariant: what was answered
// as done is in the file, which is whole whenever the power goes.

import { isAbsolute } from 'node:path';
import type { LabelSettings } from '@shoal/api';
import type { Disk } from '@shoal/base';
import { longestLabelsFile, mostLabels } from '../bounds.ts';
import { NodeError } from '../errors.ts';
import { readWhole, writeWhole } from '../folder/files.ts';

const fileName = 'labels.json';
/** As the API's schema has it. */
export function isLabel(name: string): boolean {
  return /^[^\p{Cc},]{1,64}$/u.test(name);
}

export class Labels {
  readonly #disk: Disk;
  readonly #data: string;
  #known: ReadonlyMap<string, LabelSettings>;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(disk: Disk, data: string, known: ReadonlyMap<string, LabelSettings>) {
    this.#disk = disk;
    this.#data = data;
    this.#known = known;
  }

  static async open(disk: Disk, data: string): Promise<Labels> {
    const text = await readWhole(disk, data, fileName, longestLabelsFile);
    return new Labels(disk, data, text === undefined ? new Map() : parse(text));
  }

  /** By name. */
  get known(): ReadonlyMap<string, LabelSettings> {
    return this.#known;
  }

  /** Where what has these labels goes: the folder of the first that has one. */
  folderOf(labels: readonly string[]): string | undefined {
    return labels.map((name) => this.#known.get(name)?.folder).find((folder) => folder !== undefined);
  }

  /** What is not named stays as it was; a folder of null takes it away. */
  async set(
    name: string,
    change: { readonly folder?: string | null; readonly isCategory?: boolean },
  ): Promise<void> {
    if (!isLabel(name))
      throw new NodeError('invalid', 'A label has 1 to 64 characters, and no comma.', { value: name });
    if (typeof change.folder === 'string' && !isAbsolute(change.folder))
      throw new NodeError('invalid', `folder has to be absolute, not ${change.folder}.`, {
        value: change.folder,
      });
    await this.#change((known) => {
      const before = known.get(name);
      if (before === undefined && known.size >= mostLabels)
        throw new NodeError('too-large', `There are ${mostLabels} labels already.`);
      const { folder = before?.folder ?? null, isCategory = before?.isCategory ?? false } = change;
      known.set(name, { name, isCategory, ...(folder !== null && { folder }) });
    });
  }

  /** Transfers keep it; it has no folder any more. */
  async remove(names: readonly string[]): Promise<void> {
    await this.#change((known) => {
      for (const name of names) known.delete(name);
    });
  }

  #change(change: (known: Map<string, LabelSettings>) => void): Promise<void> {
    const changed = this.#turn.then(async () => {
      const next = new Map(this.#known);
      change(next);
      const text = `${JSON.stringify([...next.values()], null, 1)}\n`;
      if (text.length > longestLabelsFile) throw new NodeError('too-large', 'The labels are too long.');
      await writeWhole(this.#disk, this.#data, fileName, text);
      this.#known = next;
    });
    this.#turn = changed.catch(() => {});
    return changed;
  }
}

/** What cannot be meant is passed over. */
function parse(text: string): ReadonlyMap<string, LabelSettings> {
  const known = new Map<string, LabelSettings>();
  const values: unknown = parseJson(text);
  for (const value of Array.isArray(values) ? values : []) {
    const { name, folder, isCategory }: Partial<Record<keyof LabelSettings, unknown>> = Object(value);
    if (typeof name !== 'string' || !isLabel(name)) continue;
    known.set(name, {
      name,
      isCategory: isCategory === true,
      ...(typeof folder === 'string' && isAbsolute(folder) && { folder }),
    });
  }
  return known;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
