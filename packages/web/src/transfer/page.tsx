// One transfer: its state above, and one of five views of it below.

import './style.css';
import { lazy, Suspense, useMemo } from 'react';
import { formatBytes, formatDuration, formatRate, formatShare } from '../format.ts';
import { type Keys, useKeys } from '../keys.ts';
import { connection, transfers } from '../node/live.ts';
import { Icon } from '../parts/icon.tsx';
import { Name } from '../parts/name.tsx';
import { Progress } from '../parts/progress.tsx';
import { addressOf, go, type Route, type Tab, tabs } from '../route.ts';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { act } from '../transfers/acting.ts';
import { openDialog } from '../transfers/dialogs.ts';
import { Actions } from '../transfers/toolbar.tsx';
import { moodOf, reasonText, stateText } from '../transfers/words.ts';
import { useAnswer } from './ask.ts';
import { Files } from './files.tsx';
import { Finders } from './finders.tsx';
import { Log } from './log.tsx';
import { Overview } from './overview.tsx';

const Peers = lazy(() => import('./peers.tsx'));
const detailsEveryMs = 3000;
/** What scrolls has to be reached by keys. */
const longestInSight = 200;

export default function TransferPage({ route }: { readonly route: Route & { readonly page: 'transfer' } }) {
  const { id, tab, file } = route;
  const all = useStore(transfers);
  const isKnown = useStore(connection) !== 'connecting';
  const transfer = all.byId.get(id);
  const request = useMemo(() => ({ params: { id } }), [id]);
  const ids = useMemo(() => [id], [id]);
  const details = useAnswer('transfer', request, detailsEveryMs);
  useKeys(
    useMemo((): Keys => {
      return {
        Escape: () => go({ page: 'transfers' }),
        Delete: () => openDialog.set({ kind: 'remove', ids }),
        p: () => {
          const state = transfers.get().byId.get(id)?.state;
          void act(ids, { action: state === 'paused' || state === 'failed' ? 'resume' : 'pause' });
        },
        v: () => void act(ids, { action: 'verify' }),
        l: () => openDialog.set({ kind: 'labels', ids }),
        o: () => openDialog.set({ kind: 'options', ids }),
        m: () => openDialog.set({ kind: 'move', ids }),
      };
    }, [id, ids]),
  );

  if (transfer === undefined) {
    return (
      <div className="empty">
        <p>{isKnown ? texts.transfer.gone : texts.pages.loading}</p>
        <a className="button" href="#/">
          {texts.buttons.back}
        </a>
      </div>
    );
  }
  const mood = moodOf(transfer);
  const reason = reasonText(transfer);
  const { bytes, total, downRate, upRate, secondsLeft, isComplete } = transfer;
  const share = formatShare(bytes, total);
  return (
    <div className="page transfer">
      <a className="backLink" href="#/">
        <Icon name="back" />
        {texts.buttons.back}
      </a>
      <h1 className="longName" tabIndex={transfer.name.length > longestInSight ? 0 : undefined}>
        <Name text={transfer.name} longest={12_000} />
      </h1>
      <p className={`state ${mood}`}>
        {stateText(transfer)}
        {reason !== undefined && (
          <span className="quiet">
            {' · '}
            <Name text={reason} longest={1000} />
          </span>
        )}
      </p>
      <Progress
        share={total === 0 ? 0 : bytes / total}
        kind={mood}
        label={`${stateText(transfer)}: ${share}`}
      />
      <p className="figures">
        <strong>{share}</strong>
        {total > 0 && <span>{texts.list.of(formatBytes(bytes), formatBytes(total))}</span>}
        <span className="down">
          <Icon name="down" />
          {formatRate(downRate)}
        </span>
        <span className="up">
          <Icon name="up" />
          {formatRate(upRate)}
        </span>
        {secondsLeft !== undefined && !isComplete && (
          <span>
            {texts.list.left}: {formatDuration(secondsLeft)}
          </span>
        )}
      </p>
      <Advice state={transfer.state} peers={transfer.peers} downRate={downRate} />
      <div className="actions" role="toolbar" aria-label={texts.list.selected(1)}>
        <Actions ids={ids} first={transfer} />
      </div>
      <nav className="tabs" aria-label={texts.transfer.tabsLabel}>
        {tabs.map((name) => (
          <a
            key={name}
            href={addressOf({ page: 'transfer', id, tab: name })}
            aria-current={tab === name ? 'page' : undefined}
          >
            {texts.transfer.tabs[name]}
          </a>
        ))}
      </nav>
      {details.failure !== undefined && (
        <p className="error" role="alert">
          {texts.transfer.failed(details.failure)}
        </p>
      )}
      <Suspense fallback={<p className="loading">{texts.pages.loading}</p>}>
        <View tab={tab} id={id} file={file} details={details.answer} />
      </Suspense>
    </div>
  );
}

interface ViewProps {
  readonly tab: Tab;
  readonly id: string;
  readonly file: number | undefined;
  readonly details: ReturnType<typeof useAnswer<'transfer'>>['answer'];
}

function View({ tab, id, file, details }: ViewProps) {
  switch (tab) {
    case 'overview':
      return <Overview id={id} details={details} />;
    case 'files':
      return <Files id={id} playing={file} />;
    case 'peers':
      return <Peers id={id} bans={details?.bans ?? []} />;
    case 'finders':
      return <Finders id={id} webSeeds={details?.webSeeds ?? []} />;
    case 'log':
      return <Log id={id} />;
  }
}

/** What to do, or that nothing is to be done, where somebody may wonder. */
function Advice({
  state,
  peers,
  downRate,
}: {
  readonly state: string;
  readonly peers: number;
  readonly downRate: number;
}) {
  const { words } = texts.transfer;
  const text =
    state === 'disk-full'
      ? words.diskFull
      : state === 'metadata'
        ? peers === 0
          ? words.metadataNobody
          : words.metadata
        : state === 'fetching' && peers > 0 && downRate < 1
          ? words.stalled
          : undefined;
  return text === undefined ? null : <p className="advice">{text}</p>;
}
