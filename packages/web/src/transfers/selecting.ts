// Which transfers are selected after a click or a key, as lists everywhere do it: one, one more, or a run.

import type { View } from './view.ts';

export interface Pick {
  readonly id: string;
  /** Adds to what is selected, or takes it away. */
  readonly isToggle: boolean;
  /** From the anchor to here. */
  readonly isRun: boolean;
}

export function pick(view: View, shown: readonly string[], { id, isToggle, isRun }: Pick): View {
  if (isRun) {
    const anchor = view.anchor ?? view.active ?? id;
    const [from, to] = [shown.indexOf(anchor), shown.indexOf(id)];
    const run = shown.slice(Math.max(0, Math.min(from, to)), Math.max(from, to) + 1);
    const kept = isToggle ? view.selected : [];
    return { ...view, selected: new Set([...kept, ...run]), active: id, anchor };
  }
  if (!isToggle) return { ...view, selected: new Set([id]), active: id, anchor: id };
  const selected = new Set(view.selected);
  if (!selected.delete(id)) selected.add(id);
  return { ...view, selected, active: id, anchor: id };
}

/** What an action is meant for: what is selected, or the one where the keyboard is. */
export function chosen({ selected, active }: View, shown: readonly string[]): string[] {
  const seen = shown.filter((id) => selected.has(id));
  if (seen.length > 0) return seen;
  return active !== undefined && shown.includes(active) ? [active] : [];
}
