// What happened to a transfer and why, the newest first.

import { useMemo } from 'react';
import { formatTime } from '../format.ts';
import { Name } from '../parts/name.tsx';
import { texts } from '../texts.ts';
import { useAnswer } from './ask.ts';

const logEveryMs = 2000;
const mostShown = 500;

export function Log({ id }: { readonly id: string }) {
  const request = useMemo(() => ({ params: { id } }), [id]);
  const { answer } = useAnswer('log', request, logEveryMs);
  if (answer === undefined) return <p className="loading">{texts.pages.loading}</p>;
  if (answer.length === 0) return <p className="quiet">{texts.transfer.log.none}</p>;
  return (
    <ol className="card log" reversed>
      {answer
        .slice(-mostShown)
        .reverse()
        .map(({ atMs, kind, message }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two entries may be the same word for word
          <li key={`${atMs} ${index}`}>
            <time dateTime={new Date(atMs).toISOString()}>{formatTime(atMs)}</time>
            <Name text={kind === 'state' ? stateWords(message) : sentence(message)} longest={1000} />
          </li>
        ))}
    </ol>
  );
}

/** The engine's word for a state, and why, as the rest of the pages say it. */
function stateWords(message: string): string {
  const [state = '', why] = message.split(/: (.*)/s, 2);
  const known = Object.entries(texts.states).find(([name]) => name === state)?.[1];
  return known === undefined ? message : why === undefined ? known : `${known}: ${why}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
