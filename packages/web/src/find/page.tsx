// Searching the indexes while one types, getting what was found, and speaking in them: publish, rate, report.

import './style.css';
import { ApiError, categories, type FindAnswer, type FindQuery, findOrders } from '@shoal/api';
import { useEffect, useState } from 'react';
import { node } from '../node/session.ts';
import { Icon } from '../parts/icon.tsx';
import { Name } from '../parts/name.tsx';
import { createStore, useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { reasonOf } from '../transfers/acting.ts';
import { type About, FindDialog } from './dialogs.tsx';
import { Result } from './result.tsx';

const typingMs = 250;
const words = texts.find;

/** Kept while other pages are open. */
const query = createStore<FindQuery>({});

interface Outcome {
  readonly answer?: FindAnswer;
  readonly failure?: string;
  readonly hasNoIndex?: boolean;
}

export default function FindPage() {
  const wanted = useStore(query);
  const [about, setAbout] = useState<About>();
  // What was said there shows up with the next answer.
  const { answer, failure, hasNoIndex } = useFound(wanted, about === undefined);
  return (
    <div className="page find">
      <div className="findHead">
        <h1>{words.title}</h1>
        <button type="button" onClick={() => setAbout({ kind: 'publish' })}>
          <Icon name="up" />
          {words.publish}
        </button>
      </div>
      <div className="toolbar">
        <div className="search">
          <Icon name="search" />
          <input
            type="search"
            aria-label={words.search}
            aria-describedby="find-hint"
            placeholder={words.search}
            maxLength={256}
            value={wanted.q ?? ''}
            onChange={({ target }) => query.update((before) => ({ ...before, q: target.value }))}
          />
        </div>
        <select
          aria-label={words.category}
          value={wanted.category ?? ''}
          onChange={({ target }) => {
            const category = categories.find((name) => name === target.value);
            query.update(({ category: _, ...others }) => ({ ...others, ...(category && { category }) }));
          }}
        >
          <option value="">{words.anyCategory}</option>
          {categories.map((name) => (
            <option key={name} value={name}>
              {words.categories[name]}
            </option>
          ))}
        </select>
        <select
          aria-label={words.sort}
          value={wanted.sort ?? (wanted.q ? 'relevance' : 'newest')}
          onChange={({ target }) => {
            const sort = findOrders.find((name) => name === target.value);
            query.update((before) => ({ ...before, ...(sort && { sort }) }));
          }}
        >
          {findOrders.map((name) => (
            <option key={name} value={name}>
              {words.sorts[name]}
            </option>
          ))}
        </select>
      </div>
      <p className="hint" id="find-hint">
        {words.hint}
      </p>
      <div role="status" className="findStatus">
        {answer === undefined && failure === undefined && <p className="quiet">{texts.pages.loading}</p>}
        {failure !== undefined && (
          <p className={hasNoIndex ? 'advice' : 'error'}>
            <Name text={failure} longest={1000} /> {hasNoIndex && words.noIndex}
          </p>
        )}
        {answer !== undefined && <Summary answer={answer} />}
      </div>
      <ul className="results">
        {answer?.results.map((found) => (
          <Result key={found.infoHash} found={found} onSpeak={setAbout} />
        ))}
      </ul>
      {about !== undefined && <FindDialog about={about} onClose={() => setAbout(undefined)} />}
    </div>
  );
}

function Summary({ answer: { results, total, corrected, failures } }: { readonly answer: FindAnswer }) {
  const pairs = Object.entries(corrected).map(([from, to]) => words.pair(from, to));
  return (
    <>
      <p className="quiet">
        {results.length === 0 ? words.nothing : words.found(results.length, Math.max(total, results.length))}
        {pairs.length > 0 && (
          <>
            {'. '}
            <Name text={words.corrected(pairs.join(', '))} />
          </>
        )}
      </p>
      {failures.map(({ index, message }) => (
        <p key={index} className="error">
          <Name text={words.failed(index, message)} longest={600} />
        </p>
      ))}
    </>
  );
}

/** The answer to the latest question; earlier ones are called back. */
function useFound(wanted: FindQuery, isIdle: boolean): Outcome {
  const [outcome, setOutcome] = useState<Outcome>({});
  useEffect(() => {
    if (!isIdle) return;
    const stop = new AbortController();
    const ask = async (): Promise<void> => {
      try {
        setOutcome({ answer: await node.call('find', { query: wanted }, stop.signal) });
      } catch (error) {
        if (stop.signal.aborted) return;
        setOutcome({
          failure: reasonOf(error),
          hasNoIndex: error instanceof ApiError && error.code === 'no-index',
        });
      }
    };
    const timer = setTimeout(() => void ask(), typingMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [wanted, isIdle]);
  return outcome;
}
