// The dialogs of actions that need a word more: removing, labels, moving; and the list of keys.

import { useState } from 'react';
import { facts, transfers } from '../node/live.ts';
import { Buttons, Dialog } from '../parts/dialog.tsx';
import { Check, Field } from '../parts/field.tsx';
import { Name } from '../parts/name.tsx';
import { singleKeys } from '../preferences.ts';
import { useStore } from '../store.ts';
import { texts } from '../texts.ts';
import { act, parseLabels } from './acting.ts';
import { closeDialog } from './dialogs.ts';
import { view } from './view.ts';

const mostNames = 5;

interface About {
  readonly ids: readonly string[];
}

export function RemoveDialog({ ids }: About) {
  const [withFiles, setWithFiles] = useState(false);
  const { byId } = useStore(transfers);
  return (
    <Dialog
      title={texts.remove.title(ids.length)}
      onClose={closeDialog}
      onSubmit={() => {
        closeDialog();
        void act(ids, { action: 'remove', removeFiles: withFiles }).then((isDone) => {
          if (isDone) view.update((before) => ({ ...before, selected: new Set() }));
        });
      }}
      buttons={<Buttons go={texts.remove.go} isDangerous onCancel={closeDialog} />}
    >
      <ul className="names">
        {ids.slice(0, mostNames).map((id) => (
          <li key={id}>
            <Name text={byId.get(id)?.name ?? id} longest={150} />
          </li>
        ))}
        {ids.length > mostNames && <li>{texts.remove.more(ids.length - mostNames)}</li>}
      </ul>
      <Check label={texts.remove.files} isOn={withFiles} onChange={setWithFiles} />
      <p className="hint">{texts.remove.filesHint}</p>
    </Dialog>
  );
}

export function LabelsDialog({ ids }: About) {
  const { byId } = useStore(transfers);
  const [text, setText] = useState('');
  const [away, setAway] = useState<readonly string[]>([]);
  const present = [...new Set(ids.flatMap((id) => byId.get(id)?.labels ?? []))].sort();
  return (
    <Dialog
      title={texts.labels.title(ids.length)}
      onClose={closeDialog}
      onSubmit={() => {
        const addLabels = parseLabels(text);
        closeDialog();
        if (addLabels.length + away.length > 0)
          void act(ids, { action: 'change', addLabels, removeLabels: [...away] });
      }}
      buttons={<Buttons go={texts.buttons.save} onCancel={closeDialog} />}
    >
      <Field label={texts.labels.add} hint={texts.labels.hint} value={text} onText={setText} />
      {present.length > 0 && (
        <fieldset>
          <legend>{texts.labels.remove}</legend>
          {present.map((label) => (
            <label key={label} className="check">
              <input
                type="checkbox"
                checked={away.includes(label)}
                onChange={({ target }) =>
                  setAway(target.checked ? [...away, label] : away.filter((other) => other !== label))
                }
              />
              <Name text={label} />
            </label>
          ))}
        </fieldset>
      )}
    </Dialog>
  );
}

export function MoveDialog({ ids }: About) {
  const { byId } = useStore(transfers);
  const [folder, setFolder] = useState(byId.get(ids[0] ?? '')?.folder ?? facts.get()?.downloads ?? '');
  return (
    <Dialog
      title={texts.move.title(ids.length)}
      onClose={closeDialog}
      onSubmit={() => {
        closeDialog();
        void act(ids, { action: 'move', folder: folder.trim() });
      }}
      buttons={<Buttons go={texts.move.go} onCancel={closeDialog} />}
    >
      <Field label={texts.move.folder} hint={texts.move.hint} value={folder} onText={setFolder} required />
    </Dialog>
  );
}

export function KeysDialog() {
  const isOn = useStore(singleKeys.store);
  return (
    <Dialog title={texts.keys.title} onClose={closeDialog}>
      <table className="keys">
        <tbody>
          {texts.keys.rows.map(([keys, what]) => (
            <tr key={keys}>
              <th scope="row">
                <kbd>{keys}</kbd>
              </th>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Check label={texts.keys.single} isOn={isOn} onChange={singleKeys.set} />
    </Dialog>
  );
}
