// Which kind of network this node is in, who is asked, and whether others can reach it.

import '../transfer/style.css';
import './style.css';
import type { NodeFacts } from '@shoal/api';
import { Fragment, lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { formatBytes, formatCount, formatDuration } from '../format.ts';
import { facts, notify, refreshFacts, statistics } from '../node/live.ts';
import { change } from '../node/session.ts';
import { Name } from '../parts/name.tsx';
import { NetworkChoice } from '../parts/network-choice.tsx';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { attempt } from '../transfers/acting.ts';

const RateChart = lazy(() => import('../transfer/rate-chart.tsx'));
const DhtPicture = lazy(() => import('./dht-picture.tsx'));
const factsEveryMs = 3000;
const words = texts.network;

export default function NetworkPage() {
  const known = useStore(facts);
  useEffect(() => {
    const again = (): void => void refreshFacts().catch(() => {});
    again();
    const timer = setInterval(again, factsEveryMs);
    return () => clearInterval(timer);
  }, []);
  if (known === undefined) return <p className="loading">{texts.pages.loading}</p>;
  return (
    <div className="page network">
      <h1>{words.title}</h1>
      <div className="overview two">
        <div className="overview">
          <Kind now={known.network} />
          <FinderList known={known} />
          <section className="card">
            <h2>{words.rates}</h2>
            <Suspense fallback={<div className="chart" />}>
              <RateChart of="" />
            </Suspense>
          </section>
        </div>
        <div className="overview">
          <Reach known={known} />
          <section className="card">
            <h2>{words.dht.title}</h2>
            <Suspense fallback={<p className="quiet">{texts.pages.loading}</p>}>
              <DhtPicture />
            </Suspense>
          </section>
        </div>
        <Me known={known} />
      </div>
    </div>
  );
}

function Kind({ now }: { readonly now: string }) {
  const [isBusy, setBusy] = useState(false);

  async function choose(network: string): Promise<void> {
    setBusy(true);
    await attempt(async () => {
      await change('changeConfig', { body: { network } });
      await refreshFacts();
      notify(words.changed);
    });
    setBusy(false);
  }

  return (
    <section className="card">
      <h2>{words.kind}</h2>
      <NetworkChoice value={now} isBusy={isBusy} onChange={(kind) => void choose(kind)} />
    </section>
  );
}

function Reach({ known: { reach, port } }: { readonly known: NodeFacts }) {
  if (reach === undefined) return null;
  const mood = { reachable: 'done', unreachable: 'bad', unknown: 'rest' }[reach.state];
  return (
    <section className="card">
      <h2>{words.reach}</h2>
      <p>
        <strong className={`reachWord ${mood}`}>{words.reachStates[reach.state]}.</strong>{' '}
        <Name text={reach.message} longest={1000} />
      </p>
      {reach.advice !== undefined && reach.state !== 'reachable' && (
        <p className="mend">
          <strong>{words.mend}</strong> <Name text={reach.advice} longest={600} />
        </p>
      )}
      <FactList
        rows={[
          [words.port, port === undefined ? undefined : String(port)],
          [words.external, reach.externalAddress],
          [words.mapping, reach.mapping && <Name text={reach.mapping} />],
        ]}
      />
    </section>
  );
}

function FinderList({ known }: { readonly known: NodeFacts }) {
  const moods = { off: 'rest', waiting: 'rest', working: 'done', failed: 'bad' } as const;
  return (
    <section className="card">
      <h2>{words.finders}</h2>
      {known.finders.length === 0 && <p className="quiet">{words.noFinders}</p>}
      <ul className="finderList">
        {known.finders.map(({ kind, name, state, message, nodes }) => (
          <li key={`${kind} ${name ?? ''}`}>
            <strong>{words.finderKinds[kind]}</strong>
            <span className={`state wrap ${moods[state]}`}>{words.finderStates[state]}</span>
            <Parts>
              {name !== undefined && <Name text={name} longest={300} />}
              {nodes !== undefined && <span>{words.nodes(nodes)}</span>}
              {message !== undefined && <Name text={message} />}
            </Parts>
            {(state === 'failed' || state === 'off' || (kind === 'dht' && !nodes)) && (
              <span className="mend">{words.mendFinder[kind]}</span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** With a dot between those that are there. */
function Parts({ children }: { readonly children: readonly ReactNode[] }) {
  return (
    <span className="quiet">
      {children
        .filter(Boolean)
        .flatMap((part, index) => (index === 0 ? [part] : [' · ', part]))
        .map((part, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they are told by their place
          <Fragment key={index}>{part}</Fragment>
        ))}
    </span>
  );
}

function Me({ known }: { readonly known: NodeFacts }) {
  const sums = useStore(statistics);
  return (
    <section className="card across">
      <h2>{words.me}</h2>
      <FactList
        rows={[
          [words.id, <code key="id">{known.id}</code>],
          [words.version, known.version],
          [words.uptime, formatDuration(known.uptimeSeconds)],
          [words.connections, sums && formatCount(sums.connections)],
          [words.total, sums && words.totalText(formatBytes(sums.downloaded), formatBytes(sums.uploaded))],
          [words.free, sums?.freeBytes === undefined ? undefined : formatBytes(sums.freeBytes)],
          [words.downloads, <Name key="downloads" text={known.downloads} longest={4096} />],
          [words.data, <Name key="data" text={known.data} longest={4096} />],
          [
            words.addresses,
            known.addresses.length === 0 ? undefined : (
              <code key="addresses">{known.addresses.join(' ')}</code>
            ),
          ],
        ]}
      />
    </section>
  );
}

function FactList({ rows }: { readonly rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {rows.map(([name, value]) =>
        value === undefined || value === '' ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
