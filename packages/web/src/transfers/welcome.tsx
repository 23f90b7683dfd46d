// The first run: three questions, asked while nothing was set or added, and not again.

import type { ConfigAnswer } from '@shoal/api';
import { useEffect, useState } from 'react';
import { refreshFacts } from '../node/live.ts';
import { change, node } from '../node/session.ts';
import { Field } from '../parts/field.tsx';
import { NetworkChoice } from '../parts/network-choice.tsx';
import { isWelcomed } from '../preferences.ts';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { attempt } from './acting.ts';

/** As far as this node has them. */
const asked = ['downloads', 'network', 'limits.down', 'limits.up'];

type Key = ConfigAnswer['keys'][number];

export function Welcome() {
  const isDone = useStore(isWelcomed.store);
  const [keys, setKeys] = useState<readonly Key[]>([]);
  useEffect(() => {
    if (isDone) return;
    // Without an answer there is nothing to ask about.
    node.call('config', {}).then(
      (answer) => setKeys(answer.keys.filter(({ key }) => asked.includes(key))),
      () => {},
    );
  }, [isDone]);
  // What was said on the command line is no question any more; what stands in the file was answered before.
  const open = keys.filter(({ origin }) => origin === 'default');
  if (isDone || open.length === 0 || keys.some(({ origin }) => !/^(?:default$|-)/.test(origin))) return null;
  return <Questions keys={open} />;
}

function Questions({ keys }: { readonly keys: readonly Key[] }) {
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const has = (key: string): boolean => keys.some((known) => known.key === key);
  const textOf = (key: string): string => values[key] ?? keys.find((known) => known.key === key)?.value ?? '';
  const set = (key: string) => (value: string) => setValues({ ...values, [key]: value });
  const errorOf = (key: string): string | undefined => {
    const known = keys.find((one) => one.key === key);
    const isWrong = known?.pattern !== undefined && !new RegExp(known.pattern, 'u').test(textOf(key));
    return isWrong ? texts.settings.invalid(known.expects) : undefined;
  };
  const limits = ['limits.down', 'limits.up'].filter(has);

  async function save(): Promise<void> {
    const changed = Object.fromEntries(
      keys.filter(({ key, value }) => textOf(key) !== value).map(({ key }) => [key, textOf(key)]),
    );
    const isSaved =
      Object.keys(changed).length === 0 ||
      (await attempt(async () => {
        await change('changeConfig', { body: changed });
        await refreshFacts();
      }));
    if (isSaved) isWelcomed.set(true);
  }

  return (
    <form
      className="card welcome"
      onSubmit={(event) => {
        event.preventDefault();
        if (keys.every(({ key }) => errorOf(key) === undefined)) void save();
      }}
    >
      <h2>{texts.welcome.title}</h2>
      <p>
        {texts.welcome.intro(Number(has('downloads')) + Number(has('network')) + Number(limits.length > 0))}
      </p>
      {has('downloads') && (
        <Field label={texts.welcome.folder} value={textOf('downloads')} onText={set('downloads')} />
      )}
      {has('network') && (
        <fieldset>
          <legend>{texts.welcome.network}</legend>
          <NetworkChoice value={textOf('network')} onChange={set('network')} />
        </fieldset>
      )}
      {limits.length > 0 && (
        <fieldset>
          <legend>{texts.welcome.limits}</legend>
          <div className="pair">
            {limits.map((key) => (
              <Field
                key={key}
                label={key === 'limits.down' ? texts.welcome.down : texts.welcome.up}
                placeholder={texts.welcome.noLimit}
                value={textOf(key) === 'none' ? '' : textOf(key)}
                error={errorOf(key)}
                onText={(text) => set(key)(text.trim() === '' ? 'none' : text)}
              />
            ))}
          </div>
        </fieldset>
      )}
      <div className="buttons">
        <button type="button" onClick={() => isWelcomed.set(true)}>
          {texts.welcome.later}
        </button>
        <button type="submit" className="primary">
          {texts.welcome.done}
        </button>
      </div>
    </form>
  );
}
