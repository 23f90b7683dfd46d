// The frame of all pages: where one is, how the node is, and what is open above the page.

import { Component, lazy, type ReactNode, Suspense } from 'react';
import { formatRate } from './format.ts';
import { keysOfAllPages, useKeys, usePaste } from './keys.ts';
import { connection, statistics } from './node/live.ts';
import { askForToken, mayChange, tokenQuestion } from './node/session.ts';
import { Drop } from './parts/drop.tsx';
import { Fish, Icon, type IconName } from './parts/icon.tsx';
import { Notices } from './parts/notices.tsx';
import { TokenDialog } from './parts/token-dialog.tsx';
import { type Colours, colours } from './preferences.ts';
import { addressOf, type Route, useRoute } from './route.ts';
import { useStore } from './store.ts';
import { texts } from './texts.ts';
import { KeysDialog, LabelsDialog, MoveDialog, RemoveDialog } from './transfers/action-dialogs.tsx';
import { AddDialog } from './transfers/add-dialog.tsx';
import { openDialog } from './transfers/dialogs.ts';
import { TransfersPage } from './transfers/page.tsx';

const TransferPage = lazy(() => import('./transfer/page.tsx'));
const FindPage = lazy(() => import('./find/page.tsx'));
const NetworkPage = lazy(() => import('./network/page.tsx'));
const OptionsDialog = lazy(() => import('./transfers/options-dialog.tsx'));
const SettingsPage = lazy(() => import('./settings/page.tsx'));

export function App() {
  const route = useRoute();
  useKeys(keysOfAllPages);
  usePaste();
  return (
    <>
      <button type="button" className="skip" onClick={() => document.getElementById('main')?.focus()}>
        {texts.skip}
      </button>
      <Bar route={route} />
      <Connection />
      <main id="main" tabIndex={-1}>
        <Fence key={route.page === 'transfer' ? route.id : route.page}>
          <Suspense fallback={<p className="loading">{texts.pages.loading}</p>}>
            <Page route={route} />
          </Suspense>
        </Fence>
      </main>
      <OpenDialog />
      <Notices />
      <Drop />
    </>
  );
}

function Page({ route }: { readonly route: Route }) {
  switch (route.page) {
    case 'transfers':
      return <TransfersPage />;
    case 'transfer':
      return <TransferPage key={route.id} route={route} />;
    case 'find':
      return <FindPage />;
    case 'network':
      return <NetworkPage />;
    case 'settings':
      return <SettingsPage />;
  }
}

const pages: readonly (readonly ['transfers' | 'find' | 'network' | 'settings', IconName])[] = [
  ['transfers', 'transfers'],
  ['find', 'search'],
  ['network', 'network'],
  ['settings', 'settings'],
];

function Bar({ route }: { readonly route: Route }) {
  const open = route.page === 'transfer' ? 'transfers' : route.page;
  return (
    <header className="bar">
      <a className="brand" href="#/" aria-label={texts.title}>
        <Fish />
        <span>{texts.title}</span>
      </a>
      <nav className="pages" aria-label={texts.pages.label}>
        {pages.map(([page, icon]) => (
          <a key={page} href={addressOf({ page })} aria-current={open === page ? 'page' : undefined}>
            <Icon name={icon} />
            <span>{texts.pages[page]}</span>
          </a>
        ))}
      </nav>
      <Rates />
      <div className="tools">
        <Permission />
        <button
          type="button"
          className="plain keysButton"
          title={texts.keys.open}
          aria-label={texts.keys.open}
          onClick={() => openDialog.set({ kind: 'keys' })}
        >
          <Icon name="keys" />
        </button>
        <ColourButton />
      </div>
    </header>
  );
}

function Rates() {
  const sums = useStore(statistics);
  if (sums === undefined) return <p className="rates" />;
  const [down, up] = [formatRate(sums.downRate), formatRate(sums.upRate)];
  return (
    <p className="rates">
      <span className="unseen">{texts.rates.both(down, up)}</span>
      <span className="down" title={texts.rates.down} aria-hidden="true">
        <Icon name="down" />
        {down}
      </span>
      <span className="up" title={texts.rates.up} aria-hidden="true">
        <Icon name="up" />
        {up}
      </span>
    </p>
  );
}

function Permission() {
  const isAllowed = useStore(mayChange);
  const state = useStore(connection);
  if (isAllowed || state !== 'live') return null;
  return (
    <button
      type="button"
      className="plain permission"
      title={texts.token.readOnlyHint}
      onClick={() => void askForToken('needed')}
    >
      <Icon name="lock" />
      <span>{texts.token.readOnly}</span>
    </button>
  );
}

const nextColours: Readonly<Record<Colours, Colours>> = { auto: 'light', light: 'dark', dark: 'auto' };

function ColourButton() {
  const now = useStore(colours.store);
  return (
    <button
      type="button"
      className="plain"
      title={texts.colours[now]}
      aria-label={texts.colours[now]}
      onClick={() => colours.set(nextColours[now])}
    >
      <Icon name={now} />
    </button>
  );
}

function Connection() {
  const state = useStore(connection);
  return (
    <div className="connection" role="status">
      {state === 'away' && (
        <p>
          <Icon name="warning" />
          {texts.connection.away}
        </p>
      )}
    </div>
  );
}

function OpenDialog() {
  const dialog = useStore(openDialog);
  const question = useStore(tokenQuestion);
  return (
    <>
      {dialog?.kind === 'add' && <AddDialog links={dialog.links} files={dialog.files} />}
      {dialog?.kind === 'remove' && <RemoveDialog ids={dialog.ids} />}
      {dialog?.kind === 'labels' && <LabelsDialog ids={dialog.ids} />}
      {dialog?.kind === 'move' && <MoveDialog ids={dialog.ids} />}
      {dialog?.kind === 'options' && (
        <Suspense>
          <OptionsDialog ids={dialog.ids} />
        </Suspense>
      )}
      {dialog?.kind === 'keys' && <KeysDialog />}
      {question !== undefined && <TokenDialog reason={question} />}
    </>
  );
}

/** A page that fails, or whose part did not come from the node, says so and leaves the others alone. */
class Fence extends Component<{ readonly children: ReactNode }, { readonly hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <div className="empty">
        <p>{texts.pages.failed}</p>
        <button type="button" onClick={() => location.reload()}>
          {texts.pages.reload}
        </button>
      </div>
    );
  }
}
