// What this browser remembers of the page itself; the node knows nothing of it. Where the browser forbids that, it
// holds until the page is closed.

import { createStore, type Store } from './store.ts';

interface Preference<Value> {
  readonly store: Store<Value>;
  set(value: Value): void;
}

function remember<Value>(
  key: string,
  parse: (text: string | null) => Value,
  write: (value: Value) => string,
) {
  const read = (): string | null => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const store = createStore(parse(read()));
  const preference: Preference<Value> = {
    store,
    set(value) {
      store.set(value);
      try {
        localStorage.setItem(key, write(value));
      } catch {}
    },
  };
  return preference;
}

const yesNo = (isYes: boolean): string => (isYes ? 'yes' : 'no');

export type Colours = 'auto' | 'light' | 'dark';

export const colours = remember<Colours>(
  'shoal-colours',
  (text) => (text === 'light' || text === 'dark' ? text : 'auto'),
  (value) => value,
);
export const singleKeys = remember('shoal-keys', (text) => text !== 'no', yesNo);
export const isWelcomed = remember('shoal-welcomed', (text) => text === 'yes', yesNo);

export function followColours(): void {
  const show = (): void => {
    document.documentElement.dataset.colours = colours.store.get();
  };
  show();
  colours.store.subscribe(show);
}
