// Limits, goals, place, mode and trackers of one transfer or of many.

import { useEffect, useId, useState } from 'react';
import { transfers } from '../node/live.ts';
import { node } from '../node/session.ts';
import { Buttons, Dialog } from '../parts/dialog.tsx';
import { Choice, Field } from '../parts/field.tsx';
import { Name } from '../parts/name.tsx';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { act, attempt } from './acting.ts';
import { closeDialog } from './dialogs.ts';
import { changeOf, errorsIn, modes, noWishes, type Wishes, wishesOf } from './options.ts';

const words = texts.options;

export default function OptionsDialog({ ids }: { readonly ids: readonly string[] }) {
  const [first] = ids;
  const { byId } = useStore(transfers);
  const [one] = useState(ids.length === 1 ? byId.get(first ?? '') : undefined);
  const [wishes, setWishes] = useState<Wishes>(one === undefined ? noWishes : wishesOf(one));
  const [trackers, setTrackers] = useState<readonly string[] | undefined>(one === undefined ? [] : undefined);
  const [isBusy, setBusy] = useState(false);
  const id = useId();
  const errors = errorsIn(wishes);
  const set = (key: keyof Wishes) => (text: string) => setWishes((before) => ({ ...before, [key]: text }));

  useEffect(() => {
    if (one === undefined) return;
    void attempt(async () => {
      const details = await node.call('transfer', { params: { id: one.id } });
      setTrackers(details.trackers);
      setWishes((before) => ({ ...before, trackers: details.trackers.join('\n') }));
    });
  }, [one]);

  async function save(): Promise<void> {
    if (Object.keys(errors).length > 0) return;
    const known = trackers ?? (wishes.trackers === '' ? [] : undefined);
    const change = changeOf(wishes, one, known ?? []);
    setBusy(true);
    const isDone = Object.keys(change).length === 0 || (await act(ids, { action: 'change', change }));
    setBusy(false);
    if (isDone) closeDialog();
  }

  const empty = one === undefined ? words.keep : words.none;
  return (
    <Dialog
      title={words.title(ids.length)}
      onClose={closeDialog}
      onSubmit={() => void save()}
      buttons={<Buttons go={texts.buttons.save} isBusy={isBusy} onCancel={closeDialog} />}
    >
      {one !== undefined && (
        <p className="quiet">
          <Name text={one.name} longest={150} />
        </p>
      )}
      <fieldset>
        <legend>{words.limits}</legend>
        <p className="hint">{one === undefined ? words.limitsHintMany : words.limitsHint}</p>
        <div className="pair">
          <Field
            label={texts.rates.down}
            placeholder={empty}
            value={wishes.down}
            error={errors.down}
            onText={set('down')}
          />
          <Field
            label={texts.rates.up}
            placeholder={empty}
            value={wishes.up}
            error={errors.up}
            onText={set('up')}
          />
        </div>
      </fieldset>
      <fieldset>
        <legend>{words.goals}</legend>
        <p className="hint">{words.goalsHint}</p>
        <div className="pair">
          <Field
            label={words.ratio}
            placeholder={empty}
            inputMode="decimal"
            value={wishes.ratio}
            error={errors.ratio}
            onText={set('ratio')}
          />
          <Field
            label={words.hours}
            placeholder={empty}
            inputMode="decimal"
            value={wishes.hours}
            error={errors.hours}
            onText={set('hours')}
          />
        </div>
      </fieldset>
      <div className="pair">
        <Choice label={words.place} value={wishes.place} onChange={set('place')}>
          <option value="keep">{one === undefined ? words.keep : words.placeNow(one.place + 1)}</option>
          <option value="first">{words.first}</option>
          <option value="last">{words.last}</option>
        </Choice>
        <Choice label={words.queue} value={wishes.forced} onChange={set('forced')}>
          {one === undefined && <option value="keep">{words.keep}</option>}
          <option value="no">{words.inTurn}</option>
          <option value="yes">{words.forced}</option>
        </Choice>
      </div>
      <Choice label={words.mode} value={wishes.mode} onChange={set('mode')}>
        {one === undefined && <option value="keep">{words.keep}</option>}
        {modes.map((mode) => (
          <option key={mode} value={mode}>
            {words.modes[mode]}
          </option>
        ))}
      </Choice>
      <div className="field">
        <label htmlFor={id}>{one === undefined ? words.moreTrackers : words.trackers}</label>
        <textarea
          id={id}
          rows={4}
          spellCheck={false}
          disabled={trackers === undefined}
          aria-describedby={`${id}-hint`}
          value={wishes.trackers}
          onChange={({ target }) => set('trackers')(target.value)}
        />
        <p className="hint" id={`${id}-hint`}>
          {words.trackersHint}
        </p>
      </div>
    </Dialog>
  );
}
