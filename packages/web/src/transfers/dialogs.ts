// Which dialog is open, and what it is about.

import { createStore } from '../store.ts';

export type OpenDialog =
  | { readonly kind: 'add'; readonly links: string; readonly files: readonly File[] }
  | { readonly kind: 'remove' | 'labels' | 'move' | 'options'; readonly ids: readonly string[] }
  | { readonly kind: 'keys' };

export const openDialog = createStore<OpenDialog | undefined>(undefined);

export const closeDialog = (): void => openDialog.set(undefined);

export function openAdd(links = '', files: readonly File[] = []): void {
  openDialog.set({ kind: 'add', links, files });
}
