// The signs of the pages, drawn as single paths on a field of 24 by 24; a word always stands beside or behind them.

const paths = {
  add: 'M12 5v14M5 12h14',
  resume: 'M7 5l12 7-12 7z',
  pause: 'M8 5v14M16 5v14',
  verify: 'M4 12.5l5 5L20 6.5',
  remove: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  label: 'M4 4h8l8 8-8 8-8-8zM8.5 8.5h.01',
  move: 'M3 6h6l2 2h10v11H3zM9 13.5h6m-2.5-2.5l2.5 2.5-2.5 2.5',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4.2 4.2 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4.2 4.2 0 0 0 6 6l1-1',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L21 21',
  down: 'M12 4v15M6 13l6 6 6-6',
  up: 'M12 20V5M6 11l6-6 6 6',
  transfers: 'M8 4v15M4 15l4 4 4-4M16 20V5M12 9l4-4 4 4',
  network:
    'M12 4.5a2 2 0 1 0 .01 0M5 17a2 2 0 1 0 .01 0M19 17a2 2 0 1 0 .01 0M11 8.5l-4.5 8.5M13 8.5l4.5 8.5M7.5 19h9',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5',
  keys: 'M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M8 14h8',
  auto: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
  light:
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5',
  dark: 'M20 14a8.5 8.5 0 1 1-10-10 7 7 0 0 0 10 10z',
  close: 'M6 6l12 12M18 6L6 18',
  back: 'M15 5l-7 7 7 7',
  warning: 'M12 4L2.5 20h19zM12 10v5M12 17.5h.01',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  look: 'M2 12s4-6.5 10-6.5S22 12 22 12s-4 6.5-10 6.5S2 12 2 12zM12 9.5a2.5 2.5 0 1 0 .01 0',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

export function Fish() {
  return (
    <svg className="fish" viewBox="0 0 48 48" aria-hidden="true">
      <path d="M4 15c5-6 13-6 18 0l4-4v8l-4-4c-5 6-13 6-18 0z" />
      <path d="M21 24c5-6 13-6 18 0l4-4v8l-4-4c-5 6-13 6-18 0z" />
      <path d="M6 34c5-6 13-6 18 0l4-4v8l-4-4c-5 6-13 6-18 0z" />
    </svg>
  );
}
