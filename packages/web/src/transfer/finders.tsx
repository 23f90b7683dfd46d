// Who was asked for peers of this transfer, and what they answered at last; and the web servers that have it.

import type { FinderSummary, TransferDetails } from '@shoal/api';
import { useMemo } from 'react';
import { formatBytes, formatRate, formatTime } from '../format.ts';
import { notify } from '../node/live.ts';
import { change } from '../node/session.ts';
import { Name } from '../parts/name.tsx';
import { texts } from '../texts.ts';
import { attempt } from '../transfers/acting.ts';
import { openDialog } from '../transfers/dialogs.ts';
import { useAnswer } from './ask.ts';

const findersEveryMs = 2000;

interface FindersProps {
  readonly id: string;
  readonly webSeeds: TransferDetails['webSeeds'];
}

export function Finders({ id, webSeeds }: FindersProps) {
  const request = useMemo(() => ({ params: { id } }), [id]);
  const { answer, again } = useAnswer('finders', request, findersEveryMs);
  const words = texts.transfer.finders;
  if (answer === undefined) return <p className="loading">{texts.pages.loading}</p>;
  return (
    <div className="overview">
      <div className="actions">
        <button
          type="button"
          onClick={() =>
            void attempt(async () => {
              await change('announceTransfer', { params: { id } });
              notify(words.asked);
              again();
            })
          }
        >
          {words.askNow}
        </button>
        <button type="button" onClick={() => openDialog.set({ kind: 'options', ids: [id] })}>
          {words.changeTrackers}
        </button>
      </div>
      {answer.length === 0 ? (
        <p className="quiet">{words.none}</p>
      ) : (
        <section className="card flush">
          <div className="scroll" tabIndex={0} role="region" aria-label={texts.transfer.tabs.finders}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{words.who}</th>
                  <th scope="col">{words.state}</th>
                  <th scope="col">{words.peers}</th>
                  <th scope="col">{words.swarm}</th>
                  <th scope="col">{words.last}</th>
                  <th scope="col">{words.next}</th>
                </tr>
              </thead>
              <tbody>
                {answer.map((finder) => (
                  <Row key={`${finder.kind} ${finder.teller}`} finder={finder} />
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
      {webSeeds.length > 0 && (
        <section className="card">
          <h2>{words.webSeeds}</h2>
          <ul className="names">
            {webSeeds.map(({ url, state, reason, downRate, downloaded }) => (
              <li key={url}>
                <Name text={url} longest={2000} />
                <span className="quiet">
                  {' · '}
                  {state} · {formatRate(downRate)} · {formatBytes(downloaded)}
                  {reason !== undefined && ' · '}
                  {reason !== undefined && <Name text={reason} />}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function Row({ finder }: { readonly finder: FinderSummary }) {
  const { kind, teller, state, message, peers, seeds, leechers, lastMs, nextMs } = finder;
  const words = texts.transfer.finders;
  const mood = state === 'failed' ? 'bad' : state === 'answered' ? 'done' : 'rest';
  return (
    <tr>
      <th scope="row">
        {words.kinds[kind]}
        {teller !== kind && (
          <span className="quiet block">
            <Name text={teller} longest={300} />
          </span>
        )}
      </th>
      <td>
        <span className={`state ${mood}`}>{words.states[state]}</span>
        {message !== undefined && (
          <span className="quiet block">
            <Name text={message} />
          </span>
        )}
      </td>
      <td className="number">{peers ?? '–'}</td>
      <td>{words.swarmText(seeds, leechers) || '–'}</td>
      <td className="number">{lastMs === undefined ? '–' : formatTime(lastMs)}</td>
      <td className="number">{nextMs === undefined ? '–' : formatTime(nextMs)}</td>
    </tr>
  );
}
