// What can be done with the list: add, search, sort; and with what is selected in it.

import type { TransferSummary } from '@shoal/api';
import type { RefObject } from 'react';
import { Icon, type IconName } from '../parts/icon.tsx';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { act, copyLinks } from './acting.ts';
import { openAdd, openDialog } from './dialogs.ts';
import { type SortKey, view } from './view.ts';

const sorts: readonly SortKey[] = ['added', 'name', 'progress', 'down', 'up', 'left', 'size'];

export function Toolbar({ search }: { readonly search: RefObject<HTMLInputElement | null> }) {
  const { text, sort } = useStore(view);
  return (
    <div className="toolbar">
      <button type="button" className="primary" onClick={() => openAdd()}>
        <Icon name="add" />
        {texts.actions.add}
      </button>
      <div className="search">
        <Icon name="search" />
        <input
          ref={search}
          type="search"
          aria-label={texts.list.searchHint}
          placeholder={texts.list.search}
          maxLength={256}
          value={text}
          onChange={({ target }) => view.update((before) => ({ ...before, text: target.value }))}
          onKeyDown={({ key, currentTarget }) => key === 'Escape' && currentTarget.blur()}
        />
      </div>
      <select
        className="sort"
        aria-label={texts.list.sort}
        value={sort}
        onChange={({ target }) => {
          const chosenSort = sorts.find((name) => name === target.value) ?? 'added';
          view.update((before) => ({ ...before, sort: chosenSort, isDescending: chosenSort !== 'name' }));
        }}
      >
        {sorts.map((name) => (
          <option key={name} value={name}>
            {texts.list[name]}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Actions({
  ids,
  first,
}: {
  readonly ids: readonly string[];
  readonly first: TransferSummary | undefined;
}) {
  const rests = first !== undefined && ['paused', 'failed', 'stopped', 'disk-full'].includes(first.state);
  const isMany = ids.length > 1;
  return (
    <>
      {(rests || isMany) && (
        <Action name="resume" isPrimary={rests} onClick={() => void act(ids, { action: 'resume' })} />
      )}
      {first?.state === 'queued' && (
        <Action
          name="resume"
          title={texts.actions.force}
          isPrimary
          onClick={() => void act(ids, { action: 'change', change: { isForced: true } })}
        />
      )}
      {(!rests || isMany) && <Action name="pause" onClick={() => void act(ids, { action: 'pause' })} />}
      <Action name="verify" onClick={() => void act(ids, { action: 'verify' })} />
      <Action
        name="label"
        title={texts.actions.labels}
        onClick={() => openDialog.set({ kind: 'labels', ids })}
      />
      <Action
        name="settings"
        title={texts.actions.options}
        onClick={() => openDialog.set({ kind: 'options', ids })}
      />
      <Action name="move" onClick={() => openDialog.set({ kind: 'move', ids })} />
      <Action name="link" title={texts.actions.copyLink} onClick={() => void copyLinks(ids)} />
      <Action name="remove" onClick={() => openDialog.set({ kind: 'remove', ids })} />
    </>
  );
}

interface ActionProps {
  readonly name: IconName &
    ('resume' | 'pause' | 'verify' | 'label' | 'settings' | 'move' | 'link' | 'remove');
  readonly title?: string;
  readonly isPrimary?: boolean;
  readonly onClick: () => void;
}

function Action({ name, title, isPrimary = false, onClick }: ActionProps) {
  const text =
    title ?? (name === 'label' || name === 'link' || name === 'settings' ? name : texts.actions[name]);
  return (
    <button type="button" className={isPrimary ? 'action primary' : 'action'} title={text} onClick={onClick}>
      <Icon name={name} />
      <span>{text}</span>
    </button>
  );
}
