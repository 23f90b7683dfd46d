// Categories and tags of the Web API. Both are labels here: a category is one that was made as such, and may have a folder.

import { isAbsolute, join } from 'node:path';
import { mostLabelsEach } from '../bounds.ts';
import { isLabel } from '../labels/labels.ts';
import type { Item } from '../transfers/item.ts';
import { each } from '../transfers/many.ts';
import { isCategoryName, makeCategory } from './adding.ts';
import { type Actions, itemsOf, kindsOf, type WebApiParts } from './api.ts';
import { WebApiError } from './errors.ts';

export interface CategoryFacts {
  readonly name: string;
  readonly savePath: string;
}

export function categoriesOf({ labels }: Pick<WebApiParts, 'labels'>): Record<string, CategoryFacts> {
  const all = [...labels.known.values()].filter(({ isCategory }) => isCategory);
  return Object.fromEntries(all.map(({ name, folder = '' }) => [name, { name, savePath: folder }]));
}

/** Made, or in use. */
export function tagsOf({ labels, transfers }: Pick<WebApiParts, 'labels' | 'transfers'>): string[] {
  const kinds = kindsOf(labels);
  const all = new Set([...labels.known.values()].flatMap(({ name, isCategory }) => (isCategory ? [] : name)));
  for (const { record } of transfers.all) for (const tag of kinds.tags(record.labels)) all.add(tag);
  return [...all].sort();
}

export function labelActions(parts: WebApiParts): Actions {
  const { transfers, labels, live } = parts;
  const kinds = kindsOf(labels);
  const relabel = (item: Item, next: readonly string[]): Promise<void> => {
    const all = [...new Set(next)];
    if (all.length > mostLabelsEach)
      throw new WebApiError('conflict', `A torrent has at most ${mostLabelsEach} tags`);
    const isSame =
      all.length === item.record.labels.length && all.every((one, at) => one === item.record.labels[at]);
    return isSame ? Promise.resolve() : transfers.change(item, { labels: all });
  };
  const folderOf = (text: string): string | null =>
    text === '' ? null : isAbsolute(text) ? text : join(live.config.downloads, text);
  const tagsIn = (tags: readonly string[]): readonly string[] => {
    if (tags.some((tag) => !isLabel(tag))) throw new WebApiError('bad-request', 'Incorrect tag name');
    return tags;
  };
  return {
    categories: { run: () => categoriesOf(parts) },
    createCategory: {
      changes: true,
      async run({ form }) {
        const name = form.needed('category').trim();
        if (name === '') throw new WebApiError('bad-request', 'Category cannot be empty');
        if (labels.known.get(name)?.isCategory === true)
          throw new WebApiError('conflict', 'Unable to create category');
        await makeCategory(name, parts, folderOf(form.text('savePath')?.trim() ?? '') ?? undefined);
        return undefined;
      },
    },
    editCategory: {
      changes: true,
      async run({ form }) {
        const name = form.needed('category').trim();
        const folder = folderOf(form.needed('savePath').trim());
        if (name === '') throw new WebApiError('bad-request', 'Category cannot be empty');
        if (labels.known.get(name)?.isCategory !== true)
          throw new WebApiError('conflict', 'Unable to edit category');
        await labels.set(name, { folder });
        return undefined;
      },
    },
    removeCategories: {
      changes: true,
      async run({ form }) {
        form.needed('categories');
        const gone = new Set(
          form.list('categories', '\n').filter((name) => labels.known.get(name)?.isCategory === true),
        );
        const had = transfers.all.filter(({ record }) => record.labels.some((label) => gone.has(label)));
        await labels.remove([...gone]);
        await each(had, (item) =>
          relabel(
            item,
            item.record.labels.filter((label) => !gone.has(label)),
          ),
        );
        return undefined;
      },
    },
    setCategory: {
      changes: true,
      async run({ form }) {
        form.needed('hashes');
        const name = form.needed('category').trim();
        if (name !== '' && (!isCategoryName(name) || labels.known.get(name)?.isCategory !== true))
          throw new WebApiError('conflict', 'Incorrect category name');
        await each(itemsOf(transfers, form), (item) =>
          relabel(item, [...(name === '' ? [] : [name]), ...kinds.tags(item.record.labels)]),
        );
        return undefined;
      },
    },
    tags: { run: () => tagsOf(parts) },
    createTags: {
      changes: true,
      async run({ form }) {
        form.needed('tags');
        for (const tag of tagsIn(form.list('tags', ',')))
          if (!labels.known.has(tag)) await labels.set(tag, {});
        return undefined;
      },
    },
    deleteTags: {
      changes: true,
      async run({ form }) {
        form.needed('tags');
        const gone = new Set(kinds.tags(form.list('tags', ',')));
        const had = transfers.all.filter(({ record }) => record.labels.some((label) => gone.has(label)));
        await labels.remove([...gone]);
        await each(had, (item) =>
          relabel(
            item,
            item.record.labels.filter((label) => !gone.has(label)),
          ),
        );
        return undefined;
      },
    },
    addTags: {
      changes: true,
      async run({ form }) {
        form.needed('tags');
        const tags = tagsIn(form.list('tags', ','));
        await each(itemsOf(transfers, form), (item) => relabel(item, [...item.record.labels, ...tags]));
        return undefined;
      },
    },
    removeTags: {
      changes: true,
      async run({ form }) {
        const tags = form.list('tags', ',');
        await each(itemsOf(transfers, form), (item) => {
          const gone = new Set(kinds.tags(tags.length === 0 ? item.record.labels : tags));
          return relabel(
            item,
            item.record.labels.filter((label) => !gone.has(label)),
          );
        });
        return undefined;
      },
    },
  };
}
