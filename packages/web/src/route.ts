// Which page is open, kept in the fragment of the address: no server has to know of pages.

import { useSyncExternalStore } from 'react';

export type Tab = 'overview' | 'files' | 'peers' | 'finders' | 'log';
export const tabs: readonly Tab[] = ['overview', 'files', 'peers', 'finders', 'log'];

export type Route =
  | { readonly page: 'transfers' | 'find' | 'network' | 'settings' }
  | { readonly page: 'transfer'; readonly id: string; readonly tab: Tab; readonly file?: number };

export function addressOf(route: Route): string {
  if (route.page === 'transfers') return '#/';
  if (route.page !== 'transfer') return `#/${route.page}`;
  const file = route.file === undefined ? '' : `/${route.file}`;
  return `#/transfer/${encodeURIComponent(route.id)}/${route.tab}${file}`;
}

function parseRoute(fragment: string): Route {
  const [page, id, tab, file] = fragment.replace(/^#?\/?/, '').split('/');
  if (page === 'find' || page === 'network' || page === 'settings') return { page };
  if (page !== 'transfer' || id === undefined || !/^[0-9a-f]{40,64}$/.test(id)) return { page: 'transfers' };
  const known = tabs.find((name) => name === tab) ?? 'overview';
  const index = file !== undefined && /^\d{1,9}$/.test(file) ? Number(file) : undefined;
  return { page, id, tab: known, ...(index !== undefined && { file: index }) };
}

export function go(route: Route): void {
  location.hash = addressOf(route);
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

export function useRoute(): Route {
  const fragment = useSyncExternalStore(subscribe, () => location.hash);
  return parseRoute(fragment);
}
