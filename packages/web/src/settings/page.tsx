// Every key of the node's config, explained and checked before it is sent.

import './style.css';
import type { ConfigAnswer } from '@shoal/api';
import { useCallback, useEffect, useId, useState } from 'react';
import { connection, notify, refreshFacts } from '../node/live.ts';
import { change, node } from '../node/session.ts';
import { Name } from '../parts/name.tsx';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { attempt } from '../transfers/acting.ts';

type Key = ConfigAnswer['keys'][number];
const words = texts.settings;

export default function SettingsPage() {
  const [keys, setKeys] = useState<readonly Key[]>();
  const [text, setText] = useState('');
  const state = useStore(connection);
  useEffect(() => {
    if (state !== 'live') return;
    void attempt(async () => setKeys((await node.call('config', {})).keys));
  }, [state]);
  const save = useCallback(async (key: Key, value: string | null): Promise<boolean> => {
    return await attempt(async () => {
      const answer = await change('changeConfig', { body: { [key.key]: value } });
      setKeys(answer.keys);
      notify(key.isLive ? words.saved : words.savedRestart);
      await refreshFacts();
    });
  }, []);
  if (keys === undefined) return <p className="loading">{texts.pages.loading}</p>;
  const wanted = text.toLowerCase();
  const shown = keys.filter(({ key, description }) => `${key} ${description}`.toLowerCase().includes(wanted));
  return (
    <div className="page settings">
      <h1>{words.title}</h1>
      <p className="quiet">{words.intro}</p>
      <input
        type="search"
        className="settingsSearch"
        aria-label={words.search}
        placeholder={words.search}
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      {shown.length === 0 && <p className="quiet">{words.none}</p>}
      {shown.map((key) => (
        // With its value as a part of the key, what was typed gives way to what the node has now.
        <Setting key={`${key.key} ${key.value}`} setting={key} onSave={save} />
      ))}
    </div>
  );
}

interface SettingProps {
  readonly setting: Key;
  readonly onSave: (key: Key, value: string | null) => Promise<boolean>;
}

function Setting({ setting, onSave }: SettingProps) {
  const { key, description, expects, choices, origin, isLive, value } = setting;
  const [draft, setDraft] = useState(value);
  const [isBusy, setBusy] = useState(false);
  const id = useId();
  const isWrong = !fits(setting, draft);
  const isChanged = draft !== value;
  const isFixed = setting.isFixed === true;

  async function save(next: string | null): Promise<void> {
    setBusy(true);
    await onSave(setting, next);
    setBusy(false);
  }

  return (
    <form
      className="card setting"
      onSubmit={(event) => {
        event.preventDefault();
        if (isChanged && !isWrong) void save(draft);
      }}
    >
      <div>
        <label htmlFor={id}>{key}</label>
        <p id={`${id}-hint`}>{sentence(description)}</p>
        <p className="hint">
          {choices === undefined && `${words.expects(expects)} `}
          {setting.default !== undefined && `${words.standard(setting.default)}. `}
          {origin !== 'default' && (
            <>
              <Name text={words.origin(origin)} />{' '}
            </>
          )}
          {isFixed ? (origin.startsWith('-') ? words.given : words.byHand) : !isLive && words.restart}
        </p>
      </div>
      <div className="value">
        {choices === undefined ? (
          <input
            id={id}
            type="text"
            autoComplete="off"
            spellCheck={false}
            value={draft}
            disabled={isBusy || isFixed}
            aria-describedby={`${id}-hint`}
            aria-invalid={isWrong}
            aria-errormessage={isWrong ? `${id}-error` : undefined}
            onChange={({ target }) => setDraft(target.value)}
          />
        ) : (
          <select
            id={id}
            value={draft}
            disabled={isBusy || isFixed}
            aria-describedby={`${id}-hint`}
            onChange={({ target }) => setDraft(target.value)}
          >
            {choices.map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
          </select>
        )}
        {isWrong && (
          <p className="error" id={`${id}-error`} role="alert">
            {words.invalid(expects)}
          </p>
        )}
        <div className="buttons">
          {origin !== 'default' && !isFixed && !isChanged && (
            <button type="button" disabled={isBusy} onClick={() => void save(null)}>
              {words.reset}
            </button>
          )}
          {isChanged && (
            <>
              <button type="button" onClick={() => setDraft(value)}>
                {texts.buttons.cancel}
              </button>
              <button type="submit" className="primary" disabled={isBusy || isWrong}>
                {texts.buttons.save}
              </button>
            </>
          )}
        </div>
      </div>
    </form>
  );
}

function fits({ pattern, choices }: Key, value: string): boolean {
  if (choices !== undefined) return choices.includes(value);
  if (pattern === undefined) return true;
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    // The node checks it again, with its own words.
    return true;
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
