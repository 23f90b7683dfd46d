// The page of all transfers.

import { useEffect, useMemo, useRef, useState } from 'react';
import { type Keys, useKeys } from '../keys.ts';
import { connection, transfers } from '../node/live.ts';
import { Fish, Icon } from '../parts/icon.tsx';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { act } from './acting.ts';
import { openAdd, openDialog } from './dialogs.ts';
import { Filters } from './filters.tsx';
import { TransferList } from './list.tsx';
import { chosen } from './selecting.ts';
import { Actions, Toolbar } from './toolbar.tsx';
import { look, unsortedMs, view } from './view.ts';
import { Welcome } from './welcome.tsx';

export function TransfersPage() {
  const all = useStore(transfers);
  const state = useStore(view);
  const isKnown = useStore(connection) !== 'connecting' || all.version > 0;
  const search = useRef<HTMLInputElement>(null);
  const { shown, counts, isOld } = look(all, state);
  const [, lookAgain] = useState(0);
  useEffect(() => {
    if (!isOld) return;
    const timer = setTimeout(() => lookAgain((count) => count + 1), unsortedMs);
    return () => clearTimeout(timer);
  });
  const selected = useMemo(() => shown.filter((id) => state.selected.has(id)), [shown, state.selected]);
  useKeys(useListKeys(shown, search));

  return (
    <div className="page transfers">
      <h1 className="unseen">{texts.pages.transfers}</h1>
      <Filters counts={counts} />
      <div className="content">
        <Toolbar search={search} />
        {isKnown && all.byId.size === 0 && <Empty />}
        {all.byId.size > 0 && shown.length === 0 && <NoneFits />}
        {shown.length > 0 && <TransferList shown={shown} />}
        <div className="under">
          {selected.length > 0 ? (
            <div className="actions" role="toolbar" aria-label={texts.list.selected(selected.length)}>
              <strong>{texts.list.selected(selected.length)}</strong>
              <Actions ids={selected} first={all.byId.get(selected[0] ?? '')} />
              <button
                type="button"
                className="plain"
                aria-label={texts.actions.clear}
                onClick={clearSelection}
              >
                <Icon name="close" />
              </button>
            </div>
          ) : (
            all.byId.size > 0 && <p className="quiet">{texts.list.shown(shown.length, all.byId.size)}</p>
          )}
        </div>
      </div>
    </div>
  );
}

function clearSelection(): void {
  view.update((before) => ({ ...before, selected: new Set() }));
}

function useListKeys(shown: readonly string[], search: { current: HTMLInputElement | null }): Keys {
  const latest = useRef(shown);
  latest.current = shown;
  return useMemo(() => {
    const withChosen = (work: (ids: readonly string[]) => void) => (): void => {
      const ids = chosen(view.get(), latest.current);
      if (ids.length > 0) work(ids);
    };
    return {
      '/': () => search.current?.focus(),
      'Control+a': () => view.update((before) => ({ ...before, selected: new Set(latest.current) })),
      Escape: clearSelection,
      Delete: withChosen((ids) => openDialog.set({ kind: 'remove', ids })),
      p: withChosen((ids) => {
        const first = transfers.get().byId.get(ids[0] ?? '');
        const rests = first?.state === 'paused' || first?.state === 'failed';
        void act(ids, { action: rests ? 'resume' : 'pause' });
      }),
      v: withChosen((ids) => void act(ids, { action: 'verify' })),
      l: withChosen((ids) => openDialog.set({ kind: 'labels', ids })),
      o: withChosen((ids) => openDialog.set({ kind: 'options', ids })),
      m: withChosen((ids) => openDialog.set({ kind: 'move', ids })),
    };
  }, [search]);
}

function Empty() {
  return (
    <div className="empty">
      <Fish />
      <h2>{texts.empty.title}</h2>
      <p>{texts.empty.text}</p>
      <button type="button" className="primary" onClick={() => openAdd()}>
        <Icon name="add" />
        {texts.actions.add}
      </button>
      <Welcome />
    </div>
  );
}

function NoneFits() {
  return (
    <div className="empty">
      <p>{texts.empty.filtered}</p>
      <button
        type="button"
        onClick={() => view.update((before) => ({ ...before, text: '', group: 'all', label: undefined }))}
      >
        {texts.empty.showAll}
      </button>
    </div>
  );
}
