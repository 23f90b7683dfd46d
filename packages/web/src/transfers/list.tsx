// The list of transfers: rows in sight only, selection by click and key.

import { type KeyboardEvent, type MouseEvent, useCallback, useRef } from 'react';
import { transfers } from '../node/live.ts';
import { Rows, scrollToRow } from '../parts/rows.tsx';
import { useWidth } from '../parts/use-width.ts';
import { go } from '../route.ts';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { rowId, TransferRow } from './row.tsx';
import { pick } from './selecting.ts';
import { type SortKey, view } from './view.ts';

const [rowHeight, narrowRowHeight, headHeight] = [54, 84, 36];
const columns: readonly SortKey[] = ['name', 'progress', 'down', 'up', 'left', 'size', 'added'];

/** Kept while other pages are open. */
let scrolledTo = 0;
const keepPlace = (top: number): void => {
  scrolledTo = top;
};

export function TransferList({ shown }: { readonly shown: readonly string[] }) {
  const { byId } = useStore(transfers);
  const state = useStore(view);
  const scroller = useRef<HTMLDivElement | null>(null);
  const isNarrow = useWidth() < 760;
  const height = isNarrow ? narrowRowHeight : rowHeight;
  const at = state.active === undefined ? -1 : shown.indexOf(state.active);
  const latest = useRef(shown);
  latest.current = shown;

  const onPick = useCallback((id: string, event: MouseEvent, isBox: boolean) => {
    const isToggle = isBox || event.ctrlKey || event.metaKey;
    view.update((before) => pick(before, latest.current, { id, isToggle, isRun: event.shiftKey }));
  }, []);

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>): void {
    if (event.altKey) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / height) - 1);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at <= 0 ? 0 : at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: shown.length - 1,
    };
    const target = moves[event.key];
    if (target !== undefined) {
      const index = Math.min(shown.length - 1, Math.max(0, target));
      const id = shown[index];
      event.preventDefault();
      if (id === undefined) return;
      if (event.shiftKey) view.update((before) => pick(before, shown, { id, isToggle: false, isRun: true }));
      else view.update((before) => ({ ...before, active: id, anchor: id }));
      scrollToRow(scroller.current, index, height, isNarrow ? 0 : headHeight);
    } else if (event.key === ' ' && state.active !== undefined) {
      event.preventDefault();
      const id = state.active;
      view.update((before) => pick(before, shown, { id, isToggle: true, isRun: event.shiftKey }));
    } else if (event.key === 'Enter' && state.active !== undefined && event.target === event.currentTarget) {
      go({ page: 'transfer', id: state.active, tab: 'overview' });
    }
  }

  return (
    <Rows
      count={shown.length}
      height={height}
      scroller={scroller}
      initialTop={scrolledTo}
      label={texts.list.label}
      className="transfers-list"
      isMany
      active={at === -1 ? undefined : { index: at, id: rowId(state.active ?? '') }}
      onKeyDown={onKeyDown}
      onScrolled={keepPlace}
      head={<Head />}
      row={(index, top) => {
        const transfer = byId.get(shown[index] ?? '');
        if (transfer === undefined) return null;
        const { id } = transfer;
        return (
          <TransferRow
            key={id}
            transfer={transfer}
            index={index}
            top={top}
            isSelected={state.selected.has(id)}
            isActive={state.active === id}
            onPick={onPick}
          />
        );
      }}
    />
  );
}

function Head() {
  const { sort, isDescending } = useStore(view);
  return (
    <div className="row head" role="rowgroup">
      <div role="row" aria-rowindex={1} className="cells">
        <div role="columnheader" className="box">
          <span className="unseen">{texts.list.selectAll}</span>
        </div>
        {columns.map((column) => (
          <div
            key={column}
            role="columnheader"
            className={column}
            aria-sort={sort !== column ? 'none' : isDescending ? 'descending' : 'ascending'}
          >
            <button type="button" className="plain" onClick={() => sortBy(column)}>
              {texts.list[column]}
              {sort === column && <span aria-hidden="true">{isDescending ? ' ↓' : ' ↑'}</span>}
            </button>
          </div>
        ))}
      </div>
    </div>
  );
}

/** Names go up first, numbers down; once more turns it around. */
function sortBy(sort: SortKey): void {
  view.update((before) => ({
    ...before,
    sort,
    isDescending: before.sort === sort ? !before.isDescending : sort !== 'name',
  }));
}
