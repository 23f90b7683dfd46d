// Keys that work all over the pages. Those of a single letter can be turned off (WCAG 2.1.4), and none of them works
// while something is being written or a dialog is open.

import { useEffect } from 'react';
import { singleKeys } from './preferences.ts';
import { go } from './route.ts';
import { openAdd, openDialog } from './transfers/dialogs.ts';

export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>;

function isElsewhere({ target }: Event): boolean {
  if (document.querySelector('dialog[open]') !== null) return true;
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox';
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Names of keys as the platform has them, letters small; `Control+a` for those with Ctrl or ⌘. */
export function useKeys(keys: Keys): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (isElsewhere(event) || event.altKey || event.defaultPrevented) return;
      const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const isCommand = event.ctrlKey || event.metaKey;
      if (name.length === 1 && !isCommand && !singleKeys.store.get()) return;
      const action = keys[isCommand ? `Control+${name}` : name];
      if (action === undefined) return;
      event.preventDefault();
      action(event);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [keys]);
}

export const keysOfAllPages: Keys = {
  '?': () => openDialog.set({ kind: 'keys' }),
  '1': () => go({ page: 'transfers' }),
  '2': () => go({ page: 'find' }),
  '3': () => go({ page: 'network' }),
  '4': () => go({ page: 'settings' }),
  a: () => openAdd(),
};

/** Links and torrent files that are pasted anywhere begin the dialog that adds them. */
export function usePaste(): void {
  useEffect(() => {
    const paste = (event: ClipboardEvent): void => {
      if (isElsewhere(event) || event.clipboardData === null) return;
      const { files } = event.clipboardData;
      const text = event.clipboardData.getData('text/plain').trim();
      if (files.length === 0 && text === '') return;
      event.preventDefault();
      openAdd(files.length === 0 ? text : '', [...files]);
    };
    addEventListener('paste', paste);
    return () => removeEventListener('paste', paste);
  }, []);
}
