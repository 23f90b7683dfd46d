// The colours of the style sheet for what is drawn on a canvas; they change with the system's and the page's choice.

import { useEffect, useState } from 'react';
import { colours as chosen } from '../preferences.ts';
import { useStore } from '../store.ts';

const names = ['ink', 'quiet', 'line', 'bar', 'sun', 'coral', 'bad', 'sea'] as const;
type CanvasColours = Readonly<Record<(typeof names)[number], string>>;

function read(): CanvasColours {
  const style = getComputedStyle(document.documentElement);
  const [ink, quiet, line, bar, sun, coral, bad, sea] = names.map((name) =>
    style.getPropertyValue(`--${name}`).trim(),
  );
  return {
    ink: ink ?? '',
    quiet: quiet ?? '',
    line: line ?? '',
    bar: bar ?? '',
    sun: sun ?? '',
    coral: coral ?? '',
    bad: bad ?? '',
    sea: sea ?? '',
  };
}

export function useColours(): CanvasColours {
  const choice = useStore(chosen.store);
  const [colours, setColours] = useState(read);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the choice changes what is read
  useEffect(() => {
    const system = matchMedia('(prefers-color-scheme: dark)');
    const again = (): void => setColours(read());
    again();
    system.addEventListener('change', again);
    return () => system.removeEventListener('change', again);
  }, [choice]);
  return colours;
}
