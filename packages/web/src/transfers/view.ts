// Which transfers the list shows and in which order. Ten thousand change every second, so the order by name is kept
// until a name changes, and the others sort by numbers.

import type { TransferSummary } from '@shoal/api';
import type { Transfers } from '../node/live.ts';
import { createStore } from '../store.ts';

export const groups = ['all', 'fetching', 'sharing', 'complete', 'waiting', 'paused', 'trouble'] as const;
export type Group = (typeof groups)[number];
export type SortKey = 'name' | 'progress' | 'down' | 'up' | 'left' | 'size' | 'added';

export interface View {
  readonly text: string;
  readonly group: Group;
  readonly label: string | undefined;
  readonly sort: SortKey;
  readonly isDescending: boolean;
  readonly selected: ReadonlySet<string>;
  /** Where the keyboard is. */
  readonly active: string | undefined;
  /** Where a selection with Shift begins. */
  readonly anchor: string | undefined;
}

export const view = createStore<View>({
  text: '',
  group: 'all',
  label: undefined,
  sort: 'added',
  isDescending: true,
  selected: new Set(),
  active: undefined,
  anchor: undefined,
});

function isIn(group: Group, { state, isComplete, error }: TransferSummary): boolean {
  switch (group) {
    case 'all':
      return true;
    case 'fetching':
      return state === 'fetching' || state === 'metadata' || state === 'checking';
    case 'sharing':
      return state === 'sharing';
    case 'complete':
      return isComplete;
    case 'waiting':
      return state === 'queued';
    case 'paused':
      return state === 'paused' || state === 'stopped';
    case 'trouble':
      return state === 'failed' || state === 'disk-full' || error !== undefined;
  }
}

/** So that `Part 2` stands before `Part 10`, without the cost of a collator. */
const nameKeys = new Map<string, string>();
function nameKey(name: string): string {
  let key = nameKeys.get(name);
  if (key === undefined) {
    if (nameKeys.size > 50_000) nameKeys.clear();
    key = name
      .slice(0, 200)
      .toLowerCase()
      .replace(/\d+/g, (digits) => digits.padStart(10, '0'));
    nameKeys.set(name, key);
  }
  return key;
}

let byName: { readonly names: number; readonly ids: readonly string[] } = { names: -1, ids: [] };

function inOrderOfName({ byId, names }: Transfers): readonly string[] {
  if (byName.names !== names) {
    const keyed = [...byId.values()].map(({ id, name }) => [nameKey(name), id] as const);
    keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    byName = { names, ids: keyed.map(([, id]) => id) };
  }
  return byName.ids;
}

const numbers: Readonly<Record<Exclude<SortKey, 'name'>, (transfer: TransferSummary) => number>> = {
  progress: ({ bytes, total }) => (total === 0 ? 0 : bytes / total),
  down: ({ downRate }) => downRate,
  up: ({ upRate }) => upRate,
  left: ({ secondsLeft, isComplete }) => secondsLeft ?? (isComplete ? 1e15 : 1e14),
  size: ({ size }) => size,
  added: ({ addedMs }) => addedMs,
};

/** What was in order `before` is sorted again much sooner than what is in the order of names. */
function shownTransfers(all: Transfers, wanted: View, before: readonly string[] | undefined): string[] {
  const { text, group, label, sort, isDescending } = wanted;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (transfer: TransferSummary): boolean =>
    isIn(group, transfer) &&
    (label === undefined || transfer.labels.includes(label)) &&
    words.every(
      (word) =>
        transfer.name.toLowerCase().includes(word) ||
        transfer.id.startsWith(word) ||
        transfer.labels.some((own) => own.toLowerCase().includes(word)),
    );
  const ids: string[] = [];
  for (const id of before ?? inOrderOfName(all)) {
    const transfer = all.byId.get(id);
    if (transfer !== undefined && fits(transfer)) ids.push(id);
  }
  if (sort === 'name') return isDescending ? ids.reverse() : ids;
  const numberIn = numbers[sort];
  const sign = isDescending ? -1 : 1;
  const values = ids.map((id) => {
    const transfer = all.byId.get(id);
    return { id, value: transfer === undefined ? 0 : numberIn(transfer) };
  });
  // Sorting is stable: what is equal stays in the order that it had.
  values.sort((a, b) => sign * (a.value - b.value));
  return values.map(({ id }) => id);
}

export interface Look {
  readonly shown: readonly string[];
  readonly counts: Counts;
  /** What changed since is in the rows, and not yet in their order and the counts. */
  readonly isOld: boolean;
}

export const unsortedMs = 1000;
let last:
  | { readonly key: string; readonly version: number; readonly atMs: number; readonly look: Look }
  | undefined;

/** What the page shows. While nothing but rates changes it is put in order once a second. */
export function look(all: Transfers, state: View): Look {
  const { text, group, label, sort, isDescending } = state;
  const key = JSON.stringify([all.names, text, group, label ?? null, sort, isDescending]);
  const atMs = performance.now();
  if (last?.key !== key || (last.version !== all.version && atMs - last.atMs >= unsortedMs)) {
    const isSameList = group === 'all' && text === '' && label === undefined && last?.key === key;
    const before = isSameList && sort !== 'name' ? last?.look.shown : undefined;
    const found = { shown: shownTransfers(all, state, before), counts: countAll(all), isOld: false };
    last = { key, version: all.version, atMs, look: found };
  }
  return last.version === all.version ? last.look : { ...last.look, isOld: true };
}

export interface Counts {
  readonly groups: Readonly<Record<Group, number>>;
  readonly labels: readonly (readonly [label: string, count: number])[];
}

function countAll({ byId }: Transfers): Counts {
  const counts = { all: 0, fetching: 0, sharing: 0, complete: 0, waiting: 0, paused: 0, trouble: 0 };
  const labels = new Map<string, number>();
  for (const transfer of byId.values()) {
    for (const group of groups) if (isIn(group, transfer)) counts[group]++;
    for (const label of transfer.labels) labels.set(label, (labels.get(label) ?? 0) + 1);
  }
  return { groups: counts, labels: [...labels].sort(([a], [b]) => (a < b ? -1 : 1)) };
}
